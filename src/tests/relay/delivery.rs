//! From a real encoder through the relay to a real server and a recording, with the reports meanwhile.

use super::{harness::*, platform::*};
use footlight::api::relay_control::IngestState;
use futures::StreamExt;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn encoder_stream_reaches_platform_and_recording() {
    let nginx = Nginx::start();
    let relay = TestRelay::open(&nginx.allow(), |_| {}).await;
    let show = wanted("path", &[1], vec![publish("nginx", nginx.address(), "key-one"), record("rehearsal")]);
    let first = relay.put(&show).await;
    assert_eq!(first.ingest.state, IngestState::Waiting);
    let mut events = relay.get("/events").await.bytes_stream();
    let encoder = relay.encoder("path", 1);
    let report = relay.until("path", "both live", |r| state(r, "nginx") == "live" && state(r, "rehearsal") == "live").await;
    assert!(of(&report, "nginx").last_progress_at.is_some());
    let report = relay.until("path", "statistics", |r| r.ingest.fps > 20.0 && r.ingest.keyframe_interval_ms == Some(1000)).await;
    assert!(report.ingest.audio && report.ingest.av_skew_ms.is_some_and(|skew| skew.abs() < 200), "{report:?}");

    let mut received = String::new();
    while !received.contains("\"name\":\"live\"") {
        let piece = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("an event in time");
        received.push_str(&String::from_utf8_lossy(&piece.expect("open").expect("sound")));
    }
    assert!(received.starts_with("event: show\ndata: {"), "{received}");

    // A destination that is added late begins with a keyframe and does not affect the others.
    let mut more = show.clone();
    more.destinations.push(publish("late", nginx.address(), "key-two"));
    relay.put(&more).await;
    relay.until("path", "the late destination", |r| state(r, "late") == "live" && of(r, "late").uptime_ms > 2000).await;
    assert_eq!(relay.get("/shows/path/thumbnail.jpg").await.bytes().await.expect("a picture")[..2], [0xff, 0xd8]);
    let playlist = relay.get("/recordings/path/index.m3u8").await;
    assert_eq!(playlist.headers()["content-type"], "application/vnd.apple.mpegurl");
    assert!(playlist.text().await.expect("text").contains("00000.m4s"));
    let part = relay
        .http
        .get(relay.url("/recordings/path/00000.m4s"))
        .bearer_auth(SECRET)
        .header("range", "bytes=4-7")
        .send()
        .await
        .expect("sent");
    assert_eq!((part.status().as_u16(), &part.bytes().await.expect("bytes")[..]), (206, &b"styp"[..]));
    for path in ["/recordings/path/..%2f..%2fx.m4s", "/recordings/..%2fpath/index.m3u8", "/recordings/path/index.m3u8.tmp"] {
        assert!(relay.get(path).await.status().is_client_error(), "{path}");
    }

    relay.put(&wanted("path", &[1], vec![record("rehearsal")])).await;
    relay.until("path", "nginx finished", |r| state(r, "nginx") == "finished" && state(r, "late") == "finished").await;
    drop(encoder);
    assert_eq!(relay.delete("path").await, 204);
    assert_eq!(relay.delete("path").await, 204, "also if it is unknown");
    assert_eq!(relay.get("/shows/path").await.status(), 404);
    let last = relay.get("/shows/path/thumbnail.jpg").await;
    assert_eq!(last.status(), 200, "the last thumbnail stays with the session");
    assert_eq!(last.bytes().await.expect("a picture")[..2], [0xff, 0xd8]);
    let text = std::fs::read_to_string(relay.data.path().join("recordings/path/index.m3u8")).expect("a playlist");
    assert!(text.contains("#EXT-X-ENDLIST"), "{text}");
    let files = nginx.files();
    assert_eq!(files.len(), 2);
    for file in files {
        let packets = packets(&file);
        let video: Vec<_> = packets.iter().filter(|(kind, ..)| kind == "video").collect();
        assert!(video[0].2, "begins with a keyframe");
        assert!(video.windows(2).all(|pair| pair[1].1 > pair[0].1 && pair[1].1 - pair[0].1 < 0.1), "no gap");
        let keys: Vec<_> = video.iter().filter(|packet| packet.2).map(|packet| packet.1).collect();
        assert!(keys.windows(2).all(|pair| (pair[1] - pair[0] - 1.0).abs() < 0.02), "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gstreamer_can_publish() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("gst", &[1], vec![])).await;
    let location = relay.ingest_url("gst", 1);
    let pipeline = format!(
        "flvmux name=mux streamable=true ! rtmp2sink location={location} \
         videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc tune=zerolatency key-int-max=25 ! video/x-h264,profile=main ! mux. \
         audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! aacparse ! mux."
    );
    let child = std::process::Command::new("gst-launch-1.0")
        .arg("-q")
        .args(pipeline.split_whitespace())
        .stderr(std::process::Stdio::null())
        .spawn();
    let _encoder = Encoder(child.expect("GStreamer is installed"));
    let report = relay.until("gst", "the composite", |r| r.ingest.fps > 20.0 && r.ingest.audio).await;
    assert!(matches!(report.ingest.state, IngestState::Receiving { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn control_api_needs_the_secret() {
    let relay = TestRelay::open("", |_| {}).await;
    for path in ["/shows", "/shows/x", "/events", "/metrics", "/recordings/x/index.m3u8"] {
        assert_eq!(relay.http.get(relay.url(path)).send().await.expect("sent").status(), 401, "{path}");
        assert_eq!(relay.http.get(relay.url(path)).bearer_auth("wrong").send().await.expect("sent").status(), 401, "{path}");
    }
    assert_eq!(relay.http.get(relay.url("/healthz")).send().await.expect("sent").status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn relay_works_over_ipv6() {
    let nginx = Nginx::at("[::1]");
    let kind = Scripted::at(std::net::Ipv6Addr::LOCALHOST.into(), Behavior::Normal);
    let relay = TestRelay::open(&format!("{},{}", nginx.allow(), kind.address), |config| {
        config.listen = (std::net::Ipv6Addr::LOCALHOST, 0).into();
        config.ingest = (std::net::Ipv6Addr::LOCALHOST, 0).into();
    })
    .await;
    relay.put(&wanted("six", &[1], vec![publish("nginx", nginx.address(), "a"), publish("kind", kind.url(), "b")])).await;
    let _encoder = relay.encoder("six", 1);
    relay.until("six", "both live", |r| of(r, "nginx").uptime_ms > 1000 && state(r, "kind") == "live").await;
    relay.delete("six").await;
    assert!(packets(&nginx.files()[0]).len() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn app_paths_and_key_parameters_arrive_unchanged() {
    let platform = Scripted::start(Behavior::Normal);
    let relay = TestRelay::open(&platform.address.to_string(), |_| {}).await;
    let cases = [
        ("app", "live_1_Ab?bandwidthtest=true", "app/live_1_Ab?bandwidthtest=true"),
        ("live2", "abcd-efgh-ijkl", "live2/abcd-efgh-ijkl"),
        ("app", "sk_us-west-2_Ab12", "app/sk_us-west-2_Ab12"),
        ("a/b/c", "k?x=1&y=/2", "a/b/c/k?x=1&y=/2"),
        ("live?auth=1", "k", "live?auth=1/k"),
        ("a/b/stream", "", "a/b/stream"),
    ];
    let all = cases
        .iter()
        .enumerate()
        .map(|(index, (application, key, _))| publish(&format!("d{index}"), format!("rtmp://{}/{application}", platform.address), key));
    relay.put(&wanted("names", &[1], all.collect())).await;
    let _encoder = relay.encoder("names", 1);
    relay.until("names", "all live", |r| r.destinations.iter().all(|one| state(r, one.id.as_str()) == "live")).await;
    let mut received = platform.publishes.lock().expect("sound").clone();
    let mut expected: Vec<_> = cases.iter().map(|(.., whole)| (*whole).to_owned()).collect();
    received.sort();
    expected.sort();
    assert_eq!(received, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_audio_is_measured() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("quiet", &[1, 2], vec![])).await;
    let _loud = relay.encoder("quiet", 1);
    let report = relay.until("quiet", "sound", |r| r.ingest.audio && r.ingest.fps > 20.0).await;
    assert_eq!(report.ingest.silent_ms, 0);
    let child = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "quiet", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"])
        .args(["-re", "-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .args(["-g", "25", "-c:a", "aac", "-f", "flv"])
        .arg(relay.ingest_url("quiet", 2))
        .spawn();
    let _encoder = Encoder(child.expect("ffmpeg is installed"));
    let report = relay.until("quiet", "silence", |r| r.ingest.silent_ms > 2000).await;
    assert!(report.ingest.audio, "silent audio counts as audio: {report:?}");
}
