//! Each field that can be wrong: refused by its name, with nothing half-done.

use super::harness::TestServer;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use footlight::domain::key::Scope;
use serde_json::{Value, json};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn a_bad_field_is_named() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "1000")]).await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let agent = server.agent(&owner, "Nyx").await;
    let start = |extra: Value| {
        let mut body = json!({ "streamType": "agent", "platform": "rehearsal", "replace": true });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        body
    };
    let of = |extra: Value| {
        let mut body = json!({ "sessionId": id });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        body
    };
    let long = "x".repeat(200);
    let game = format!("/api/streaming/agents/{}/game-started", agent.id);
    let typed = |value: Value| json!({ "streamType": "agent", "replace": true, "destinations": [value] });
    let cases: Vec<(Method, &str, Value, &str)> = vec![
        (Method::POST, "/api/streaming/start", json!({ "platform": "rehearsal" }), "streamType"),
        (Method::POST, "/api/streaming/start", start(json!({ "streamType": "robot" })), "streamType"),
        (Method::POST, "/api/streaming/start", start(json!({ "streamTitle": long })), "streamTitle"),
        (Method::POST, "/api/streaming/start", start(json!({ "entityName": "a\u{1}b" })), "entityName"),
        (Method::POST, "/api/streaming/start", start(json!({ "currentLobbyId": long })), "currentLobbyId"),
        (Method::POST, "/api/streaming/start", start(json!({ "broadcastDelayMs": 600_001 })), "broadcastDelayMs"),
        (Method::POST, "/api/streaming/start", start(json!({ "broadcastDelayMs": -1 })), "broadcastDelayMs"),
        (Method::POST, "/api/streaming/start", start(json!({ "announces": ["hologram"] })), "announces"),
        (Method::POST, "/api/streaming/start", start(json!({ "platform": "myspace" })), "platform"),
        (Method::POST, "/api/streaming/start", start(json!({ "platform": "twitch" })), "streamKey"),
        (Method::POST, "/api/streaming/start", start(json!({ "platform": "kick", "streamKey": "abcd1234" })), "customRtmpUrl"),
        (Method::POST, "/api/streaming/start", start(json!({ "platform": "custom", "customRtmpUrl": "http://x/y" })), "customRtmpUrl"),
        (
            Method::POST,
            "/api/streaming/start",
            start(json!({ "platform": "custom", "customRtmpUrl": "rtmp://192.168.0.1/y" })),
            "customRtmpUrl",
        ),
        (Method::POST, "/api/streaming/start", json!({ "streamType": "agent", "streamKey": "abcd1234" }), "platform"),
        (Method::POST, "/api/streaming/start", json!({ "streamType": "agent" }), "destinations"),
        (Method::POST, "/api/streaming/start", typed(json!({ "platform": "twitch", "streamKey": "a b c d e f" })), "streamKey"),
        (
            Method::POST,
            "/api/streaming/start",
            json!({ "streamType": "agent", "destinations": vec![json!({ "platform": "rehearsal" }); 11] }),
            "destinations",
        ),
        (
            Method::POST,
            "/api/streaming/start",
            start(json!({ "video": { "width": 641, "height": 360, "framerate": 15, "bitrateKbps": 800 } })),
            "width",
        ),
        (Method::POST, "/api/streaming/start", start(json!({ "video": "8k" })), "video"),
        (Method::POST, "/api/streaming/start", start(json!({ "userId": "somebody-else" })), "userId"),
        (Method::POST, "/api/streaming/start", start(json!({ "agentId": agent.id, "streamType": "user" })), "agentId"),
        (Method::POST, "/api/streaming/start", start(json!({ "overlay": { "theme": "blue" } })), "overlay"),
        (Method::POST, "/api/streaming/stop", json!({}), "sessionId"),
        (Method::POST, "/api/streaming/stop", of(json!({ "force": true })), "force"),
        (Method::POST, "/api/streaming/stop", json!({ "sessionId": "../x" }), "sessionId"),
        (Method::POST, "/api/streaming/stop", of(json!({ "reason": "x".repeat(301) })), "reason"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "theme": "blue" })), "theme"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "showDecisions": "yes" })), "showDecisions"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "showEverything": true })), "showEverything"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "scene": "intermission" })), "scene"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "streamTitle": long })), "streamTitle"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "currentLobbyId": 7 })), "currentLobbyId"),
        (Method::PATCH, "/api/streaming/overlay", of(json!({ "startsAt": "soon" })), "startsAt"),
        (Method::POST, "/api/streaming/events", of(json!({})), "events"),
        (Method::POST, "/api/streaming/events", of(json!({ "events": [] })), "events"),
        (Method::POST, "/api/streaming/events", of(json!({ "events": vec![json!({ "kind": "event", "text": "x" }); 101] })), "events"),
        (Method::POST, "/api/streaming/events", of(json!({ "events": [{}], "broadcastDelayMs": 1_000_000 })), "broadcastDelayMs"),
        (Method::POST, "/api/streaming/destinations", of(json!({ "add": {} })), "add"),
        (Method::POST, &game, json!({}), "lobbyId"),
        (Method::POST, &game, json!({ "lobbyId": " " }), "lobbyId"),
        (Method::POST, &game, json!({ "lobbyId": long }), "lobbyId"),
    ];
    for (method, path, body, field) in cases {
        let reply = server.call(method, path, &[("authorization", &key)], Some(body.clone())).await;
        let expected = if field == "userId" { StatusCode::FORBIDDEN } else { StatusCode::UNPROCESSABLE_ENTITY };
        assert_eq!(reply.status, expected, "{path} {field}: {reply:?}");
        assert_eq!(reply.body["detail"]["field"], json!(field), "{path}: {reply:?}");
        assert!(reply.body["message"].as_str().is_some_and(|message| message.len() > 10), "{reply:?}");
    }
    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    assert_ne!(status.body["status"], json!("ended"), "a refused start ended the running stream");
    for (query, field) in [
        ("status?sessionId=", "sessionId"),
        ("status", "sessionId"),
        ("sessions?limit=0", "limit"),
        ("sessions?limit=101", "limit"),
        ("sessions?limit=many", "limit"),
        ("sessions?status=gone", "status"),
        ("sessions?platform=myspace", "platform"),
        ("sessions?from=yesterday", "from"),
        ("sessions?cursor=a/b", "cursor"),
        ("sessions?colour=red", "colour"),
        ("feed", "sessionId"),
        ("feed?sessionId=s&after=x", "after"),
    ] {
        let reply = server.get(&format!("/api/streaming/{query}"), &key).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {reply:?}");
        assert_eq!(reply.body["detail"]["field"], json!(field), "{query}: {reply:?}");
    }
}

#[tokio::test]
async fn api_errors_have_one_shape_and_a_request_id() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let raw = |method: Method, path: &str, kind: &str, body: Vec<u8>| {
        Request::builder()
            .method(method)
            .uri(path.to_owned())
            .header("authorization", key.clone())
            .header("content-type", kind.to_owned())
            .body(Body::from(body))
            .expect("a request")
    };
    let json_kind = "application/json";
    let cases = [
        (raw(Method::GET, "/api/nothing/here", json_kind, vec![]), 404, "not_found"),
        (raw(Method::DELETE, "/api/streaming/start", json_kind, vec![]), 405, "method_not_allowed"),
        (raw(Method::POST, "/api/streaming/start", json_kind, b"{".to_vec()), 400, "bad_request"),
        (raw(Method::POST, "/api/streaming/start", json_kind, b"[]".to_vec()), 422, "invalid"),
        (raw(Method::POST, "/api/streaming/start", "text/plain", b"{}".to_vec()), 400, "bad_request"),
        (raw(Method::POST, "/api/streaming/events", json_kind, vec![b' '; 600 * 1024]), 413, "too_large"),
        (raw(Method::POST, "/api/streaming/events", json_kind, vec![0xff, 0xfe]), 400, "bad_request"),
        (raw(Method::POST, "/api/webhooks/livekit", json_kind, b"{}".to_vec()), 401, "unauthenticated"),
        (raw(Method::GET, "/api/streaming/recordings/a%20b/x", json_kind, vec![]), 404, "not_found"),
        (raw(Method::GET, "/api/streaming/recordings/%ff/x", json_kind, vec![]), 404, "not_found"),
    ];
    for (number, (request, status, code)) in cases.into_iter().enumerate() {
        let path = request.uri().to_string();
        let reply = server.send(request).await;
        assert_eq!((reply.status.as_u16(), reply.body["code"].as_str()), (status, Some(code)), "case {number} {path}: {reply:?}");
        let id = reply.headers["x-request-id"].to_str().expect("an id");
        assert_eq!(reply.body["requestId"], json!(id), "{path}");
        assert_eq!(reply.headers["content-type"], "application/json", "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
    }
}
