//! Sums for reports, and webhook deliveries that are retried until accepted.

use super::harness::{NOW, TestApp, config, vault};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use footlight::{
    api::admin::DateRange,
    domain::account::Role,
    server::{auth::caller::Caller, error::StudioError, operations::outbox::signature, studio::Studio},
};
use std::sync::{Arc, Mutex};

const SECRET: &str = "a webhook secret of some length";

/// A server of an operator's: it refuses as often as it is told to, then takes everything.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<(u32, Vec<Told>)>>);

#[derive(Clone)]
struct Told {
    id: String,
    event: String,
    signature: String,
    body: String,
    taken: bool,
}

async fn take(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut state = server.0.lock().expect("no holder panics");
    let taken = state.0 == 0;
    state.0 = state.0.saturating_sub(1);
    let body = String::from_utf8(body.to_vec()).expect("text");
    state.1.push(Told {
        id: text("x-footlight-delivery"),
        event: text("x-footlight-event"),
        signature: text("x-footlight-signature"),
        body,
        taken,
    });
    if taken { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
}

impl Server {
    async fn start(refusals: u32) -> (Self, String) {
        let server = Self(Arc::new(Mutex::new((refusals, Vec::new()))));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let router = Router::new().route("/hook", post(take)).with_state(server.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        (server, address)
    }

    fn told(&self) -> Vec<Told> {
        self.0.lock().expect("no holder panics").1.clone()
    }
}

/// A process that tells this server.
fn telling(app: &TestApp, address: &str, allowed: bool) -> Studio {
    let hook = format!("http://{address}/hook");
    let mut pairs = vec![("FOOTLIGHT_WEBHOOKS", hook.as_str()), ("FOOTLIGHT_WEBHOOK_SECRET", SECRET)];
    if allowed {
        pairs.push(("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", address));
    }
    app.process(config(&pairs), vault()).studio
}

#[tokio::test]
async fn deliveries_are_ordered_signed_and_retried_over_restarts() {
    let mut app = TestApp::new().await;
    let (server, address) = Server::start(2).await;
    app.studio = telling(&app, &address, true);
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.studio.outbox.deliver().await.expect("a round");
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    app.studio.outbox.deliver().await.expect("a round");
    assert_eq!(server.told().len(), 1, "the second attempt is not due, and nothing overtakes the first");
    // The process is killed; another one finds the pending deliveries.
    app.studio = telling(&app, &address, true);
    for seconds in [1, 2, 1] {
        app.clock.advance(seconds * 1_000);
        app.studio.outbox.deliver().await.expect("a round");
    }
    let told = server.told();
    let events: Vec<_> = told.iter().map(|one| (one.event.as_str(), one.taken)).collect();
    assert_eq!(events, [("session.live", false), ("session.live", false), ("session.live", true), ("session.ended", true)]);
    assert!(told[..3].iter().all(|one| one.id == told[0].id && one.body == told[0].body), "one delivery, one name");
    for one in &told {
        let seconds = one.signature.strip_prefix("t=").and_then(|rest| rest.split(',').next()).and_then(|text| text.parse().ok());
        assert_eq!(one.signature, signature(SECRET.as_bytes(), seconds.expect("a time"), &one.body));
        let body: serde_json::Value = serde_json::from_str(&one.body).expect("json");
        assert_eq!((&body["event"], &body["session"]["sessionId"]), (&one.event.as_str().into(), &id.as_str().into()), "{body}");
        assert!(!one.body.contains("live_0123456789abcdef"), "no stream key: {}", one.body);
    }
    assert_eq!(app.store.pending_deliveries(9).await.expect("read"), Vec::new());
    // By hand, once more.
    let admin = Caller { user: footlight::domain::account::User { role: Role::Admin, ..(*ada.user).clone() }.into(), ..ada.clone() };
    let log = app.studio.outbox.list(&admin, Some(&id), None).await.expect("the log").deliveries;
    assert_eq!(
        log.iter().map(|line| (line.event.as_str(), line.attempts)).collect::<Vec<_>>(),
        [("session.ended", 1), ("session.live", 3)]
    );
    assert_eq!(log[0].result.as_deref(), Some("answered 204"));
    for unknown in ["", "unknown"] {
        let error = app.studio.outbox.resend(&admin, unknown).await.expect_err("no such delivery");
        assert!(matches!(error, StudioError::Refused(error) if error.status() == 404), "{unknown:?}");
    }
    app.studio.outbox.resend(&admin, &log[0].id).await.expect("due again");
    app.studio.outbox.deliver().await.expect("a round");
    assert_eq!(server.told().len(), 5);
    assert!(app.studio.outbox.list(&ada, None, None).await.is_err(), "only administrators");
}

#[tokio::test]
async fn private_servers_are_refused_dead_ones_given_up() {
    let mut app = TestApp::new().await;
    let (server, address) = Server::start(0).await;
    app.studio = telling(&app, &address, false);
    let ada = app.caller("ada").await;
    app.live(&ada).await;
    app.studio.outbox.deliver().await.expect("a round");
    let line = &app.store.pending_deliveries(9).await.expect("read")[0];
    assert!(line.result.as_deref().is_some_and(|words| !words.starts_with("answered")), "{line:?}");
    app.clock.advance(25 * 3600 * 1000);
    app.studio.outbox.deliver().await.expect("a round");
    let given_up = app.store.deliveries(None, None, 9).await.expect("read").into_iter().last().expect("the first");
    assert!(given_up.due.is_none() && given_up.result.as_deref().is_some_and(|words| words.starts_with("given up")), "{given_up:?}");
    assert!(server.told().is_empty());
}

#[tokio::test]
async fn a_session_is_summed_up_once_when_it_ends() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.caller("ada").await, app.caller("bob").await);
    let id = app.live(&ada).await;
    app.tick(90).await;
    app.play(&id, 80_000).await;
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    app.until(&id, "ended").await;
    app.studio.sessions.stop(&ada, &id, None).await.expect("said again");
    app.tick(5).await;
    let today = DateRange { from: NOW.to_rfc3339()[..10].to_owned(), to: String::new() };
    let own = app.studio.analytics.report(&ada, false, &today).await.expect("a report").report;
    assert_eq!((own.total.shows, own.total.failed), (1, 0));
    assert!((90_000..120_000).contains(&own.total.on_air_ms), "{own:?}");
    assert_eq!(own.ended, [("stopped".to_owned(), 1)]);
    assert_eq!((own.platforms[0].platform.as_str(), own.platforms[0].shows, own.platforms[0].uptime_ms), ("twitch", 1, 80_000));
    assert!(own.waited_p95_ms.is_some());
    assert_eq!(app.studio.analytics.report(&bob, false, &today).await.expect("a report").report.total.shows, 0);
    assert!(app.studio.analytics.report(&bob, true, &today).await.is_err(), "everybody's is for administrators");
    for (from, to) in [("2026-13-01", ""), ("2026-11-24", "2026-11-23"), ("2020-01-01", "2026-01-01")] {
        let span = DateRange { from: from.into(), to: to.into() };
        assert!(app.studio.analytics.report(&ada, false, &span).await.is_err(), "{from} {to}");
    }
    let story = app.studio.sessions.timeline(&ada, &id).await.expect("a story");
    assert!(story.lines.len() >= 4 && story.raw.is_none(), "{story:?}");
    assert!(app.studio.sessions.timeline(&bob, &id).await.is_err(), "a foreign stream is a missing one");
}
