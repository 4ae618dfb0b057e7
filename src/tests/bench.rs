//! What Footlight costs and how fast it is (`make bench`): figures on standard output, one room a subject.

#[path = "bench/api.rs"]
mod api;
#[path = "bench/egress.rs"]
mod egress;
#[allow(dead_code, reason = "the API's tests use the rest of it")]
#[path = "api/house.rs"]
mod house;
#[path = "bench/relay.rs"]
mod relay;
