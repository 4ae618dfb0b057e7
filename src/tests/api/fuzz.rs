//! Random input never causes a panic or a 500. Seeds of failures are printed by proptest.

use super::harness::{SECRET, TestServer};
use axum::{
    body::Body,
    http::{Method, Request},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use footlight::domain::{
    address::{AllowList, check_address},
    key::Scope,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,24}".prop_map(Value::from),
        prop_oneof![
            Just("stat"),
            Just("event"),
            Just("decision"),
            Just("match"),
            Just("alert"),
            Just("rehearsal"),
            Just("agent"),
            Just("user")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            "[a-zA-Z]{1,10}".prop_map(String::from),
            prop_oneof![
                Just("kind"),
                Just("label"),
                Just("value"),
                Just("title"),
                Just("text"),
                Just("sides"),
                Just("id"),
                Just("at"),
                Just("events"),
                Just("sessionId"),
                Just("tone"),
                Just("egressInfo"),
                Just("egressId"),
                Just("room"),
                Just("name"),
                Just("event"),
                Just("confidence"),
                Just("tookMs"),
                Just("result")
            ]
            .prop_map(String::from),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Runs `cases` generated values through one server.
#[expect(clippy::needless_pass_by_value, reason = "closures are given where they are written")]
fn each<T: std::fmt::Debug>(
    cases: u32,
    values: impl Strategy<Value = T>,
    test: impl AsyncFn(&TestServer, &str, &str, T) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, key, session) = runtime.block_on(async {
        let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
        let owner = server.streamer("Owner").await;
        let key = server.key(&owner, None, &Scope::ALL).await;
        let session = server.agent_show(&key).await.to_string();
        (server, key, session)
    });
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&values, |value| runtime.block_on(test(&server, &key, &session, value)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn any_event_batch_is_answered_in_order() {
    each(80, prop::collection::vec(any_json(), 1..8), async |server, key, session, events| {
        let count = events.len();
        let reply = server.post("/api/streaming/events", key, json!({ "sessionId": session, "events": events })).await;
        prop_assert_eq!(reply.status.as_u16(), 200, "{:?}", reply);
        prop_assert_eq!(reply.body["results"].as_array().map(Vec::len), Some(count));
        Ok(())
    });
}

#[test]
fn any_body_of_any_call_is_refused_or_done() {
    let calls = prop::sample::select(vec![
        (Method::POST, "/api/streaming/start"),
        (Method::POST, "/api/streaming/room"),
        (Method::POST, "/api/streaming/destinations"),
        (Method::PATCH, "/api/streaming/overlay"),
        (Method::POST, "/api/streaming/events"),
        (Method::POST, "/api/streaming/agents/a1/game-started"),
    ]);
    each(60, (calls, any_json()), async |server, key, session, ((method, path), mut body)| {
        if let Some(body) = body.as_object_mut() {
            body.insert("sessionId".into(), json!(session));
        }
        let reply = server.call(method, path, &[("authorization", key)], Some(body)).await;
        prop_assert!(reply.status.as_u16() < 500, "{} {:?}", path, reply);
        Ok(())
    });
}

#[test]
fn any_webhook_body_is_refused_or_taken() {
    each(60, (any_json(), prop::collection::vec(any::<u8>(), 0..64), any::<bool>()), async |server, _, _, (event, bytes, whole)| {
        let body = if whole { event.to_string().into_bytes() } else { bytes };
        let claims =
            json!({ "iss": "devkey", "exp": server.clock.now().as_millis() / 1000 + 60, "sha256": STANDARD.encode(Sha256::digest(&body)) });
        let token =
            jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()));
        for authorization in [token.expect("signed"), String::from_utf8_lossy(&body).chars().filter(char::is_ascii_alphanumeric).collect()]
        {
            let request = Request::builder().method(Method::POST).uri("/api/webhooks/livekit").header("authorization", authorization);
            let reply = server.send(request.body(Body::from(body.clone())).expect("a request")).await;
            prop_assert!(reply.status.as_u16() < 500, "{:?}", reply);
        }
        Ok(())
    });
}

#[test]
fn no_overlay_token_but_ours_opens_anything() {
    each(60, "[A-Za-z0-9_.=-]{0,120}", async |server, _, session, token| {
        let cookie = format!("footlight-overlay={token}");
        for path in [format!("/api/streaming/feed?sessionId={session}"), "/api/streaming/heartbeat".to_owned()] {
            let method = if path.contains("feed") { Method::GET } else { Method::POST };
            let reply = server.call(method, &path, &[("cookie", &cookie)], Some(json!({}))).await;
            prop_assert_eq!(reply.status.as_u16(), 401, "{}", path);
        }
        Ok(())
    });
}

proptest! {
    #[test]
    fn the_address_guard_never_panics_or_admits_private(text in "(rtmps?://)?\\PC{0,60}") {
        if let Ok(target) = check_address(&text, &AllowList::default()) {
            prop_assert!(target.ip().is_none_or(footlight::domain::address::is_public), "{}", text);
        }
    }
}
