//! Measures cost and speed (`make bench`) and prints the results. One module per subject.

#[path = "bench/api.rs"]
mod api;
#[path = "bench/egress.rs"]
mod egress;
#[allow(dead_code, unused_imports, reason = "the API's tests use the rest of it")]
#[path = "api/harness.rs"]
mod harness;
#[path = "bench/relay.rs"]
mod relay;
#[allow(dead_code, reason = "the store's tests use the rest of it")]
#[path = "store/harness.rs"]
mod shelf;
#[path = "bench/store.rs"]
mod store;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;

/// A percentile in milliseconds of sorted latencies; NaN if there are none.
fn percentile(sorted: &[std::time::Duration], percent: usize) -> f64 {
    sorted.get(sorted.len() * percent / 100).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
}
