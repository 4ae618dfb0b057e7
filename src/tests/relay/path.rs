//! The whole path: a real encoder in, a real server and a recording out, and what is said about it meanwhile.

use super::{platform::*, stage::*};
use footlight::api::broadcast::IngestState;
use futures::StreamExt;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn what_an_encoder_publishes_plays_at_a_platform_and_is_recorded() {
    let nginx = Nginx::start();
    let stage = Stage::open(&nginx.allow(), |_| {}).await;
    let show = wanted("path", &[1], vec![publish("nginx", nginx.address(), "key-one"), record("rehearsal")]);
    let first = stage.put(&show).await;
    assert_eq!(first.ingest.state, IngestState::Waiting);
    let mut events = stage.get("/events").await.bytes_stream();
    let encoder = stage.encoder("path", 1);
    let report = stage.until("path", "both live", |r| state(r, "nginx") == "live" && state(r, "rehearsal") == "live").await;
    assert!(of(&report, "nginx").last_progress_at.is_some());
    let report = stage.until("path", "measures", |r| r.ingest.fps > 20.0 && r.ingest.keyframe_interval_ms == Some(1000)).await;
    assert!(report.ingest.audio && report.ingest.av_skew_ms.is_some_and(|skew| skew.abs() < 200), "{report:?}");

    let mut heard = String::new();
    while !heard.contains("\"name\":\"live\"") {
        let piece = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("an event in time");
        heard.push_str(&String::from_utf8_lossy(&piece.expect("open").expect("sound")));
    }
    assert!(heard.starts_with("event: show\ndata: {"), "{heard}");

    // A destination that comes late begins with a keyframe, and its coming touches nobody.
    let mut more = show.clone();
    more.destinations.push(publish("late", nginx.address(), "key-two"));
    stage.put(&more).await;
    stage.until("path", "the late one", |r| state(r, "late") == "live" && of(r, "late").uptime_ms > 2000).await;
    assert_eq!(stage.get("/shows/path/thumbnail.jpg").await.bytes().await.expect("a picture")[..2], [0xff, 0xd8]);
    let playlist = stage.get("/recordings/path/index.m3u8").await;
    assert_eq!(playlist.headers()["content-type"], "application/vnd.apple.mpegurl");
    assert!(playlist.text().await.expect("text").contains("00000.m4s"));
    let part = stage
        .http
        .get(stage.url("/recordings/path/00000.m4s"))
        .bearer_auth(SECRET)
        .header("range", "bytes=4-7")
        .send()
        .await
        .expect("sent");
    assert_eq!((part.status().as_u16(), &part.bytes().await.expect("bytes")[..]), (206, &b"styp"[..]));
    for path in ["/recordings/path/..%2f..%2fx.m4s", "/recordings/..%2fpath/index.m3u8", "/recordings/path/index.m3u8.tmp"] {
        assert!(stage.get(path).await.status().is_client_error(), "{path}");
    }

    stage.put(&wanted("path", &[1], vec![record("rehearsal")])).await;
    stage.until("path", "nginx finished", |r| state(r, "nginx") == "finished" && state(r, "late") == "finished").await;
    drop(encoder);
    assert_eq!(stage.delete("path").await, 204);
    assert_eq!(stage.delete("path").await, 204, "also when it is unknown");
    assert_eq!(stage.get("/shows/path").await.status(), 404);
    let text = std::fs::read_to_string(stage.data.path().join("recordings/path/index.m3u8")).expect("a playlist");
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
async fn gstreamer_publishes_as_livekits_egress_does() {
    let stage = Stage::open("", |_| {}).await;
    stage.put(&wanted("gst", &[1], vec![])).await;
    let location = stage.ingest_url("gst", 1);
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
    let report = stage.until("gst", "the composite", |r| r.ingest.fps > 20.0 && r.ingest.audio).await;
    assert!(matches!(report.ingest.state, IngestState::Receiving { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_without_the_secret() {
    let stage = Stage::open("", |_| {}).await;
    for path in ["/shows", "/shows/x", "/events", "/metrics", "/recordings/x/index.m3u8"] {
        assert_eq!(stage.http.get(stage.url(path)).send().await.expect("sent").status(), 401, "{path}");
        assert_eq!(stage.http.get(stage.url(path)).bearer_auth("wrong").send().await.expect("sent").status(), 401, "{path}");
    }
    assert_eq!(stage.http.get(stage.url("/healthz")).send().await.expect("sent").status(), 200);
}
