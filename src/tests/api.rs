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
#[path = "api/destination_tests.rs"]
mod destination_tests;
#[path = "api/erasure.rs"]
mod erasure;
#[path = "api/examples.rs"]
mod examples;
#[path = "api/feed_access.rs"]
mod feed_access;
#[path = "api/feeds.rs"]
mod feeds;
#[path = "api/fields.rs"]
mod fields;
#[path = "api/foreign_starts.rs"]
mod foreign_starts;
#[path = "api/fuzz.rs"]
mod fuzz;
#[path = "api/generated.rs"]
mod generated;
#[path = "api/guide.rs"]
mod guide;
#[path = "api/hardening.rs"]
mod hardening;
#[path = "api/harness.rs"]
mod harness;
#[path = "api/health.rs"]
mod health;
#[path = "api/idempotency.rs"]
mod idempotency;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/names.rs"]
mod names;
#[path = "api/page_access.rs"]
mod page_access;
#[path = "api/page_contents.rs"]
mod page_contents;
#[path = "api/proxies.rs"]
mod proxies;
#[path = "api/retry.rs"]
mod retry;
#[path = "api/secrets.rs"]
mod secrets;
#[path = "api/service.rs"]
mod service;
#[path = "api/signalling.rs"]
mod signalling;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "api/tokens.rs"]
mod tokens;
