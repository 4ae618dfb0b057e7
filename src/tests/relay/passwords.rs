//! Servers that want a user name and a password before they take a stream (`authmod=adobe`).

use super::{harness::*, server::*, trials::test};
use base64::{Engine, engine::general_purpose::STANDARD};
use footlight::{api::relay_control::TrialResult, media::rtmp::amf::Value};
use md5::{Digest, Md5};
use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

const USER: &str = "adabyron";
const PASSWORD: &str = "C-1234/7 & more";
const SALT: &str = "c2FsdA==";
const OPAQUE: &str = "b3BhcXVl";

fn hashed(parts: &[&str]) -> String {
    STANDARD.encode(Md5::digest(parts.concat()))
}

/// What follows the question mark of an application, by name.
fn parameter(application: &str, name: &str) -> Option<String> {
    let (_, query) = application.split_once('?')?;
    query.split('&').find_map(|pair| pair.split_once('=').filter(|(of, _)| *of == name)).map(|(_, value)| value.to_owned())
}

/// Whether an application was asked for with the right answer to the challenge.
fn is_right(application: &str) -> bool {
    let answer = |name: &str| parameter(application, name).unwrap_or_default();
    let expected = hashed(&[&hashed(&[USER, SALT, PASSWORD]), OPAQUE, &answer("challenge")]);
    (answer("user").as_str(), answer("opaque").as_str(), answer("response")) == (USER, OPAQUE, expected)
}

/// Refuses, challenges, and takes the stream at last, as Adobe's servers do.
async fn serve(stream: TcpStream, published: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut peer = Peer::shake_hands(stream).await?;
    let connect = peer.command("connect").await?;
    let application = connect[2].get("app").and_then(Value::as_text)?.to_owned();
    let address = connect[2].get("tcUrl").and_then(Value::as_text)?.to_owned();
    let said = if !address.ends_with(&application) {
        "the address and the application differ".to_owned()
    } else if is_right(&application) {
        peer.reply("_result", 1.0, &[Value::Null, Value::Null]).await?;
        let name = peer.accept_stream().await?;
        published.lock().expect("sound").push(format!("{}/{name}", application.split('?').next().unwrap_or_default()));
        peer.accept_publish().await?;
        return peer.read_on().await;
    } else if parameter(&application, "response").is_some() {
        format!("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed&opaque={OPAQUE}")
    } else if let Some(user) = parameter(&application, "user") {
        let asked = format!("?reason=needauth&user={user}&salt={SALT}&challenge={OPAQUE}&opaque={OPAQUE}");
        format!("[ AccessManager.Reject ] : [ authmod=adobe ] : {asked}")
    } else {
        "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ".to_owned()
    };
    let code = Value::text("NetConnection.Connect.Rejected");
    peer.inform("_error", 1.0, &[("level", Value::text("error")), ("code", code), ("description", Value::text(said))]).await?;
    peer.read_on().await
}

fn wants_password() -> (Listening, Arc<Mutex<Vec<String>>>) {
    let published = Arc::<Mutex<Vec<String>>>::default();
    let seen = published.clone();
    (listen(move |stream| serve(stream, seen.clone())), published)
}

#[tokio::test(flavor = "multi_thread")]
async fn user_name_and_password_are_answered_to_a_challenge() {
    let (server, published) = wants_password();
    let relay = TestRelay::open(&server.address.to_string(), |_| {}).await;
    let key = format!("@{USER}:{PASSWORD}\nkey-1");
    relay.put(&wanted("adobe", &[1], vec![publish("adobe", server.url("live"), &key)])).await;
    let _encoder = relay.encoder("adobe", 1);
    let report = relay.until("adobe", "live", |r| state(r, "adobe") == "live" && of(r, "adobe").bytes_written > 10_000).await;
    assert_eq!(*published.lock().expect("sound"), ["live/key-1"]);
    assert_eq!((of(&report, "adobe").reconnects, server.connections.load(Ordering::Relaxed)), (0, 3), "refused, challenged, taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_answers_the_challenge_and_publishes_nothing() {
    let (server, published) = wants_password();
    let relay = TestRelay::open(&server.address.to_string(), |_| {}).await;
    let address = server.url("live");
    assert_eq!(test(&relay, &address, &format!("@{USER}:{PASSWORD}\nkey-1")).await, TrialResult::Connected);
    let wrong = test(&relay, &address, &format!("@{USER}:wrong\nkey-1")).await;
    assert!(
        matches!(&wrong, TrialResult::Refused { reason } if reason.starts_with("the server does not take this user name")),
        "{wrong:?}"
    );
    assert_eq!(*published.lock().expect("sound"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_final_and_shown_nowhere() {
    let (server, published) = wants_password();
    let relay = TestRelay::open(&server.address.to_string(), |_| {}).await;
    let key = format!("@{USER}:W-9876/5 wrong\nkey-1");
    relay.put(&wanted("wrong", &[1], vec![publish("wrong", server.url("live"), &key)])).await;
    let _encoder = relay.encoder("wrong", 1);
    let began = Instant::now();
    let report = relay.until("wrong", "the end", |r| state(r, "wrong") == "failed").await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(reason(&report, "wrong"), "the server does not take this user name and password: check what stands before the host");
    let shown = serde_json::to_string(&report).expect("plain");
    assert!(!shown.contains(USER) && !shown.contains("W-9876/5 wrong"), "{shown}");
    assert_eq!(*published.lock().expect("sound"), [""; 0]);
}
