//! Checks with canary stream keys that a real process exposes them nowhere.

use super::{harness::*, platform::*, process::Process};
use std::time::Duration;

const CANARY: &str = "live_canary-5e1-key?bandwidthtest=true";

/// Command line and environment of a process and all its descendants.
fn visible_to_others(pid: u32) -> String {
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default()).into_owned();
    let mut text = format!("{}\n{}\n", read("cmdline"), read("environ"));
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    for thread in threads.flatten() {
        let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        children.split_whitespace().filter_map(|child| child.parse().ok()).for_each(|child| text.push_str(&visible_to_others(child)));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_key_leaks_nowhere() {
    let nginx = Nginx::start();
    let platforms =
        [Behavior::Normal, Behavior::RefusesKey, Behavior::HangsUp, Behavior::Cuts(Duration::from_secs(1))].map(Scripted::start);
    let dead = free_port();
    let all = platforms.iter().map(|platform| platform.address.to_string()).chain([nginx.allow(), format!("127.0.0.1:{dead}")]);
    let allow = all.collect::<Vec<_>>().join(",");
    let (process, relay) = Process::start(&[("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", &allow)]).await;
    let ids = ["kind", "refuses", "hangs", "cuts"];
    let mut destinations: Vec<_> = ids.iter().zip(&platforms).map(|(id, platform)| publish(id, platform.url(), CANARY)).collect();
    destinations.push(publish("nginx", nginx.address(), CANARY));
    destinations.push(publish("dead", format!("rtmp://127.0.0.1:{dead}/live"), CANARY));
    destinations.push(publish("private", "rtmp://10.0.0.1/live", CANARY));
    destinations.push(record("tape"));
    let show = wanted("canary", &[1], destinations);
    let mut events = relay.get("/events").await;
    let mut exposed = serde_json::to_string(&relay.put(&show).await).expect("plain");
    let encoder = relay.encoder("canary", 1);
    relay
        .until("canary", "faults and success", |r| {
            of(r, "cuts").reconnects > 0 && state(r, "refuses") == "failed" && state(r, "tape") == "live"
        })
        .await;
    relay.until("canary", "a picture", |r| of(r, "nginx").uptime_ms > 2500).await;
    let visible = visible_to_others(process.0.id());
    assert!(visible.contains("ffmpeg"), "the recorder is checked as well");
    exposed.push_str(&visible);

    // Responses to malformed requests that contain the key.
    for body in [
        format!("{{\"streamKey\":\"{CANARY}\""),
        format!("{{\"sessionId\":\"canary\",\"ingests\":\"{CANARY}\"}}"),
        serde_json::to_string(&show).expect("plain").replace("\"slate\":false", "\"slate\":3"),
        serde_json::to_string(&show).expect("plain").replace("\"sessionId\":\"canary\"", "\"sessionId\":\"other\""),
    ] {
        let request = relay.http.put(relay.url("/shows/canary")).bearer_auth(SECRET).header("content-type", "application/json").body(body);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_client_error(), "{}", answer.status());
        exposed.push_str(&answer.text().await.expect("text"));
    }
    for path in ["/shows", "/shows/canary", "/metrics", "/shows/nobody", &format!("/recordings/canary/{CANARY}")] {
        exposed.push_str(&relay.get(path).await.text().await.expect("text"));
    }
    drop(encoder);
    relay.delete("canary").await;
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(Duration::from_secs(1), events.chunk()).await {
        exposed.push_str(&String::from_utf8_lossy(&piece));
        if exposed.contains("event: gone") {
            break;
        }
    }
    assert!(exposed.contains("event: gone"), "all events were received");
    let log = std::fs::read_to_string(relay.data.path().join("log")).expect("a log");
    assert!(log.contains("stream key refused"), "the log contains the refusal");
    for (text, what) in [(&exposed, "said"), (&log, "logged")] {
        for secret in ["canary-5e1", &token("canary", 1)] {
            let at = text.find(secret);
            assert!(at.is_none(), "{secret} was {what}: {}", &text[at.unwrap_or(0).saturating_sub(200)..]);
        }
    }
    assert!(!log.contains(SECRET), "nor the shared secret");
}
