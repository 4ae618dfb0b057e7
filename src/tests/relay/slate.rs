//! While no composite arrives, viewers see "be right back" in the same broadcast.

use super::{harness::*, platform::*};
use footlight::{api::relay_control::IngestState, domain::video::VideoFormat};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn slate_fills_the_gap_until_composite_returns() {
    let nginx = Nginx::start();
    let relay = TestRelay::open(&nginx.allow(), |config| config.timeouts.silence = Duration::from_secs(1)).await;
    let mut show = wanted("slate", &[1, 2], vec![publish("nginx", nginx.address(), "slate")]);
    show.slate = true;
    show.video = VideoFormat { width: 320, height: 180, framerate: 25, bitrate_kbps: 400 };
    relay.put(&show).await;
    let first = relay.encoder("slate", 1);
    relay.until("slate", "on air", |r| of(r, "nginx").uptime_ms > 3000).await;
    drop(first);
    relay.until("slate", "the grace period", |r| matches!(r.ingest.state, IngestState::Held { .. })).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let report = relay.report("slate").await;
    assert!(of(&report, "nginx").bitrate_kbps > 200, "the slate flows: {report:?}");
    let _second = relay.encoder("slate", 2);
    relay.until("slate", "the composite to return", |r| r.ingest.fps > 20.0).await;
    let report = relay.report("slate").await;
    assert_eq!(of(&report, "nginx").reconnects, 0);
    relay.delete("slate").await;
    let files = nginx.files();
    assert_eq!(files.len(), 1);
    let packets = packets(&files[0]);
    for kind in ["video", "audio"] {
        let times: Vec<_> = packets.iter().filter(|(of, ..)| of == kind).map(|packet| packet.1).collect();
        assert!(times.windows(2).all(|pair| pair[1] >= pair[0]), "{kind} is monotonic");
        let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.2).collect();
        println!("{kind} gaps {gaps:?}");
        assert!(gaps.iter().all(|gap| *gap < 2.0), "{kind}: {gaps:?}");
    }
    let last = |kind: &str| packets.iter().rfind(|(of, ..)| of == kind).map_or(0.0, |packet| packet.1);
    assert!((last("video") - last("audio")).abs() < 0.2, "video and audio end together after the slate");
}
