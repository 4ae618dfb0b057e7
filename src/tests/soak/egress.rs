//! The egress over minutes: a measured minute of output, a minute without its output, forty starts in a row.

#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/ground.rs"]
mod ground;
#[path = "../egress/pages.rs"]
mod pages;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/reading.rs"]
mod reading;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/sink.rs"]
mod sink;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/site.rs"]
mod site;

use ground::Ground;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_output_keeps_its_rate_its_keyframes_and_its_frames() {
    let ground = Ground::alone().await;
    reading::counting_show(&ground, 62).await;
    ground.is_clean().await;
}

/// LiveKit gives up after thirty seconds (or never); ours after thirty, with the reason, whatever the output does later.
#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_is_gone_for_a_minute_fails_the_egress_after_thirty_seconds() {
    let mut ground = Ground::new().await;
    let id = ground.start("page.html", "gone").await;
    ground.frames("gone", 30).await;
    let at = Instant::now();
    ground.sink.go_away().await;
    let (seen, end) = ground.hook("egress_ended", 60, |hook| hook["event"] == "egress_ended").await;
    let took = seen.saturating_duration_since(at);
    eprintln!("failed after {took:.1?}: {}", end["egressInfo"]["error"]);
    assert!((Duration::from_secs(25)..Duration::from_secs(40)).contains(&took), "{took:?}");
    assert_eq!((&end["egressInfo"]["egressId"], &end["egressInfo"]["errorCode"]), (&id.into(), &503.into()), "{end}");
    tokio::time::sleep(Duration::from_secs(60).saturating_sub(at.elapsed())).await;
    ground.sink.come_back();
    ground.is_clean().await;
    let id = ground.start("page.html", "after").await;
    ground.frames("after", 5).await;
    ground.stop(&id).await.expect("stoppable");
}

/// The same minute for a worker that was told to be patient: it comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_patient_worker_comes_back_after_a_minute() {
    let mut ground = Ground::with([("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "90")], &[]).await;
    let id = ground.start("page.html", "patient").await;
    ground.frames("patient", 30).await;
    ground.sink.go_away().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = ground.sink.frames("patient");
    ground.sink.come_back();
    ground.frames("patient", before + 30).await;
    ground.stop(&id).await.expect("stoppable");
    let end = ground.ended().await;
    assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{end}");
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_starts_in_a_row_all_get_on_air() {
    let ground = Ground::alone().await;
    for round in 0..40 {
        ground.forget_hooks();
        let key = format!("round{round}");
        let id = ground.start("page.html", &key).await;
        ground.frames(&key, 3).await;
        ground.stop(&id).await.expect("stoppable");
        assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    }
    ground.is_clean().await;
}
