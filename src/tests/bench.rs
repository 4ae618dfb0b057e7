//! What Footlight costs and how fast it is (`make bench`): figures on standard output, one room a subject.

#[path = "bench/egress.rs"]
mod egress;
