//! Egresses crash, return and replace one another; each platform sees one continuous broadcast.

use super::{harness::*, platform::*};
use footlight::{api::relay_control::IngestState, domain::ids::Generation};
use std::time::Duration;

fn generation(state: IngestState) -> Option<Generation> {
    if let IngestState::Receiving { generation, .. } = state { Some(generation) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_egress_takes_over_the_same_broadcast() {
    let nginx = Nginx::start();
    let relay = TestRelay::open(&nginx.allow(), |_| {}).await;
    relay.put(&wanted("take", &[1], vec![publish("nginx", nginx.address(), "take")])).await;
    let first = relay.encoder("take", 1);
    relay.until("take", "on air", |r| of(r, "nginx").uptime_ms > 2000).await;

    // Make before break.
    relay.put(&wanted("take", &[1, 2], vec![publish("nginx", nginx.address(), "take")])).await;
    let mut second = relay.encoder("take", 2);
    relay.until("take", "the second", |r| generation(r.ingest.state) == Some(Generation(2))).await;
    let mut old = first;
    let gone = tokio::task::spawn_blocking(move || old.0.wait()).await.expect("joined");
    assert!(gone.is_ok(), "the older egress is disconnected");
    tokio::time::sleep(Duration::from_secs(1)).await;

    // Break before make, within the grace period.
    second.0.kill().expect("killed");
    let held = relay.until("take", "the grace period", |r| matches!(r.ingest.state, IngestState::Held { .. })).await;
    assert_eq!(state(&held, "nginx"), "live", "the platform stays connected");
    relay.put(&wanted("take", &[2, 3], vec![publish("nginx", nginx.address(), "take")])).await;
    let _third = relay.encoder("take", 3);
    relay.until("take", "the third", |r| generation(r.ingest.state) == Some(Generation(3))).await;
    let late = relay.until("take", "on air again", |r| r.ingest.fps > 20.0).await;
    assert_eq!(of(&late, "nginx").reconnects, 0);

    // An older generation never publishes again.
    let mut older = relay.encoder("take", 2);
    let sent_away = tokio::task::spawn_blocking(move || older.0.wait()).await.expect("joined");
    assert!(!sent_away.expect("waited").success());
    assert_eq!(generation(relay.report("take").await.ingest.state), Some(Generation(3)));

    relay.delete("take").await;
    let files = nginx.files();
    assert_eq!(files.len(), 1, "one broadcast");
    let packets = packets(&files[0]);
    let gaps = |kind: &str| {
        let times: Vec<_> = packets.iter().filter(|(of, ..)| of == kind).map(|packet| packet.1).collect();
        assert!(times.windows(2).all(|pair| pair[1] >= pair[0]), "{kind} is monotonic");
        times.windows(2).filter(|pair| pair[1] - pair[0] > 0.2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    };
    let (video, audio) = (gaps("video"), gaps("audio"));
    println!("gaps of video {video:.3?}, of audio {audio:.3?}");
    // A group is one second. Make before break costs no more than that, and break before make is the only longer one.
    assert!(video.iter().filter(|(from, to)| to - from > 1.2).count() <= 1, "{video:?}");
    assert!(video.len() <= 2 && audio.len() <= 2, "{video:?} {audio:?}");
    for (from, to) in &video {
        let with = |(start, end): &&(f64, f64)| (start - from).abs() < 0.2 && (end - to).abs() < 0.2;
        assert!(audio.iter().find(with).is_some(), "video and audio stop and return together: {video:?} {audio:?}");
    }
    let last = |kind: &str| packets.iter().rfind(|(of, ..)| of == kind).map_or(0.0, |packet| packet.1);
    assert!((last("video") - last("audio")).abs() < 0.2, "video and audio end together");
}

#[tokio::test(flavor = "multi_thread")]
async fn early_egress_waits_for_its_stream() {
    let relay = TestRelay::open("", |_| {}).await;
    let _encoder = relay.encoder("early", 1);
    tokio::time::sleep(Duration::from_millis(800)).await;
    relay.put(&wanted("early", &[1], vec![])).await;
    relay.until("early", "the composite", |r| matches!(r.ingest.state, IngestState::Receiving { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_token_is_disconnected_and_wrong_one_refused() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("token", &[1], vec![])).await;
    let mut good = relay.encoder("token", 1);
    relay.until("token", "the composite", |r| matches!(r.ingest.state, IngestState::Receiving { .. })).await;
    let early = format!("token.2.{}", token("token", 2));
    for name in ["token.1.wrong", "token.1.", &early, "token", "../x.1.y"] {
        let mut bad = encoder(&format!("rtmp://{}/show/{name}", relay.ingest), "testsrc2=size=320x180:rate=25");
        let end = tokio::task::spawn_blocking(move || bad.0.wait()).await.expect("joined").expect("waited");
        assert!(!end.success(), "{name}");
    }
    relay.put(&wanted("token", &[2], vec![])).await;
    let end = tokio::task::spawn_blocking(move || good.0.wait()).await.expect("joined");
    assert!(end.is_ok());
    relay.until("token", "the grace period", |r| matches!(r.ingest.state, IngestState::Held { .. })).await;
}
