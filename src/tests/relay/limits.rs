//! Limits on what others can make the relay hold.

use super::{harness::*, platform::*, process::Process};
use crate::support::wait::until;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test(flavor = "multi_thread")]
async fn stream_and_destination_limits_are_enforced() {
    let relay = TestRelay::open("", |config| {
        config.limits.streams = 2;
        config.limits.destinations = 3;
    })
    .await;
    let put = async |show: &footlight::api::relay_control::DesiredSession| {
        let url = relay.url(&format!("/shows/{}", show.session_id));
        let answer = relay.http.put(url).bearer_auth(SECRET).json(show).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let many: Vec<_> = (0..4).map(|index| record(&format!("d{index}"))).collect();
    assert_eq!(put(&wanted("one", &[1], many[..3].to_vec())).await.0, 200);
    assert_eq!(put(&wanted("one", &[1], many.clone())).await, (422, "at most 3 destinations per stream".into()));
    assert_eq!(relay.report("one").await.destinations.len(), 3, "a refused request changes nothing");
    assert_eq!(put(&wanted("two", &[1], vec![])).await.0, 200);
    assert_eq!(put(&wanted("three", &[1], vec![])).await, (503, "this relay is full or shutting down".into()));
    assert_eq!(put(&wanted("two", &[1, 2], vec![])).await.0, 200, "an existing stream does not count twice");
    relay.delete("one").await;
    assert_eq!(put(&wanted("three", &[1], vec![])).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_over_quota_stop_alone() {
    let kind = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&kind.address.to_string(), |config| {
        config.limits.recordings_bytes = 300_000;
        config.timeouts.recordings_check = Duration::from_millis(200);
    })
    .await;
    relay.put(&wanted("room", &[1], vec![record("tape"), publish("kind", kind.url(), "k")])).await;
    let _encoder = relay.encoder("room", 1);
    let report = relay.until("room", "the quota to be exceeded", |r| state(r, "tape") == "failed").await;
    assert!(reason(&report, "tape").contains("FOOTLIGHT_RECORDINGS_GB"), "{}", reason(&report, "tape"));
    assert_eq!(state(&report, "kind"), "live");
    let text = std::fs::read_to_string(relay.data.path().join("recordings/room/index.m3u8")).expect("kept");
    assert!(text.contains("#EXT-X-ENDLIST"), "the recording can be played: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_on_a_full_disk_ends_alone() {
    let kind = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&kind.address.to_string(), |config| config.limits.disk_reserve = u64::MAX).await;
    relay.put(&wanted("full", &[1], vec![record("tape"), publish("kind", kind.url(), "k")])).await;
    let _encoder = relay.encoder("full", 1);
    let report = relay.until("full", "the end of the recording", |r| state(r, "tape") == "failed" && state(r, "kind") == "live").await;
    let reason = reason(&report, "tape");
    assert!(reason.contains("disk of the recordings is full") && reason.contains("FOOTLIGHT_DATA"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_without_a_folder_fails_alone() {
    let kind = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&kind.address.to_string(), |_| {}).await;
    std::fs::write(relay.data.path().join("recordings"), "").expect("a file in its place");
    relay.put(&wanted("lost", &[1], vec![record("tape"), publish("kind", kind.url(), "k")])).await;
    let _encoder = relay.encoder("lost", 1);
    let report = relay.until("lost", "giving up", |r| state(r, "tape") == "failed" && state(r, "kind") == "live").await;
    let reason = reason(&report, "tape");
    assert!(reason.contains("cannot be written") && reason.contains("FOOTLIGHT_DATA"), "{reason}");
    assert_eq!(of(&report, "kind").reconnects, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_whose_folder_is_deleted_begins_again() {
    let kind = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&kind.address.to_string(), |_| {}).await;
    relay.put(&wanted("swept", &[1], vec![record("tape"), publish("kind", kind.url(), "k")])).await;
    let _encoder = relay.encoder("swept", 1);
    relay.until("swept", "the recording", |r| state(r, "tape") == "live" && state(r, "kind") == "live").await;
    let playlist = relay.data.path().join("recordings/swept/index.m3u8");
    until("a playlist", 20, async || playlist.exists()).await;
    std::fs::remove_dir_all(relay.data.path().join("recordings")).expect("deleted");
    relay.until("swept", "another recording", |r| state(r, "tape") == "live" && playlist.exists()).await;
    assert_eq!(of(&relay.report("swept").await, "kind").reconnects, 0);
    relay.delete("swept").await;
    let text = std::fs::read_to_string(&playlist).expect("a playlist");
    assert!(text.contains("00000.m4s") && text.contains("#EXT-X-ENDLIST"), "the recording can be played: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_deleted_when_its_stream_is_over() {
    let relay = TestRelay::open("", |_| {}).await;
    let folder = |name: &str| relay.data.path().join("recordings").join(name);
    for name in ["room", "other"] {
        std::fs::create_dir_all(folder(name)).expect("a folder");
        std::fs::write(folder(name).join("index.m3u8"), "#EXTM3U").expect("written");
    }
    let delete = async |name: &str, secret: &str| {
        let request = relay.http.delete(relay.url(&format!("/recordings/{name}"))).bearer_auth(secret);
        request.send().await.expect("an answer").status().as_u16()
    };
    relay.put(&wanted("room", &[1], vec![record("tape")])).await;
    assert_eq!(delete("room", SECRET).await, 409, "it is being written");
    relay.delete("room").await;
    assert_eq!(delete("room", "not the secret").await, 401);
    assert!(folder("room").join("index.m3u8").exists());
    for expected in [204, 404] {
        assert_eq!(delete("room", SECRET).await, expected);
    }
    for odd in ["..", "..%2fother", "%2e%2e"] {
        assert!((400..500).contains(&delete(odd, SECRET).await), "{odd}");
    }
    assert!(!folder("room").exists() && folder("other").join("index.m3u8").exists());
    assert_eq!(relay.get("/recordings/room/index.m3u8").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_destination_drops_whole_gops() {
    let (stuck, kind) = (Scripted::start(Behavior::NeverReads), Scripted::start(Behavior::Normal));
    let relay = TestRelay::open(&format!("{},{}", stuck.address, kind.address), |config| {
        config.limits.queue_bytes = 200_000;
        config.timeouts.stall = Duration::from_secs(30);
    })
    .await;
    relay.put(&wanted("slow", &[1], vec![publish("stuck", stuck.url(), "k"), publish("kind", kind.url(), "k")])).await;
    let _encoder = encoder(&relay.ingest_url("slow", 1), "nullsrc=size=480x270:rate=25,geq=random(1)*255:128:128");
    let report = relay.until("slow", "losses", |r| of(r, "stuck").dropped_groups >= 2).await;
    assert_eq!((of(&report, "kind").dropped_groups, state(&report, "kind").as_str()), (0, "live"));
    let metrics = relay.get("/metrics").await.text().await.expect("text");
    let lost = metrics.lines().find_map(|line| line.strip_prefix("footlight_relay_destination_dropped_groups_total{platform=\"custom\"} "));
    assert!(lost.and_then(|count| count.parse::<u32>().ok()).is_some_and(|count| count >= 2), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn event_readers_that_never_read_cost_nothing() {
    let (process, relay) = Process::start(&[]).await;
    let mut asleep = Vec::new();
    for _ in 0..31 {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("small");
        let mut stream: TcpStream = socket.connect(relay.control).await.expect("it listens");
        let request = format!("GET /events HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer {SECRET}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream.read_u8().await.expect("an answer");
        asleep.push(stream);
    }
    let mut awake = relay.get("/events").await;
    assert_eq!(relay.get("/events").await.status(), 503, "the number of readers is limited");
    let many: Vec<_> = (0..10).map(|index| record(&format!("destination-{index}"))).collect();
    let put = |round: u32| wanted("events", &[1 + round % 2], many.clone());
    let before = process.kilobytes("VmRSS");
    for round in 0..400 {
        let began = Instant::now();
        relay.put(&put(round)).await;
        assert!(began.elapsed() < Duration::from_secs(5), "a slow reader does not delay the others");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    relay.delete("events").await;
    let mut received = String::new();
    while !received.contains("event: gone") {
        let piece = tokio::time::timeout(Duration::from_secs(10), awake.chunk()).await.expect("in time").expect("open").expect("more");
        received.push_str(&String::from_utf8_lossy(&piece));
    }
    let grown = process.kilobytes("VmRSS").saturating_sub(before);
    println!("{} events received; memory grew by {grown} kB with 31 readers asleep", received.matches("event: ").count());
    assert!(grown < 40_000, "{grown} kB");
}
