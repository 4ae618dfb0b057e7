//! Starts for others: administrators may, by sign-in and by a key with the scope `admin`; nobody else.

use super::harness::TestServer;
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use serde_json::{Value, json};

const START: &str = "/api/streaming/start";

fn rehearsal(stream_type: &str, extra: &Value) -> Value {
    let mut body = json!({ "streamType": stream_type, "platform": "rehearsal" });
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn administrators_start_for_any_user_and_agent() {
    let server = TestServer::new().await;
    let (admin, owner) = (server.admin().await, server.streamer("Owner").await);
    let id = server.caller(&owner).await.user.id.clone();
    let agent = server.agent(&owner, "Nyx").await;
    let (own, admins) = (server.key(&owner, None, &Scope::ALL).await, server.key(&admin, None, &Scope::WITH_ADMIN).await);
    let cookie = [("cookie", admin.cookie.as_str())];
    let body = rehearsal("user", &json!({ "userId": id }));
    let started = server.call(Method::POST, START, &cookie, Some(body.clone())).await;
    assert_eq!(started.status, StatusCode::CREATED, "{started:?}");
    let session = started.body["sessionId"].as_str().expect("an id").to_owned();
    let status = server.get(&format!("/api/streaming/status?sessionId={session}"), &own).await;
    assert_eq!((&status.body["owner"]["id"], &status.body["entityName"]), (&json!(id), &json!("Owner")), "{status:?}");
    let again = server.post(START, &own, rehearsal("user", &json!({}))).await;
    assert_eq!((again.status, &again.body["detail"]["sessionId"]), (StatusCode::CONFLICT, &json!(session)), "it is the owner's");

    let by_key = server.post(START, &admins, rehearsal("agent", &json!({ "agentId": agent.id, "userId": id }))).await;
    assert_eq!(by_key.status, StatusCode::CREATED, "{by_key:?}");
    let session = by_key.body["sessionId"].as_str().expect("an id").to_owned();
    let status = server.get(&format!("/api/streaming/status?sessionId={session}"), &own).await;
    assert_eq!(status.body["owner"], json!({ "kind": "agent", "id": agent.id }), "{status:?}");
    let game = format!("/api/streaming/agents/{}/game-started", agent.id);
    let named = server.post(&game, &admins, json!({ "lobbyId": "l1" })).await;
    assert_eq!((named.status, &named.body["sessionId"]), (StatusCode::OK, &json!(session)), "{named:?}");

    let audit = server.call(Method::GET, "/api/admin/audit", &cookie, None).await;
    let subject = json!(format!("{session} was started"));
    let entry = audit.body["entries"].as_array().into_iter().flatten().find(|entry| entry["subject"] == subject);
    let admin_id = server.caller(&admin).await.user.id.clone();
    assert_eq!(entry.map(|entry| &entry["user"]), Some(&json!(admin_id)), "{audit:?}");
}

#[tokio::test]
async fn nobody_else_starts_for_others() {
    let server = TestServer::new().await;
    let (admin, owner, other) = (server.admin().await, server.streamer("Owner").await, server.streamer("Other").await);
    let id = server.caller(&owner).await.user.id.clone();
    let (agent, admins_agent) = (server.agent(&owner, "Nyx").await, server.agent(&admin, "Ada").await);
    let others = server.key(&other, None, &Scope::ALL).await;
    let without = server.key(&admin, None, &Scope::ALL).await;
    let of_agent = server.key(&admin, Some(&admins_agent), &Scope::ALL).await;
    let with = server.key(&admin, None, &Scope::WITH_ADMIN).await;
    for (who, key, body, expected, field) in [
        ("another user", &others, rehearsal("user", &json!({ "userId": id })), StatusCode::FORBIDDEN, json!("userId")),
        ("another user", &others, rehearsal("agent", &json!({ "agentId": agent.id })), StatusCode::NOT_FOUND, Value::Null),
        ("a key without the scope", &without, rehearsal("user", &json!({ "userId": id })), StatusCode::FORBIDDEN, json!("userId")),
        ("a key without the scope", &without, rehearsal("agent", &json!({ "agentId": agent.id })), StatusCode::NOT_FOUND, Value::Null),
        ("an admin's agent", &of_agent, rehearsal("agent", &json!({ "userId": id })), StatusCode::FORBIDDEN, json!("userId")),
        ("an admin's agent", &of_agent, rehearsal("agent", &json!({ "agentId": agent.id })), StatusCode::NOT_FOUND, Value::Null),
        ("an admin", &with, rehearsal("user", &json!({ "userId": "nobody" })), StatusCode::NOT_FOUND, Value::Null),
        (
            "an admin",
            &with,
            rehearsal("agent", &json!({ "agentId": agent.id, "userId": server.caller(&other).await.user.id })),
            StatusCode::UNPROCESSABLE_ENTITY,
            json!("agentId"),
        ),
    ] {
        let reply = server.post(START, key, body.clone()).await;
        assert_eq!(reply.status, expected, "{who} {body}: {reply:?}");
        assert_eq!(reply.body["detail"]["field"], field, "{who} {body}: {reply:?}");
    }
    assert_eq!(server.store.active_sessions().await.expect("read").len(), 0);
}
