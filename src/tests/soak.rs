//! What takes minutes (`make soak`): long outages, long shows, many rounds. One room a subject.

#[path = "soak/egress.rs"]
mod egress;
