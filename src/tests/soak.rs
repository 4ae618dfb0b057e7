//! Tests that take minutes (`make soak`): long outages, long streams, many rounds. One module per subject.

#[path = "soak/api.rs"]
mod api;
#[path = "soak/egress.rs"]
mod egress;
#[path = "soak/feed.rs"]
mod feed;
#[allow(dead_code, unused_imports, reason = "the API's tests use the rest of it")]
#[path = "api/harness.rs"]
mod harness;
#[path = "soak/neighbours.rs"]
mod neighbours;
#[path = "soak/relay.rs"]
mod relay;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
