//! Egresses die, return and replace one another; the platforms' broadcast goes on as one.

use super::{platform::*, stage::*};
use footlight::{api::broadcast::IngestState, domain::ids::Generation};
use std::time::Duration;

fn generation(state: IngestState) -> Option<Generation> {
    if let IngestState::Receiving { generation, .. } = state { Some(generation) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_egress_takes_over_in_the_same_broadcast() {
    let nginx = Nginx::start();
    let stage = Stage::open(&nginx.allow(), |_| {}).await;
    stage.put(&wanted("take", &[1], vec![publish("nginx", nginx.address(), "take")])).await;
    let first = stage.encoder("take", 1);
    stage.until("take", "on air", |r| of(r, "nginx").uptime_ms > 2000).await;

    // Make before break.
    stage.put(&wanted("take", &[1, 2], vec![publish("nginx", nginx.address(), "take")])).await;
    let mut second = stage.encoder("take", 2);
    stage.until("take", "the second", |r| generation(r.ingest.state) == Some(Generation(2))).await;
    let mut old = first;
    let gone = tokio::task::spawn_blocking(move || old.0.wait()).await.expect("joined");
    assert!(gone.is_ok(), "the older one is sent away");
    tokio::time::sleep(Duration::from_secs(1)).await;

    // Break before make, within the hold.
    second.0.kill().expect("killed");
    let held = stage.until("take", "the hold", |r| matches!(r.ingest.state, IngestState::Held { .. })).await;
    assert_eq!(state(&held, "nginx"), "live", "the platform stays connected");
    stage.put(&wanted("take", &[2, 3], vec![publish("nginx", nginx.address(), "take")])).await;
    let _third = stage.encoder("take", 3);
    stage.until("take", "the third", |r| generation(r.ingest.state) == Some(Generation(3))).await;
    let late = stage.until("take", "on air again", |r| r.ingest.fps > 20.0).await;
    assert_eq!(of(&late, "nginx").reconnects, 0);

    // An older generation never publishes again.
    let mut older = stage.encoder("take", 2);
    let sent_away = tokio::task::spawn_blocking(move || older.0.wait()).await.expect("joined");
    assert!(!sent_away.expect("waited").success());
    assert_eq!(generation(stage.report("take").await.ingest.state), Some(Generation(3)));

    stage.delete("take").await;
    let files = nginx.files();
    assert_eq!(files.len(), 1, "one broadcast");
    let packets = packets(&files[0]);
    let gaps = |kind: &str| {
        let times: Vec<_> = packets.iter().filter(|(of, ..)| of == kind).map(|packet| packet.1).collect();
        assert!(times.windows(2).all(|pair| pair[1] >= pair[0]), "{kind} is monotonic");
        times.windows(2).filter(|pair| pair[1] - pair[0] > 0.2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
    };
    let (video, audio) = (gaps("video"), gaps("audio"));
    println!("gaps of the picture {video:.3?}, of the sound {audio:.3?}");
    // A group is one second. Make before break costs no more than that, and break before make is the only longer one.
    assert!(video.iter().filter(|(from, to)| to - from > 1.2).count() <= 1, "{video:?}");
    assert!(video.len() <= 2 && audio.len() <= 2, "{video:?} {audio:?}");
    for (from, to) in &video {
        let with = |(start, end): &&(f64, f64)| (start - from).abs() < 0.2 && (end - to).abs() < 0.2;
        assert!(audio.iter().find(with).is_some(), "picture and sound stop and return together: {video:?} {audio:?}");
    }
    let last = |kind: &str| packets.iter().rfind(|(of, ..)| of == kind).map_or(0.0, |packet| packet.1);
    assert!((last("video") - last("audio")).abs() < 0.2, "they end together");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_egress_that_comes_before_its_show_waits_for_it() {
    let stage = Stage::open("", |_| {}).await;
    let _encoder = stage.encoder("early", 1);
    tokio::time::sleep(Duration::from_millis(800)).await;
    stage.put(&wanted("early", &[1], vec![])).await;
    stage.until("early", "the composite", |r| matches!(r.ingest.state, IngestState::Receiving { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_longer_wanted_is_cut_and_a_wrong_one_never_enters() {
    let stage = Stage::open("", |_| {}).await;
    stage.put(&wanted("token", &[1], vec![])).await;
    let mut good = stage.encoder("token", 1);
    stage.until("token", "the composite", |r| matches!(r.ingest.state, IngestState::Receiving { .. })).await;
    for name in ["token.1.wrong", "token.1.", "token.2.00000000000000000000000000000002", "token", "../x.1.y"] {
        let mut bad = encoder(&format!("rtmp://{}/show/{name}", stage.ingest), "testsrc2=size=320x180:rate=25");
        let end = tokio::task::spawn_blocking(move || bad.0.wait()).await.expect("joined").expect("waited");
        assert!(!end.success(), "{name}");
    }
    stage.put(&wanted("token", &[2], vec![])).await;
    let end = tokio::task::spawn_blocking(move || good.0.wait()).await.expect("joined");
    assert!(end.is_ok());
    stage.until("token", "the hold", |r| matches!(r.ingest.state, IngestState::Held { .. })).await;
}
