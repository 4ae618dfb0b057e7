//! Start, stop, takeover and restart of the relay.

use super::{harness::*, platform::*, process::*};
use crate::support::wait::until;
use std::time::{Duration, SystemTime};

#[tokio::test(flavor = "multi_thread")]
async fn relay_unpublishes_on_sigterm_and_exits_on_second() {
    let mut took = Vec::new();
    for signals in [1, 2] {
        let (kind, stuck) = (Scripted::start(Behavior::Normal), Scripted::start(Behavior::NeverReads));
        let allow = format!("{},{}", kind.address, stuck.address);
        let (mut process, relay) = Process::start(&[("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", &allow)]).await;
        relay.put(&wanted("end", &[1], vec![publish("kind", kind.url(), "k"), publish("stuck", stuck.url(), "k"), record("tape")])).await;
        let _encoder = encoder(&relay.ingest_url("end", 1), "nullsrc=size=480x270:rate=25,geq=random(1)*255:128:128");
        // The destination that never reads is full after a while, so it cannot be unpublished.
        relay
            .until("end", "all live and one of them full", |r| {
                state(r, "kind") == "live" && state(r, "tape") == "live" && of(r, "stuck").bitrate_kbps == 0 && state(r, "stuck") == "live"
            })
            .await;
        process.signal("-TERM");
        if signals == 2 {
            let log = relay.data.path().join("log");
            let is_heard = async || std::fs::read_to_string(&log).expect("a log").contains("ending all streams");
            until("the first signal's effect", 5, is_heard).await;
            process.signal("-TERM");
        }
        let (status, after) = process.end().await;
        assert!(status.success(), "{status}");
        took.push(after);
        if signals == 1 {
            assert_eq!(*kind.unpublished.lock().expect("sound"), ["k"]);
            let text = std::fs::read_to_string(relay.data.path().join("recordings/end/index.m3u8")).expect("a playlist");
            assert!(text.contains("#EXT-X-ENDLIST"), "{text}");
        }
    }
    println!("one signal {:?}, two {:?}", took[0], took[1]);
    assert!(took[1] < took[0], "the second signal exits at once: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn takeover_costs_each_platform_one_reconnect() {
    let nginx = Nginx::start();
    let kind = Scripted::start(Behavior::Normal);
    let allow = format!("{},{}", nginx.allow(), kind.address);
    let variables = [("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", allow.as_str())];
    let (mut old, relay) = Process::start(&variables).await;
    let mut show = wanted("upgrade", &[1], vec![publish("nginx", nginx.address(), "a"), publish("kind", kind.url(), "b")]);
    relay.put(&show).await;
    let _egress = Egress::start(relay.ingest_url("upgrade", 1));
    relay.until("upgrade", "on air", |r| of(r, "nginx").uptime_ms > 2000 && state(r, "kind") == "live").await;
    let mut events = relay.get("/events").await;

    let _new = Process::beside(&relay, &["--takeover"], &variables).await;
    while events.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    // The application notices that the stream is missing and puts it again.
    let answer = until("a relay to respond", 20, async || relay.http.get(relay.url("/shows")).bearer_auth(SECRET).send().await).await;
    let known = answer.text().await.expect("text");
    assert_eq!(known, "[]", "no state is passed from the old relay to the new one");
    assert!(old.0.try_wait().expect("our child").is_none(), "the old relay continues until the new one has the stream");
    show.destinations.iter_mut().for_each(|one| one.accepted_before = true);
    relay.put(&show).await;
    relay.until("upgrade", "on air again", |r| of(r, "nginx").uptime_ms > 2000 && state(r, "kind") == "live").await;
    let (status, _) = old.end().await;
    assert!(status.success(), "{status}");
    relay.delete("upgrade").await;
    assert_eq!(*kind.publishes.lock().expect("sound"), ["live/b", "live/b"]);
    assert_eq!(kind.unpublished.lock().expect("sound").len(), 2, "both relays unpublished");
    let files = nginx.files();
    assert_eq!(files.len(), 2, "one reconnect");
    let time = |file: &std::path::PathBuf| std::fs::metadata(file).expect("a file");
    let gap = time(&files[1]).created().expect("known").duration_since(time(&files[0]).modified().expect("known"));
    println!("upgrade: the platform received nothing for {gap:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_after_earlier_acceptance_is_retried() {
    let refuses = Scripted::start(Behavior::RefusesKey);
    let relay = TestRelay::open(&refuses.address.to_string(), |_| {}).await;
    let mut known = publish("known", refuses.url(), "kept-key");
    known.accepted_before = true;
    relay.put(&wanted("again", &[1], vec![known, publish("fresh", refuses.url(), "kept-key")])).await;
    let _encoder = relay.encoder("again", 1);
    let report = relay.until("again", "both refusals", |r| state(r, "fresh") == "failed" && state(r, "known") == "retrying").await;
    assert!(reason(&report, "known").starts_with("stream key refused"), "{}", reason(&report, "known"));
    relay.until("again", "more tries", |_| refuses.publishes.lock().expect("sound").len() > 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_on_when_the_clock_is_set_back() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("clock", &[1], vec![record("tape")])).await;
    let _encoder = relay.encoder("clock", 1);
    relay.until("clock", "recorded", |r| state(r, "tape") == "live").await;
    // As after a step back: what was written before is from the future.
    let folder = std::fs::File::open(relay.data.path().join("recordings/clock")).expect("the recording");
    folder.set_modified(SystemTime::now() + Duration::from_secs(600)).expect("set");
    // Where no new segment was seen for 15 s, it would begin again.
    let report = relay.until("clock", "20 s of it", |r| of(r, "tape").uptime_ms > 20_000).await;
    assert_eq!(of(&report, "tape").reconnects, 0);
}
