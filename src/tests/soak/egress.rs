//! Long tests of the egress: a minute of output, a minute without its output, forty starts in a row.

#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/ffprobe.rs"]
mod ffprobe;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/harness.rs"]
mod harness;
#[path = "../egress/pages.rs"]
mod pages;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/sink.rs"]
mod sink;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/site.rs"]
mod site;

use harness::Harness;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn one_minute_keeps_rate_keyframes_and_frames() {
    let harness = Harness::alone().await;
    ffprobe::counting_show(&harness, 62).await;
    harness.assert_clean().await;
}

/// LiveKit gives up after thirty seconds or never; ours after thirty with a reason, even if the output comes back later.
#[tokio::test(flavor = "multi_thread")]
async fn output_outage_fails_the_egress_after_thirty_seconds() {
    let mut harness = Harness::new().await;
    let id = harness.start("page.html", "gone").await;
    harness.frames("gone", 30).await;
    let at = Instant::now();
    harness.sink.go_away().await;
    let (seen, end) = harness.hook("egress_ended", 60, |hook| hook["event"] == "egress_ended").await;
    let took = seen.saturating_duration_since(at);
    eprintln!("failed after {took:.1?}: {}", end["egressInfo"]["error"]);
    assert!((Duration::from_secs(25)..Duration::from_secs(40)).contains(&took), "{took:?}");
    assert_eq!((&end["egressInfo"]["egressId"], &end["egressInfo"]["errorCode"]), (&id.into(), &503.into()), "{end}");
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(at.elapsed())).await;
    harness.sink.come_back();
    harness.assert_clean().await;
    let id = harness.start("page.html", "after").await;
    harness.frames("after", 5).await;
    harness.stop(&id).await.expect("stoppable");
}

/// The same outage with a longer limit: the output reconnects.
#[tokio::test(flavor = "multi_thread")]
async fn output_reconnects_within_a_longer_outage_limit() {
    let mut harness = Harness::with([("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "90")], &[]).await;
    let id = harness.start("page.html", "patient").await;
    harness.frames("patient", 30).await;
    harness.sink.go_away().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = harness.sink.frames("patient");
    harness.sink.come_back();
    harness.frames("patient", before + 30).await;
    harness.stop(&id).await.expect("stoppable");
    let end = harness.ended().await;
    assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{end}");
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_starts_in_a_row_succeed() {
    let harness = Harness::alone().await;
    for round in 0..40 {
        harness.forget_hooks();
        let key = format!("round{round}");
        let id = harness.start("page.html", &key).await;
        harness.frames(&key, 3).await;
        harness.stop(&id).await.expect("stoppable");
        assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    }
    harness.assert_clean().await;
}
