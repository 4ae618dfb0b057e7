//! The HTTP API as its callers meet it: the real router over a store in memory, with a LiveKit and a relay that only remember.

#[path = "api/access.rs"]
mod access;
#[path = "api/accounts.rs"]
mod accounts;
#[path = "api/addresses.rs"]
mod addresses;
#[path = "api/admin_sessions.rs"]
mod admin_sessions;
#[path = "api/admission.rs"]
mod admission;
#[path = "api/bodies.rs"]
mod bodies;
#[path = "api/calls.rs"]
mod calls;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/examples.rs"]
mod examples;
#[path = "api/fields.rs"]
mod fields;
#[path = "api/fuzz.rs"]
mod fuzz;
#[path = "api/harness.rs"]
mod harness;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/page_access.rs"]
mod page_access;
#[path = "api/secrets.rs"]
mod secrets;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "api/tokens.rs"]
mod tokens;
