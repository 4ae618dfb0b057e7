//! Destinations with different faults; none of them affects another.

use super::{
    harness::*,
    matrix::{self, Outage},
    platform::*,
};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn bad_destinations_do_not_affect_good_ones() {
    let good = Nginx::start();
    let (refuses, hangs, dead) = (Scripted::start(Behavior::RefusesKey), Scripted::start(Behavior::HangsUp), free_port());
    let (stuck, cuts) = (Scripted::start(Behavior::NeverReads), Scripted::start(Behavior::Cuts(Duration::from_secs(3))));
    let allow = format!("{},{},{},{},{},127.0.0.1:{dead}", good.allow(), refuses.address, hangs.address, stuck.address, cuts.address);
    let relay = TestRelay::open(&allow, |_| {}).await;
    let all = vec![
        publish("good", good.address(), "good"),
        publish("refuses", refuses.url(), "canary-key-7f3a"),
        publish("hangs", hangs.url(), "canary-key-7f3a"),
        publish("dead", format!("rtmp://127.0.0.1:{dead}/live"), "canary-key-7f3a"),
        publish("stuck", stuck.url(), "stuck"),
        publish("cuts", cuts.url(), "cuts"),
        publish("private", "rtmp://127.0.0.1:9/live", "canary-key-7f3a"),
    ];
    relay.put(&wanted("faults", &[1], all)).await;
    // A picture that does not compress, so that the destination that never reads is full soon.
    let _encoder = encoder(&relay.ingest_url("faults", 1), "nullsrc=size=480x270:rate=25,geq=random(1)*255:128:128");
    let over = |r: &_| ["refuses", "hangs", "dead", "private"].iter().all(|id| state(r, id) == "failed");
    let report = relay.until("faults", "the refusals", over).await;
    assert_eq!(reason(&report, "refuses"), "stream key refused: Channel of •••• is suspended (NetStream.Publish.BadName)");
    assert_eq!(reason(&report, "hangs"), "stream key refused: the server closed the connection");
    assert_eq!(reason(&report, "dead"), "connection refused");
    assert!(reason(&report, "private").contains("not a public address"), "{}", reason(&report, "private"));
    let report = relay.until("faults", "the stall", |r| reason(r, "stuck").contains("no data accepted")).await;
    println!("stuck: {}", reason(&report, "stuck"));
    let report = relay.until("faults", "the cut and the reconnect", |r| of(r, "cuts").reconnects >= 2).await;
    assert_eq!(state(&report, "good"), "live");
    assert_eq!((of(&report, "good").reconnects, of(&report, "good").dropped_groups), (0, 0));
    let taken = cuts.taken.lock().expect("sound")[..2].to_vec();
    assert!(taken.iter().all(|(at, _)| *at == 0), "{taken:02x?}");
    assert_eq!(taken[1].1, [0x17, 1], "header, then a keyframe");
    let exposed =
        format!("{}{}", relay.get("/shows").await.text().await.expect("text"), relay.get("/metrics").await.text().await.expect("text"));
    assert!(!exposed.contains("canary"), "the key is exposed nowhere");

    relay.delete("faults").await;
    let files = good.files();
    assert_eq!(files.len(), 1);
    let video: Vec<_> = packets(&files[0]).into_iter().filter(|(kind, ..)| kind == "video").collect();
    assert!(video.windows(2).all(|pair| pair[1].1 - pair[0].1 < 0.2), "the good destination has no gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn destination_reconnects_after_an_outage() {
    let (mut goes, stays) = (Nginx::start(), Nginx::start());
    let relay = TestRelay::open(&format!("{},{}", goes.allow(), stays.allow()), |_| {}).await;
    relay.put(&wanted("outage", &[1], vec![publish("goes", goes.address(), "a"), publish("stays", stays.address(), "b")])).await;
    let _encoder = relay.encoder("outage", 1);
    relay.until("outage", "both live", |r| of(r, "goes").uptime_ms > 1500 && of(r, "stays").uptime_ms > 1500).await;
    goes.kill();
    let lost = relay.until("outage", "the loss", |r| state(r, "goes") == "retrying").await;
    println!("lost: {}", reason(&lost, "goes"));
    let tried = relay.until("outage", "tries", |r| reason(r, "goes") == "connection refused").await;
    assert_eq!(state(&tried, "stays"), "live");
    tokio::time::sleep(Duration::from_secs(5)).await;
    goes.run();
    let back = relay.until("outage", "the reconnect", |r| state(r, "goes") == "live").await;
    assert_eq!((of(&back, "goes").reconnects, of(&back, "stays").reconnects), (1, 0));
    tokio::time::sleep(Duration::from_secs(1)).await;
    relay.delete("outage").await;
    assert_eq!((goes.files().len(), stays.files().len()), (2, 1));
    let video: Vec<_> = packets(&stays.files()[0]).into_iter().filter(|(kind, ..)| kind == "video").collect();
    assert!(video.windows(2).all(|pair| pair[1].1 - pair[0].1 < 0.1), "the other destination has no gap");
    assert!(packets(&goes.files()[1]).iter().find(|(kind, ..)| kind == "video").is_some_and(|first| first.2), "continues at a keyframe");
}

#[tokio::test(flavor = "multi_thread")]
async fn outage_limit_and_grace_period_end_the_broadcast() {
    let mut nginx = Nginx::start();
    let kind = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&format!("{},{}", nginx.allow(), kind.address), |config| {
        config.timeouts.outage = Duration::from_secs(2);
        config.timeouts.grace = Duration::from_secs(2);
    })
    .await;
    relay.put(&wanted("limits", &[1], vec![publish("nginx", nginx.address(), "a"), publish("kind", kind.url(), "b")])).await;
    let encoder = relay.encoder("limits", 1);
    relay.until("limits", "both live", |r| state(r, "nginx") == "live" && state(r, "kind") == "live").await;
    nginx.kill();
    let gone = relay.until("limits", "giving up", |r| state(r, "nginx") == "failed").await;
    assert!(reason(&gone, "nginx").contains("given up after"), "{}", reason(&gone, "nginx"));
    drop(encoder);
    relay.until("limits", "the end of the grace period", |r| state(r, "kind") == "waiting").await;
    let _encoder = relay.encoder("limits", 1);
    relay.until("limits", "the same generation to return", |r| state(r, "kind") == "live").await;
    assert_eq!(kind.publishes.lock().expect("sound").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_second_outage_affects_one_destination() {
    matrix::play(&Outage { down: Duration::from_secs(5), max_retry_delay: Duration::from_secs(2) }).await;
}
