//! Tests of the relay from outside: real encoders publish to it, real and scripted platforms receive from it.

#[path = "relay/address_guard.rs"]
mod address_guard;
#[path = "relay/delivery.rs"]
mod delivery;
#[path = "relay/faults.rs"]
mod faults;
#[path = "relay/handshake.rs"]
mod handshake;
#[path = "relay/harness.rs"]
mod harness;
#[path = "relay/hostile.rs"]
mod hostile;
#[path = "relay/hostile_servers.rs"]
mod hostile_servers;
#[path = "relay/ingest_seats.rs"]
mod ingest_seats;
#[path = "relay/lifecycle.rs"]
mod lifecycle;
#[path = "relay/limits.rs"]
mod limits;
#[path = "relay/matrix.rs"]
mod matrix;
#[path = "relay/odd_servers.rs"]
mod odd_servers;
#[path = "relay/passwords.rs"]
mod passwords;
#[path = "relay/platform.rs"]
mod platform;
#[path = "relay/process.rs"]
mod process;
#[path = "relay/retries.rs"]
mod retries;
#[path = "relay/secrets.rs"]
mod secrets;
#[path = "relay/server.rs"]
mod server;
#[path = "relay/slate.rs"]
mod slate;
#[allow(dead_code, reason = "each test program uses its own part")]
mod support;
#[path = "relay/takeover.rs"]
mod takeover;
#[path = "relay/tls.rs"]
mod tls;
#[path = "relay/trials.rs"]
mod trials;
#[path = "relay/tunnel.rs"]
mod tunnel;
