//! The fault matrix with real processes: a relay, encoders, nginx as platforms (one behind TLS), and scripted platforms with
//! faults. One platform is down for a while; the recordings of the others show that they were not affected.

use super::{harness::*, platform::*, process::Process, tunnel::*};
use footlight::api::relay_control::{DestinationState, SessionReport};
use std::{
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

/// How long a platform is down, and the relay's longest retry delay.
pub struct Outage {
    pub down: Duration,
    /// Longest delay before a retry; the relay reconnects at most this plus 20 % after the platform is back.
    pub max_retry_delay: Duration,
}

fn gaps(file: &PathBuf) -> Vec<(f64, f64)> {
    let video: Vec<_> = packets(file).into_iter().filter(|(kind, ..)| kind == "video").map(|(_, at, _)| at).collect();
    assert!(video.len() > 25, "{} has {} pictures", file.display(), video.len());
    video.windows(2).filter(|pair| pair[1] - pair[0] > 0.1).map(|pair| (pair[0], pair[1])).collect()
}

fn edge(file: &PathBuf, begin: bool) -> SystemTime {
    let about = std::fs::metadata(file).expect("a recording");
    if begin { about.created() } else { about.modified() }.expect("known")
}

/// Runs the matrix once and prints the measurements.
pub async fn play(outage: &Outage) {
    let (mut goes, steady, inner) = (Nginx::start(), Nginx::start(), Nginx::start());
    let folder = tempfile::tempdir().expect("a folder");
    let files = certificate(folder.path());
    let (secure_port, _tunnel) = stunnel(folder.path(), &files, inner.port);
    let (stuck, refuses) = (Scripted::start(Behavior::NeverReads), Scripted::start(Behavior::RefusesKey));
    let cuts = Scripted::start(Behavior::Cuts(Duration::from_secs(10)));
    let dead = free_port();
    let allow = format!(
        "{},{},localhost:{secure_port},{},{},{},127.0.0.1:{dead}",
        goes.allow(),
        steady.allow(),
        stuck.address,
        refuses.address,
        cuts.address
    );
    let max_retry_delay = outage.max_retry_delay.as_secs().to_string();
    let certificate = files.certificate.display().to_string();
    let variables = [
        ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", allow.as_str()),
        ("FOOTLIGHT_RELAY_CA", certificate.as_str()),
        ("FOOTLIGHT_RETRY_MOST", max_retry_delay.as_str()),
    ];
    let (_process, relay) = Process::start(&variables).await;
    let all = vec![
        publish("goes", goes.address(), "a"),
        publish("steady", steady.address(), "b"),
        publish("secure", format!("rtmps://localhost:{secure_port}/live"), "c"),
        publish("stuck", stuck.url(), "d"),
        publish("refuses", refuses.url(), "e"),
        publish("cuts", cuts.url(), "f"),
        publish("dead", format!("rtmp://127.0.0.1:{dead}/live"), "g"),
        record("tape"),
    ];
    relay.put(&wanted("matrix", &[1], all)).await;
    let _encoder = encoder(&relay.ingest_url("matrix", 1), "testsrc2=size=480x270:rate=25");
    let live = |r: &SessionReport, ids: &[&str]| ids.iter().all(|id| state(r, id) == "live");
    relay.until("matrix", "all live", |r| live(r, &["goes", "steady", "secure", "tape"]) && of(r, "goes").uptime_ms > 1500).await;
    let failures = relay.until("matrix", "the refusals", |r| state(r, "refuses") == "failed" && state(r, "dead") == "failed").await;
    assert!(reason(&failures, "refuses").starts_with("stream key refused: "), "{}", reason(&failures, "refuses"));
    assert_eq!(reason(&failures, "dead"), "connection refused");

    let gone_at = SystemTime::now();
    goes.kill();
    let lost = relay.until("matrix", "the loss", |r| state(r, "goes") == "retrying").await;
    println!("goes: retrying {:?} after the kill: {}", gone_at.elapsed().expect("later"), reason(&lost, "goes"));
    let DestinationState::Retrying { attempt, since, next_at, .. } = of(&lost, "goes").state else { unreachable!("just seen") };
    assert!(attempt == 1 && next_at > since, "{lost:?}");
    assert!(live(&lost, &["steady", "secure", "tape"]), "{lost:?}");
    let back_at = Instant::now() + outage.down;
    let mut tries = 0;
    while Instant::now() < back_at {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let report = relay.report("matrix").await;
        assert!(live(&report, &["steady", "secure", "tape"]), "{report:?}");
        if let DestinationState::Retrying { attempt, since: still, .. } = &of(&report, "goes").state {
            assert_eq!(*still, since, "there is one outage");
            tries = *attempt;
        }
    }
    goes.run();
    let limit = outage.max_retry_delay.mul_f64(1.2) + Duration::from_secs(10);
    let came = Instant::now();
    let back = loop {
        let report = relay.report("matrix").await;
        if state(&report, "goes") == "live" {
            break report;
        }
        assert!(came.elapsed() < limit, "{report:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    println!("goes: back {:?} after the platform, at try {tries}", came.elapsed());
    assert_eq!((of(&back, "goes").reconnects, of(&back, "steady").reconnects, of(&back, "secure").reconnects), (1, 0, 0));
    let later =
        relay.until("matrix", "the cut and the reconnect", |r| of(r, "cuts").reconnects >= 1 && of(r, "goes").uptime_ms > 3000).await;
    println!("stuck: {} ({})", state(&later, "stuck"), reason(&later, "stuck"));
    assert_eq!(of(&later, "steady").dropped_groups + of(&later, "secure").dropped_groups, 0);
    relay.delete("matrix").await;

    let recorded = goes.files();
    assert_eq!(recorded.len(), 2, "one before and one after the outage");
    assert!(gaps(&recorded[0]).is_empty() && gaps(&recorded[1]).is_empty(), "no gap on either side");
    let gap = edge(&recorded[1], true).duration_since(edge(&recorded[0], false)).expect("later");
    println!("goes: its recordings are {gap:?} apart, it was down for {:?}", outage.down);
    assert!(gap >= outage.down.saturating_sub(Duration::from_secs(1)) && gap < outage.down + limit, "{gap:?}");
    for (name, platform) in [("steady", &steady), ("secure", &inner)] {
        let files = platform.files();
        assert_eq!((files.len(), gaps(&files[0])), (1, Vec::new()), "{name} has no gap");
    }
    let playlist = std::fs::read_to_string(relay.data.path().join("recordings/matrix/index.m3u8")).expect("a playlist");
    let breaks = playlist.matches("#EXT-X-DISCONTINUITY").count();
    assert!(playlist.contains("#EXT-X-ENDLIST") && breaks <= 1, "at most one discontinuity: {playlist}");
    let taken = cuts.taken.lock().expect("sound").clone();
    assert!(
        taken.iter().filter(|(at, first)| *at == 0 && first == &[0x17, 1]).count() >= 2,
        "each of its connections begins with a keyframe"
    );
}
