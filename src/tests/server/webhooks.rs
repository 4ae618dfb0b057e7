//! LiveKit's webhooks over the real route: forged ones are refused, doubled ones count once, and recorded ones lead to the same
//! state in any order and with any one missing.

use super::harness::{API_KEY, API_SECRET, TestApp};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use footlight::{
    domain::ids::SessionId,
    net::tls,
    serve::router,
    server::{livekit::EgressPhase, relay::client::RelayClient, state::AppState},
};
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tower::ServiceExt;

pub fn door(app: &TestApp) -> Router {
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
    let relay = RelayClient::new(app.studio.config.relay.clone(), http);
    router(AppState::new(app.studio.clone(), relay, LeptosOptions::builder().output_name("footlight").build()))
}

fn signed(app: &TestApp, body: &[u8], secret: &str) -> String {
    let now = app.clock.wall().as_millis() / 1000;
    let claims = json!({ "iss": API_KEY, "nbf": now, "exp": now + 300, "sha256": STANDARD.encode(Sha256::digest(body)) });
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), &claims, &key).expect("signed")
}

async fn post(door: &Router, authorization: &str, body: Vec<u8>) -> StatusCode {
    let request = Request::post("/api/webhooks/livekit")
        .header(header::CONTENT_TYPE, "application/webhook+json")
        .header(header::AUTHORIZATION, authorization)
        .body(Body::from(body))
        .expect("a request");
    door.clone().oneshot(request).await.expect("an answer").status()
}

async fn deliver(app: &TestApp, door: &Router, event: &Value) -> StatusCode {
    let body = event.to_string().into_bytes();
    let authorization = signed(app, &body, API_SECRET);
    post(door, &authorization, body).await
}

#[tokio::test]
async fn only_signed_webhooks_are_accepted_once() {
    let app = TestApp::new().await;
    let door = door(&app);
    let event = json!({ "event": "egress_updated", "id": "EV_1", "egressInfo": { "egressId": "EG_x", "status": "EGRESS_DANCING" } });
    let body = event.to_string().into_bytes();
    assert_eq!(post(&door, "", body.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(&door, &signed(&app, &body, "another secret of thirty-two char"), body.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(&door, &signed(&app, b"{}", API_SECRET), body.clone()).await, StatusCode::UNAUTHORIZED);
    for _ in 0..3 {
        assert_eq!(deliver(&app, &door, &event).await, StatusCode::OK);
    }
    let kept = app.store.webhooks_of(&"EG_x".parse().expect("an id")).await.expect("the store");
    assert_eq!(kept.len(), 1, "kept once, with a state that nobody knows");
    let large = vec![b' '; 2 * 1024 * 1024];
    assert_eq!(post(&door, &signed(&app, &large, API_SECRET), large).await, StatusCode::PAYLOAD_TOO_LARGE);
    // Two without an id are two, each of them once.
    for (body, count) in [("EG_a", 1), ("EG_b", 1), ("EG_a", 1)] {
        let event = json!({ "event": "egress_started", "egressInfo": { "egressId": body } });
        assert_eq!(deliver(&app, &door, &event).await, StatusCode::OK);
        assert_eq!(app.store.webhooks_of(&body.parse().expect("an id")).await.expect("the store").len(), count);
    }
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let event = json!({ "event": "room_started", "id": format!("EV_room{number}"), "room": { "name": "stream-01x" } });
        let asked = Instant::now();
        assert_eq!(deliver(&app, &door, &event).await, StatusCode::OK);
        slowest = slowest.max(asked.elapsed());
    }
    println!("slowest answer {slowest:?}");
    assert!(slowest < Duration::from_secs(5));
}

#[tokio::test]
async fn webhooks_of_a_clock_that_is_ten_minutes_off_are_accepted() {
    for (step, accepted) in [(-600_000, true), (600_000, true), (-3_600_000, false), (3_600_000, false)] {
        let app = TestApp::new().await;
        let door = door(&app);
        let event = json!({ "event": "egress_updated", "id": "EV_1", "egressInfo": { "egressId": "EG_x" } });
        let body = event.to_string().into_bytes();
        let authorization = signed(&app, &body, API_SECRET);
        // The server's clock is the one that is off.
        app.clock.step(step);
        let status = post(&door, &authorization, body).await;
        assert_eq!(status == StatusCode::OK, accepted, "{step}: {status}");
        let whose = if accepted { "the egress" } else { "LiveKit" };
        let warnings = app.clock.warnings();
        assert!(warnings.iter().any(|told| told.contains(&format!("The clock of {whose} is "))), "{step}: {warnings:?}");
        // One in time takes the warning back.
        let body = json!({ "event": "room_started", "id": "EV_2", "room": { "name": "stream-01x" } }).to_string().into_bytes();
        assert_eq!(post(&door, &signed(&app, &body, API_SECRET), body).await, StatusCode::OK);
        assert!(!app.clock.warnings().iter().any(|told| told.contains("LiveKit")), "{step}");
    }
}

#[tokio::test]
async fn a_webhook_before_the_egress_is_stored_counts_later() {
    let app = TestApp::new().await;
    let door = door(&app);
    let ada = app.caller("ada").await;
    // The engine numbers its egresses, so the coming one's id is known here, as it is to a webhook that is faster than the answer.
    let ended = json!({ "event": "egress_ended", "id": "EV_early",
        "egressInfo": { "egressId": "EG_fake1", "status": "EGRESS_FAILED", "error": "page load error", "updatedAt": "1795421948792000000" } });
    assert_eq!(deliver(&app, &door, &ended).await, StatusCode::OK);
    let id = app.start(&ada).await.session.session_id;
    app.until(&id, "starting").await;
    app.tick(1).await;
    assert!(app.session(&id).await.generation.0 >= 2, "the one that was told to be over is replaced");
    let story = app.timeline(&id).await;
    assert!(story.iter().any(|line| line.what.contains("page load error")), "{story:?}");
}

/// What is left of a session when everything was delivered.
#[derive(Debug, PartialEq)]
struct Rest {
    state: String,
    generation: u32,
    running: usize,
}

async fn replay(app: &TestApp, door: &Router, owner: &str, bodies: &[Value], order: &[usize]) -> Rest {
    let caller = app.caller(owner).await;
    let id: SessionId = app.live(&caller).await;
    let egress = app.livekit.running().last().cloned().expect("one");
    for (delivery, index) in order.iter().enumerate() {
        let mut event = bodies[*index].clone();
        event["id"] = json!(format!("EV_{owner}_{index}"));
        event["egressInfo"]["egressId"] = json!(egress.id);
        event["egressInfo"]["web"]["url"] = json!(egress.page_url);
        // LiveKit's own truth by then: all of it has happened.
        if delivery == 0 {
            let last = &bodies[bodies.len() - 1]["egressInfo"];
            let phase = match last["status"].as_str() {
                Some("EGRESS_ACTIVE") => EgressPhase::Active,
                None | Some("EGRESS_STARTING") => EgressPhase::Starting,
                _ => EgressPhase::Over,
            };
            app.livekit.set_phase(&egress.id, phase, last["error"].as_str());
        }
        assert_eq!(deliver(app, door, &event).await, StatusCode::OK);
    }
    for _ in 0..3 {
        app.tick(1).await;
    }
    let session = app.session(&id).await;
    let rest = Rest { state: session.state.name().to_owned(), generation: session.generation.0, running: app.livekit.running().len() };
    app.studio.sessions.stop(&caller, &id, None).await.expect("stopped");
    app.until(&id, if session.state.is_over() { session.state.name() } else { "ended" }).await;
    app.nothing_left(&id).await;
    rest
}

#[tokio::test]
async fn recorded_webhooks_converge_in_any_order() {
    let app = TestApp::new().await;
    let door = door(&app);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures/livekit");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let mut replays = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let deliveries: Vec<Value> = serde_json::from_str(&text).expect("json");
        let bodies: Vec<Value> =
            deliveries.iter().map(|of| serde_json::from_str(of["body"].as_str().expect("a body")).expect("json")).collect();
        let straight: Vec<usize> = (0..bodies.len()).collect();
        let mut orders =
            vec![straight.clone(), straight.iter().rev().copied().collect(), straight.iter().flat_map(|of| [*of, *of]).collect()];
        if bodies.len() > 1 {
            orders.extend(straight.iter().map(|missing| straight.iter().copied().filter(|of| of != missing).collect::<Vec<_>>()));
        }
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut first: Option<Rest> = None;
        for (number, order) in orders.iter().enumerate() {
            let rest = replay(&app, &door, &format!("{name}-{number}"), &bodies, order).await;
            replays += 1;
            match &first {
                None => {
                    println!("{name}: {rest:?}");
                    first = Some(rest);
                }
                Some(first) => assert_eq!(&rest, first, "{name}, order {order:?}"),
            }
        }
    }
    println!("{replays} replays");
}
