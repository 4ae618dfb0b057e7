//! Several receivers: one that is dead holds up none of the others.

use super::harness::{TestApp, config, vault};
use crate::support::wait::until;
use axum::{Router, extract::State, http::HeaderMap, routing::post};
use footlight::{
    domain::session::{Owner, Session},
    server::{
        store::{NewDelivery, NewStoredSession, SessionLimits},
        studio::Studio,
    },
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::net::TcpListener;

const SESSIONS: usize = 150;
const LINES_EACH: usize = 10;

/// The ids of the deliveries, in the order in which they came.
type Received = Arc<Mutex<Vec<String>>>;

/// A server that takes everything.
async fn healthy() -> (Received, String) {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let take = async |State(received): State<Received>, headers: HeaderMap| {
        let id = headers["x-footlight-delivery"].to_str().expect("text").to_owned();
        received.lock().expect("no holder panics").push(id);
    };
    tokio::spawn(axum::serve(listener, Router::new().route("/hook", post(take)).with_state(received.clone())).into_future());
    (received, address)
}

/// A process that sends to these servers.
fn telling(app: &TestApp, addresses: &[&str]) -> Studio {
    let hooks: Vec<_> = addresses.iter().map(|address| format!("http://{address}/hook")).collect();
    let pairs = [
        ("FOOTLIGHT_WEBHOOKS", hooks.join(",")),
        ("FOOTLIGHT_WEBHOOK_SECRET", "a webhook secret of some length".to_owned()),
        ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", addresses.join(",")),
    ];
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    app.process(config(&pairs), vault()).studio
}

/// One more session, with lines for one server.
async fn write(app: &TestApp, like: &Session, number: usize, hook: &str, lines: usize) {
    let owner = format!("owner{number}").parse().expect("an id");
    let session =
        Session { id: format!("{}{number:04}", like.id).parse().expect("an id"), owner: Owner::User(owner), revision: 1, ..like.clone() };
    let entry = app.timeline(&like.id).await.remove(0);
    let limits = SessionLimits { of_account: 1_000, in_all: 1_000, saved: 1_000 };
    let new = NewStoredSession { session: &session, keys: &[], idempotency: None, entry: &entry, saving: 0, limits, claim: None };
    app.store.insert_session(&new).await.expect("inserted");
    let delivery = NewDelivery { hook: hook.to_owned(), kind: "session.live", at: app.clock.now(), body: json!({}) };
    app.store.update_session(&Session { revision: 2, ..session }, Some(&entry), &vec![delivery; lines]).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_server_holds_up_no_other() {
    let app = TestApp::new().await;
    // It takes connections and never answers.
    let dead = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let dead_address = dead.local_addr().expect("bound").to_string();
    let (received, healthy_address) = healthy().await;
    let studio = telling(&app, &[&dead_address, &healthy_address]);
    let [dead_name, healthy_name] = [0, 1].map(|index| studio.config.hooks.servers[index].name.clone());
    let caller = app.caller("ada").await;
    let like = app.session(&app.start(&caller).await.session.session_id).await;
    for number in 0..SESSIONS {
        write(&app, &like, number, &dead_name, LINES_EACH).await;
    }
    // The newest of all.
    write(&app, &like, SESSIONS, &healthy_name, 3).await;
    assert_eq!(app.store.pending_deliveries(9_999).await.expect("read").len(), SESSIONS * LINES_EACH + 3);
    let begun = Instant::now();
    let running = tokio::spawn(studio.outbox.run());
    until("the healthy server gets its three", 5, async || received.lock().expect("no holder panics").len() == 3).await;
    println!("delivered after {:?}, behind {} lines of a dead server", begun.elapsed(), SESSIONS * LINES_EACH);
    // A session that comes later waits no longer: the rounds of the dead server last much longer than this.
    write(&app, &like, SESSIONS + 1, &healthy_name, 1).await;
    until("the healthy server gets one more", 5, async || received.lock().expect("no holder panics").len() == 4).await;
    let received = received.lock().expect("no holder panics").clone();
    assert!(received.is_sorted(), "in order: {received:?}");
    let pending = app.store.pending_deliveries(9_999).await.expect("read");
    let kept = pending.iter().filter(|delivery| delivery.hook() == dead_name).count();
    assert_eq!(kept, SESSIONS * LINES_EACH, "and the dead one's are kept");
    running.abort();
}

#[tokio::test]
async fn lines_for_servers_that_are_gone_are_given_up() {
    let app = TestApp::new().await;
    let (received, address) = healthy().await;
    let studio = telling(&app, &[&address]);
    let caller = app.caller("ada").await;
    let like = app.session(&app.start(&caller).await.session.session_id).await;
    write(&app, &like, 0, "gone", 1).await;
    write(&app, &like, 1, &studio.config.hooks.servers[0].name, 1).await;
    studio.outbox.deliver().await.expect("a round");
    assert_eq!(app.store.pending_deliveries(9).await.expect("read"), Vec::new());
    let log = app.store.deliveries(None, None, 9).await.expect("read");
    let results: Vec<_> = log.iter().map(|line| line.result.as_deref().unwrap_or_default()).collect();
    assert_eq!(results[0], "answered 200");
    assert!(results[1].starts_with("given up") && results[1].contains("FOOTLIGHT_WEBHOOKS"), "{results:?}");
    assert_eq!(received.lock().expect("no holder panics").len(), 1);
}
