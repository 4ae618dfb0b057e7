//! Access rules: every private route against every caller who must not use it.

use super::harness::{Person, TestServer};
use axum::http::{Method, StatusCode};
use footlight::{api::accounts::NewApiKey, domain::key::Scope, server::auth::origin::Origin};
use serde_json::{Value, json};

/// A private route: how it is called, which scope opens it, the status for another user.
type Route = (Method, String, Option<Value>, Option<Scope>, StatusCode);

fn routes(session: &str, agent: &str) -> Vec<Route> {
    use Scope::{Events, Read, Start, Stop};
    let missing = StatusCode::NOT_FOUND;
    let which = || Some(json!({ "sessionId": session }));
    let game = || Some(json!({ "lobbyId": "l1" }));
    vec![
        (
            Method::POST,
            "/api/streaming/start".into(),
            Some(json!({ "streamType": "agent", "platform": "rehearsal" })),
            Some(Start),
            StatusCode::CREATED,
        ),
        (Method::POST, "/api/streaming/stop".into(), which(), Some(Stop), missing),
        (Method::GET, format!("/api/streaming/status?sessionId={session}"), None, Some(Read), missing),
        (Method::GET, "/api/streaming/sessions".into(), None, Some(Read), StatusCode::OK),
        (Method::POST, "/api/streaming/room".into(), which(), Some(Start), missing),
        (Method::POST, "/api/streaming/destinations".into(), which(), Some(Start), missing),
        (
            Method::POST,
            "/api/streaming/destinations/retry".into(),
            Some(json!({ "sessionId": session, "destinationId": "01m83qsjvr7nmt1b6xwbq7wb93" })),
            Some(Start),
            missing,
        ),
        (
            Method::POST,
            "/api/streaming/destinations/test".into(),
            Some(json!({ "destinations": [{ "platform": "rehearsal" }] })),
            Some(Start),
            StatusCode::OK,
        ),
        (Method::PATCH, "/api/streaming/overlay".into(), which(), Some(Events), missing),
        (
            Method::POST,
            "/api/streaming/events".into(),
            Some(json!({ "sessionId": session, "events": [{ "kind": "event", "text": "x" }] })),
            Some(Events),
            missing,
        ),
        (Method::GET, format!("/api/streaming/feed?sessionId={session}"), None, Some(Read), missing),
        (Method::GET, format!("/api/streaming/recordings/{session}/index.m3u8"), None, Some(Read), missing),
        (Method::GET, format!("/api/streaming/thumbnails/{session}"), None, Some(Read), missing),
        (Method::POST, format!("/api/streaming/agents/{agent}/game-started"), game(), Some(Start), missing),
        (Method::POST, format!("/api/streaming/agents/{agent}/game-ended"), game(), Some(Stop), missing),
        (Method::PUT, format!("/api/streaming/agents/{agent}/avatar"), None, None, missing),
        (Method::DELETE, format!("/api/streaming/sessions/{session}"), None, None, missing),
        (Method::DELETE, format!("/api/streaming/recordings/{session}"), None, None, missing),
        (Method::GET, "/api/account/export".into(), None, None, StatusCode::OK),
        (Method::DELETE, "/api/account".into(), Some(json!({ "password": "not it" })), None, StatusCode::UNPROCESSABLE_ENTITY),
        (Method::DELETE, format!("/api/admin/accounts/{agent}"), None, None, StatusCode::FORBIDDEN),
        (Method::GET, "/api/admin/audit".into(), None, None, StatusCode::FORBIDDEN),
        (Method::GET, "/api/admin/sessions.csv".into(), None, None, StatusCode::FORBIDDEN),
        (Method::GET, "/api/admin/deliveries".into(), None, None, StatusCode::FORBIDDEN),
        (Method::POST, "/api/admin/deliveries/resend".into(), Some(json!({ "id": "x" })), None, StatusCode::FORBIDDEN),
        (Method::GET, "/api/admin/feed".into(), None, None, StatusCode::FORBIDDEN),
    ]
}

async fn expired_and_revoked(server: &TestServer, person: &Person) -> [String; 2] {
    let caller = server.caller(person).await;
    let wish =
        NewApiKey { name: "old".into(), agent_id: None, scopes: Scope::ALL.to_vec(), expires_at: Some(server.clock.now().plus_millis(1)) };
    let expired = server.studio.api_keys.make(&caller, &wish, &Origin::default()).await.expect("a key");
    let revoked = server.studio.api_keys.make(&caller, &NewApiKey { expires_at: None, ..wish }, &Origin::default()).await.expect("a key");
    server.clock.advance(1);
    server.studio.api_keys.revoke(&caller, &revoked.key.id, &Origin::default()).await.expect("revoked");
    [expired.text, revoked.text].map(|text| format!("Bearer {text}"))
}

#[tokio::test]
async fn private_routes_refuse_unauthorized_callers() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "1000")]).await;
    let (owner, other) = (server.streamer("Owner").await, server.streamer("Other").await);
    let agent = server.agent(&owner, "Nyx").await;
    let show = server.agent_show(&server.key(&owner, Some(&agent), &Scope::ALL).await).await;
    let [expired, revoked] = expired_and_revoked(&server, &owner).await;
    let others_key = server.key(&other, None, &Scope::ALL).await;
    for (method, path, body, scope, foreign) in routes(show.as_str(), agent.id.as_str()) {
        let name = format!("{method} {path}");
        let ask = |headers: Vec<(&'static str, String)>| {
            let (server, method, path, body) = (&server, method.clone(), path.clone(), body.clone());
            async move {
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let reply = server.call(method, &path, &headers, body).await;
                if reply.status.is_client_error() {
                    assert!(reply.body["code"].is_string() && reply.body["requestId"].is_string(), "{path}: {reply:?}");
                }
                reply.status
            }
        };
        assert_eq!(ask(vec![]).await, StatusCode::UNAUTHORIZED, "{name}: anonymous");
        for (words, key) in [("expired", &expired), ("revoked", &revoked), ("forged", &"Bearer fl_forged".to_owned())] {
            assert_eq!(ask(vec![("authorization", key.clone())]).await, StatusCode::UNAUTHORIZED, "{name}: {words} key");
        }
        assert_eq!(ask(vec![("cookie", other.cookie.clone())]).await, foreign, "{name}: another owner");
        let by_key = if scope.is_none() { StatusCode::FORBIDDEN } else { foreign };
        // A start is one's own: the other owner's second show is in the way of their first.
        let by_key = if path.ends_with("/start") { StatusCode::CONFLICT } else { by_key };
        assert_eq!(ask(vec![("authorization", others_key.clone())]).await, by_key, "{name}: another owner's key");
        for wrong in Scope::ALL.into_iter().filter(|wrong| Some(*wrong) != scope) {
            let key = server.key(&owner, Some(&agent), &[wrong]).await;
            assert_eq!(ask(vec![("authorization", key)]).await, StatusCode::FORBIDDEN, "{name}: only {}", wrong.name());
        }
        if method != Method::GET {
            let from_elsewhere = ask(vec![("cookie", owner.cookie.clone()), ("origin", "https://evil.example".into())]).await;
            assert_eq!(from_elsewhere, StatusCode::FORBIDDEN, "{name}: another site's page");
        }
    }
}

#[tokio::test]
async fn the_table_above_names_every_private_route() {
    let server = TestServer::new().await;
    let document = server.call(Method::GET, "/api/openapi.json", &[], None).await.body;
    let listed: Vec<(String, String)> = routes("SESSION", "AGENT")
        .into_iter()
        .map(|(method, path, ..)| {
            let path =
                path.split('?').next().unwrap_or_default().replace("AGENT", "{id}").replace("SESSION/index.m3u8", "{session}/{file}");
            (path.replace("SESSION", "{session}"), method.as_str().to_lowercase())
        })
        .collect();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let open = operation["security"]
                .as_array()
                .is_some_and(|all| all.iter().all(|one| one.as_object().is_some_and(serde_json::Map::is_empty)));
            let overlays = path == "/api/streaming/heartbeat";
            assert!(open || overlays || listed.contains(&(path.clone(), method.clone())), "{method} {path} is private and in no table");
        }
    }
}

#[tokio::test]
async fn an_agents_key_never_has_admin_rights() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let agent = server.agent(&admin, "Nyx").await;
    let key = server.key(&admin, Some(&agent), &Scope::ALL).await;
    let other_user = server.streamer("Other").await;
    let foreign = server.agent_show(&server.key(&other_user, None, &Scope::ALL).await).await;
    assert_eq!(server.get(&format!("/api/streaming/status?sessionId={foreign}"), &key).await.status, StatusCode::NOT_FOUND);
    let admins_own = server.key(&admin, None, &Scope::WITH_ADMIN).await;
    assert_eq!(server.get(&format!("/api/streaming/status?sessionId={foreign}"), &admins_own).await.status, StatusCode::OK);
    let own = server.agent_show(&admins_own).await;
    assert_eq!(server.post("/api/streaming/stop", &key, json!({ "sessionId": own })).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_owner_sees_and_stops_the_agents_show() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let show = server.agent_show(&server.key(&owner, Some(&agent), &Scope::ALL).await).await;
    let headers = [("cookie", owner.cookie.as_str())];
    let seen = server.call(Method::GET, "/api/streaming/sessions", &headers, None).await;
    assert_eq!(seen.body["sessions"][0]["sessionId"], json!(show));
    let stopped = server.call(Method::POST, "/api/streaming/stop", &headers, Some(json!({ "sessionId": show }))).await;
    assert_eq!((stopped.status, &stopped.body["status"]), (StatusCode::OK, &json!("ended")), "{stopped:?}");
}
