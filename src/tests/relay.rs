//! The relay as the world sees it: real encoders publish into it, real and scripted platforms take from it.

#[path = "relay/faults.rs"]
mod faults;
#[path = "relay/guard.rs"]
mod guard;
#[path = "relay/handshake.rs"]
mod handshake;
#[path = "relay/hostile.rs"]
mod hostile;
#[path = "relay/life.rs"]
mod life;
#[path = "relay/limits.rs"]
mod limits;
#[path = "relay/matrix.rs"]
mod matrix;
#[path = "relay/path.rs"]
mod path;
#[path = "relay/platform.rs"]
mod platform;
#[path = "relay/process.rs"]
mod process;
#[path = "relay/secrets.rs"]
mod secrets;
#[path = "relay/secure.rs"]
mod secure;
#[path = "relay/slate.rs"]
mod slate;
#[path = "relay/stage.rs"]
mod stage;
#[path = "relay/takeover.rs"]
mod takeover;
#[path = "relay/tunnel.rs"]
mod tunnel;
