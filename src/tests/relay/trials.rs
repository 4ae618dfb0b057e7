//! Servers tried before a session: each fault has its sentence within seconds, and nothing is ever published.

use super::{harness::*, odd_servers::refuses_connect, platform::*, server::*};
use footlight::{
    api::relay_control::{ConnectionTrial, TrialResult},
    domain::destination::StreamKey,
};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

pub async fn test(relay: &TestRelay, address: &str, key: &str) -> TrialResult {
    let trial = ConnectionTrial { address: address.to_owned(), stream_key: StreamKey::new(key.to_owned()) };
    let answer = relay.http.post(relay.url("/test")).bearer_auth(SECRET).json(&trial).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("a result")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_is_wrong_and_publishes_nothing() {
    let good = Scripted::start(Behavior::Normal);
    let moved = refuses_connect("moved".into(), Some(good.url()));
    let inside = refuses_connect("moved".into(), Some("rtmp://10.0.0.1/live".into()));
    let password = refuses_connect("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ".into(), None);
    let repeats = refuses_connect("no such stream a-secret-key".into(), None);
    let hangs_up = listen(|stream| async move { Peer::shake_hands(stream).await?.command("connect").await.map(drop) });
    let silent = listen(|stream| async move {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(stream);
        Some(())
    });
    let closed = free_port();
    let allow = [good.address, moved.address, inside.address, password.address, repeats.address, hangs_up.address, silent.address];
    let allow: Vec<_> = allow.iter().map(ToString::to_string).chain([format!("127.0.0.1:{closed}")]).collect();
    let relay = TestRelay::open(&allow.join(","), |_| {}).await;
    for address in [good.url(), moved.url("live")] {
        assert_eq!(test(&relay, &address, "a-secret-key").await, TrialResult::Connected, "{address}");
    }
    for (address, expected) in [
        (format!("rtmp://127.0.0.1:{closed}/live"), "connection refused"),
        (format!("rtmps://{}/live", good.address), "this port speaks RTMP without TLS: use rtmp:// instead of rtmps://"),
        (hangs_up.url("nosuchapp"), "the server hung up when asked for `nosuchapp`: check what follows the host"),
        (inside.url("live"), "the server sends to another address, which cannot be used: 10.0.0.1"),
        (password.url("live"), "the server wants a user name and a password: put them into its address"),
        (repeats.url("live"), "connection refused: no such stream ••••"),
        ("rtmp://192.168.0.1/live".to_owned(), "192.168.0.1"),
    ] {
        let result = test(&relay, &address, "a-secret-key").await;
        let TrialResult::Refused { reason } = &result else { panic!("{address}: {result:?}") };
        assert!(reason.starts_with(expected), "{address}: {reason}");
        assert!(!reason.contains("a-secret-key"), "{address}: {reason}");
    }
    assert_eq!(hangs_up.connections.load(Ordering::Relaxed), 2, "once might have been an accident");
    let began = Instant::now();
    let result = test(&relay, &silent.url("live"), "a-secret-key").await;
    assert!(matches!(result, TrialResult::Doubtful { .. }), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!(*good.publishes.lock().expect("sound"), [] as [String; 0], "no stream was asked for");
    assert_eq!(relay.get("/shows").await.text().await.expect("text"), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_needs_the_secret_and_never_repeats_what_it_cannot_read() {
    let relay = TestRelay::open("", |_| {}).await;
    let body = r#"{"address":"rtmp://127.0.0.1/live","streamKey":["a-secret-key"]}"#;
    let send =
        |secret: &str| relay.http.post(relay.url("/test")).bearer_auth(secret).header("content-type", "application/json").body(body).send();
    assert_eq!(send("wrong").await.expect("an answer").status(), 401);
    let answer = send(SECRET).await.expect("an answer");
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.text().await.expect("text"), "malformed trial");
}
