//! Everything that reads what others send, against stored cases and random changes of them. `docs/TESTING.md` says how to add a case.

#[path = "fuzz/addresses.rs"]
mod addresses;
#[path = "fuzz/events.rs"]
mod events;
#[path = "fuzz/flv.rs"]
mod flv;
#[allow(dead_code, reason = "the API's tests use the rest of it")]
#[path = "api/harness.rs"]
mod harness;
#[path = "fuzz/inputs.rs"]
mod inputs;
#[path = "fuzz/overlay_tokens.rs"]
mod overlay_tokens;
#[path = "fuzz/rtmp.rs"]
mod rtmp;
#[path = "fuzz/runner.rs"]
mod runner;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "fuzz/webhooks.rs"]
mod webhooks;
