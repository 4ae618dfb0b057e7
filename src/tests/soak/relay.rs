//! Long tests of the relay: the fault matrix with a platform that is down for one minute, and for five at a tenth of the time.

#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/harness.rs"]
mod harness;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/matrix.rs"]
mod matrix;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/platform.rs"]
mod platform;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/process.rs"]
mod process;
#[path = "../relay/tunnel.rs"]
mod tunnel;

use matrix::{Outage, play};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn one_minute_outage_affects_one_destination() {
    play(&Outage { down: Duration::from_secs(60), max_retry_delay: Duration::from_secs(60) }).await;
}

/// A tenth of five minutes with a tenth of the longest delay: as many retries as in five minutes.
#[tokio::test(flavor = "multi_thread")]
async fn five_minute_outage_affects_one_destination() {
    play(&Outage { down: Duration::from_secs(30), max_retry_delay: Duration::from_secs(6) }).await;
}
