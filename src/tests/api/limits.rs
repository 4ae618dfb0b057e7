//! Rate limits, session limits and CORS.

use super::harness::TestServer;
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use serde_json::json;

#[tokio::test]
async fn rate_limits_name_a_retry_time_per_caller() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let (own, agents) = (server.key(&owner, None, &Scope::ALL).await, server.key(&owner, Some(&agent), &Scope::ALL).await);
    let mut left = Vec::new();
    let refused = loop {
        let reply = server.post("/api/streaming/start", &own, json!({})).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            break reply;
        }
        left.push(reply.headers["ratelimit-remaining"].to_str().ok().and_then(|left| left.parse::<u32>().ok()).expect("said"));
        assert!(left.len() < 100, "never refused");
    };
    assert_eq!((left.first(), left.last()), (Some(&19), Some(&0)));
    let wait: u64 = refused.headers["retry-after"].to_str().ok().and_then(|wait| wait.parse().ok()).expect("seconds");
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!((&refused.body["code"], &refused.body["detail"]["retryAfter"]), (&json!("too_many_requests"), &json!(wait)));
    assert_eq!(refused.headers["ratelimit-limit"], "20");
    assert!(refused.body["requestId"].is_string());
    assert_eq!(server.get("/api/streaming/sessions", &own).await.status, StatusCode::OK, "another route");
    assert_eq!(
        server.post("/api/streaming/stop", &own, json!({})).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a stop is never shut out by starts"
    );
    assert_eq!(server.post("/api/streaming/start", &agents, json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY, "another caller");
}

#[tokio::test]
async fn guessing_keys_is_slowed_down() {
    let server = TestServer::new().await;
    let mut asked = 0;
    loop {
        let reply = server.get("/api/streaming/sessions", &format!("Bearer fl_guess{asked}")).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        asked += 1;
        assert!(asked < 1_000, "never refused");
    }
    assert!(asked >= 100, "{asked}");
}

#[tokio::test]
async fn sessions_are_limited_per_account_and_in_all() {
    let server = TestServer::with(&[("FOOTLIGHT_SHOWS_PER_ACCOUNT", "2"), ("FOOTLIGHT_MOST_SHOWS", "3")]).await;
    let (one, two) = (server.streamer("One").await, server.streamer("Two").await);
    let mut keys = Vec::new();
    for (person, name) in [(&one, "A"), (&one, "B"), (&one, "C"), (&two, "D"), (&two, "E")] {
        let agent = server.agent(person, name).await;
        keys.push(server.key(person, Some(&agent), &Scope::ALL).await);
    }
    let mut statuses = Vec::new();
    for key in &keys {
        let body = json!({ "streamType": "agent", "platform": "rehearsal" });
        statuses.push(server.post("/api/streaming/start", key, body).await.status.as_u16());
    }
    assert_eq!(statuses, [201, 201, 409, 201, 503]);
}

#[tokio::test]
async fn cors_allows_only_listed_origins() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    for (origin, allowed) in
        [("https://game.example", true), ("https://evil.example", false), ("https://game.example.evil.example", false), ("null", false)]
    {
        let preflight = [("origin", origin), ("access-control-request-method", "POST")];
        let asked = server.call(Method::OPTIONS, "/api/streaming/start", &preflight, None).await;
        assert_eq!(asked.headers.get("access-control-allow-origin").is_some(), allowed, "{origin}: {asked:?}");
        let called = server.call(Method::GET, "/api/streaming/sessions", &[("origin", origin), ("authorization", &key)], None).await;
        assert_eq!(called.headers.get("access-control-allow-origin").is_some(), allowed, "{origin}");
        assert!(called.headers.get("access-control-allow-credentials").is_none(), "no cookie goes with it");
    }
}
