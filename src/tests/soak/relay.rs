//! The relay over minutes: the fault matrix with a platform that is away for a minute, and for five of them in a tenth of the time.

#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/matrix.rs"]
mod matrix;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/platform.rs"]
mod platform;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/process.rs"]
mod process;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/stage.rs"]
mod stage;
#[path = "../relay/tunnel.rs"]
mod tunnel;

use matrix::{Outage, play};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_down_for_a_minute_is_nobody_elses_trouble() {
    play(&Outage { down: Duration::from_secs(60), retry_most: Duration::from_secs(60) }).await;
}

/// A tenth of five minutes with a tenth of the longest delay: as many tries as in five.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_down_for_five_minutes_comes_back_and_is_nobody_elses_trouble() {
    play(&Outage { down: Duration::from_secs(30), retry_most: Duration::from_secs(6) }).await;
}
