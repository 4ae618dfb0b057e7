//! The OpenAPI document matches the routes.

use super::harness::TestServer;
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use serde_json::{Value, json};

pub async fn document(server: &TestServer) -> Value {
    let reply = server.call(Method::GET, "/api/openapi.json", &[], None).await;
    assert_eq!(reply.status, StatusCode::OK);
    reply.body
}

/// Every route in the sources is registered with its description.
#[tokio::test]
async fn routes_and_the_document_match() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "1000")]).await;
    let document = document(&server).await;
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let paths = document["paths"].as_object().expect("paths");
    for call in [
        ("post", "/api/streaming/start"),
        ("post", "/api/streaming/stop"),
        ("get", "/api/streaming/status"),
        ("get", "/api/streaming/sessions"),
        ("post", "/api/streaming/room"),
        ("post", "/api/streaming/heartbeat"),
        ("get", "/api/streaming/recordings/{session}/{file}"),
        ("post", "/api/streaming/agents/{id}/game-started"),
        ("post", "/api/streaming/agents/{id}/game-ended"),
        ("post", "/api/streaming/destinations"),
        ("patch", "/api/streaming/overlay"),
        ("post", "/api/streaming/events"),
        ("get", "/api/streaming/feed"),
        ("get", "/readyz"),
        ("post", "/api/webhooks/livekit"),
    ] {
        assert!(paths.get(call.1).is_some_and(|path| path.get(call.0).is_some()), "{call:?} is not described");
    }
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["summary"].is_string(), "{method} {path} has no words");
            assert!(operation["security"].is_array(), "{method} {path} does not say who may call it");
            let filled = path.replace("{id}", "a1").replace("{session}", "s1").replace("{file}", "index.m3u8");
            let method: Method = method.to_uppercase().parse().expect("a method");
            let reply = server.call(method.clone(), &filled, &[], Some(json!({}))).await;
            assert!(
                ![404, 405, 500].contains(&reply.status.as_u16()) || reply.body["message"] == "There is no such picture.",
                "{method} {path}: {reply:?}"
            );
            let status = reply.status.as_u16().to_string();
            assert!(operation["responses"].get(&status).is_some(), "{method} {path} answers {status}, which is not described");
        }
    }
    let source = include_str!("../../server/http.rs");
    let bare: Vec<&str> = source.lines().filter(|line| line.contains(".route(\"")).collect();
    assert_eq!(bare.len(), 1, "a route without a description: {bare:?}");
}

#[tokio::test]
async fn responses_have_the_documented_fields() {
    let server = TestServer::new().await;
    let document = document(&server).await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let started = server.post("/api/streaming/start", &key, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    let id = started.body["sessionId"].as_str().expect("an id").to_owned();
    let of = json!({ "sessionId": id });
    let room = server.post("/api/streaming/room", &key, of.clone()).await;
    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    let list = server.get("/api/streaming/sessions", &key).await;
    let overlay = server.call(Method::PATCH, "/api/streaming/overlay", &[("authorization", &key)], Some(of.clone())).await;
    let events =
        server.post("/api/streaming/events", &key, json!({ "sessionId": id, "events": [{ "kind": "event", "text": "x" }, {}] })).await;
    let destinations = server.post("/api/streaming/destinations", &key, json!({ "sessionId": id, "remove": ["x"] })).await;
    let error = server.post("/api/streaming/stop", &key, json!({})).await;
    let stopped = server.post("/api/streaming/stop", &key, of).await;
    for (name, body) in [
        ("StartResponse", &started.body),
        ("RoomAccess", &room.body),
        ("SessionView", &status.body),
        ("SessionPage", &list.body),
        ("ChangedOverlay", &overlay.body),
        ("EventResults", &events.body),
        ("ChangedDestinations", &destinations.body),
        ("ApiError", &error.body),
        ("StopResponse", &stopped.body),
    ] {
        check(&document, &document["components"]["schemas"][name], body, name);
    }
}

/// As much of JSON Schema as the document uses.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Err(fault) = fits(document, schema, value, at) {
        panic!("{fault}");
    }
}

pub fn fits(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let target = document.pointer(pointer).ok_or_else(|| format!("{at}: {name} is not in the document"))?;
        return fits(document, target, value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let faults: Vec<String> = choices.iter().filter_map(|choice| fits(document, choice, value, at).err()).collect();
        return if faults.len() < choices.len() { Ok(()) } else { Err(faults.join("; ")) };
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fits(document, part, value, at)?;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
    };
    let is = |wanted: &str| wanted == kind || (wanted == "number" && kind == "integer");
    let fine = match &schema["type"] {
        Value::String(wanted) => is(wanted),
        Value::Array(all) => all.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    if !fine {
        return Err(format!("{at} is {kind}, and the document says {}", schema["type"]));
    }
    if let Some(all) = schema["enum"].as_array().filter(|all| !all.contains(value)) {
        return Err(format!("{at} is {value}, and the document says {all:?}"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(name).is_none() {
            return Err(format!("{at} lacks {name}"));
        }
    }
    if let (Some(known), Some(fields)) = (schema["properties"].as_object(), value.as_object()) {
        for (name, of) in known {
            if let Some(field) = fields.get(name) {
                fits(document, of, field, &format!("{at}.{name}"))?;
            }
        }
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            fits(document, &schema["items"], item, &format!("{at}[{number}]"))?;
        }
    }
    Ok(())
}
