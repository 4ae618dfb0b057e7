//! What is older than it shall be kept is deleted in the background, by one replica at a time; what runs loses nothing.

use super::harness::{TestApp, config, show, vault};
use crate::support::livekit::FakeLiveKit;
use footlight::{
    api::sessions::{DestinationInput, NewSession},
    config::serve::ServeConfig,
    domain::{
        audit::{AuditAction, AuditEntry},
        destination::{Platform, StreamKey},
        ids::SessionId,
    },
    server::{
        metrics,
        operations::retention::Pruned,
        store::{NewLine, SessionFilter, StoredWebhook},
    },
};
use serde_json::json;
use std::time::Duration;

const DAY_S: i64 = 24 * 3600;
/// Ninety days for sessions, the usual for everything else.
const KEEP: [(&str, &str); 2] = [("FOOTLIGHT_KEEP_SESSIONS", "90"), ("FOOTLIGHT_WEBHOOKS", "https://ops.example/footlight")];

fn keeping() -> ServeConfig {
    config(&[&KEEP[..], &[("FOOTLIGHT_WEBHOOK_SECRET", "a webhook secret of some length")]].concat())
}

async fn app() -> TestApp {
    TestApp::with(super::harness::in_memory().await, FakeLiveKit::with_slots(9), keeping())
}

pub fn rehearsal() -> NewSession {
    let recorded = DestinationInput {
        platform: Platform::Rehearsal,
        custom_rtmp_url: None,
        stream_key: StreamKey::new(String::new()),
        save_as: None,
        channel: None,
    };
    NewSession { destinations: vec![recorded], ..show() }
}

/// A recorded session that is over, with events.
async fn ended(app: &TestApp, name: &str) -> SessionId {
    let caller = app.caller(name).await;
    let id = app.studio.sessions.start(&caller, rehearsal()).await.expect("started").session.session_id;
    let lines = ["a", "b"].map(|name| NewLine { kind: "show", id: Some(name.into()), data: json!({ "kind": "event", "text": name }) });
    app.store.append_lines(&id, app.clock.now(), &lines).await.expect("appended");
    app.studio.sessions.stop(&caller, &id, None).await.expect("stopped");
    app.until(&id, "ended").await;
    app.relay.record(&id);
    id
}

async fn events(app: &TestApp, id: &SessionId) -> usize {
    app.store.feed_after(id, 0, 99).await.expect("the store").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_goes_at_its_own_age() {
    // What is counted before anybody counts is lost.
    metrics::handle();
    let app = app().await;
    let old = ended(&app, "ada").await;
    let now = app.clock.now();
    let webhook = StoredWebhook { id: "EV_1".into(), egress: "EG_1".parse().ok(), at: now, body: json!({}) };
    app.store.insert_webhook(&webhook).await.expect("stored");
    let line = AuditEntry {
        id: footlight::server::ports::ids::Ids::default().next::<SessionId>(now).to_string(),
        at: now,
        action: AuditAction::SignedIn,
        user: None,
        subject: "ada".into(),
        address: None,
        count: 1,
    };
    app.store.insert_audit(&line).await.expect("stored");
    let deliveries = app.store.deliveries(None, None, 99).await.expect("the store").len();
    assert_ne!(deliveries, 0, "an end is told to other servers");
    let round = async || app.studio.retention.round().await.expect("a round");
    assert_eq!(round().await, Pruned::default(), "nothing is old");
    let running = app.live(&app.caller("bob").await).await;
    let lines = [NewLine { kind: "show", id: None, data: json!({ "kind": "event", "text": "still here" }) }];
    app.store.append_lines(&running, now, &lines).await.expect("appended");
    // Steps of days: each finds what has become too old since the last one.
    let mut seen = Vec::new();
    for (days, expected) in [
        (8, Pruned { webhooks: 1, ..Pruned::default() }),
        (23, Pruned { feeds: 1, deliveries, ..Pruned::default() }),
        (60, Pruned { sessions: 1, ..Pruned::default() }),
        (275, Pruned { audit: 1, ..Pruned::default() }),
    ] {
        app.clock.advance(days * DAY_S * 1000);
        let pruned = round().await;
        // The session that runs tells other servers, too.
        let same = Pruned { deliveries: expected.deliveries.min(pruned.deliveries), ..pruned };
        assert_eq!(same, expected, "after {days} days more");
        seen.push((events(&app, &old).await, app.store.session(&old).await.expect("the store").is_some(), app.relay.has_recording(&old)));
    }
    assert_eq!(seen, [(2, true, true), (0, true, true), (0, false, false), (0, false, false)]);
    assert_eq!(events(&app, &running).await, 1, "a session that runs keeps its events, however old they are");
    assert!(app.session(&running).await.state.is_active());
    let text = metrics::render();
    for kind in ["sessions", "feeds", "webhooks", "deliveries", "audit"] {
        let counted = text.lines().find(|line| line.starts_with(&format!("footlight_pruned_total{{kind=\"{kind}\"}}")));
        assert!(counted.is_some_and(|line| !line.ends_with(" 0")), "{kind}: {counted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_go_in_the_order_of_their_sessions_and_once() {
    let app = app().await;
    let first = ended(&app, "ada").await;
    let running = app.live(&app.caller("bob").await).await;
    let third = ended(&app, "cem").await;
    app.clock.advance(31 * DAY_S * 1000);
    assert_eq!(app.studio.retention.round().await.expect("a round").feeds, 1);
    assert_eq!((events(&app, &first).await, events(&app, &third).await), (0, 2), "behind one that runs they wait");
    assert_eq!(app.store.feeds_pruned_to().await.expect("the store"), Some(first));
    app.studio.sessions.stop(&app.caller("bob").await, &running, None).await.expect("stopped");
    app.until(&running, "ended").await;
    app.clock.advance(31 * DAY_S * 1000);
    app.studio.retention.round().await.expect("a round");
    assert_eq!(events(&app, &third).await, 0);
    assert_eq!(app.studio.retention.round().await.expect("a round").feeds, 0, "nothing is looked at again");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_prunes_at_a_time() {
    let app = app().await;
    ended(&app, "ada").await;
    app.clock.advance(31 * DAY_S * 1000);
    let other = app.process(ServeConfig { replica: "another".into(), ..keeping() }, vault());
    let lease: SessionId = "retention".parse().expect("an id");
    assert!(app.store.claim_lease(&lease, "another", Duration::from_secs(60)).await.expect("the store"));
    assert_eq!(app.studio.retention.round().await.expect("a round"), Pruned::default(), "another has the lease");
    assert_eq!(other.studio.retention.round().await.expect("a round").feeds, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_recording_cannot_be_deleted_is_tried_again() {
    let app = app().await;
    let old = ended(&app, "ada").await;
    app.clock.advance(91 * DAY_S * 1000);
    app.relay.set_down(true);
    assert_eq!(app.studio.retention.round().await.expect("a round").sessions, 0);
    assert!(app.store.session(&old).await.expect("the store").is_some(), "it is still listed");
    app.relay.set_down(false);
    assert_eq!(app.studio.retention.round().await.expect("a round").sessions, 1);
    assert!(!app.relay.has_recording(&old));
    let all = SessionFilter { limit: 9, ..SessionFilter::default() };
    assert_eq!(app.store.sessions(&all).await.expect("the store"), Vec::new());
}
