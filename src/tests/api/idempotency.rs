//! `Idempotency-Key` at both doors, and statuses of what a caller got wrong.

use super::{contract::document, harness::TestServer};
use axum::http::{Method, StatusCode};
use footlight::{
    api::accounts::Credentials,
    domain::{audit::AuditAction, key::Scope},
    server::auth::origin::Origin,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_used_for_another_start_is_refused() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let start = async |body: Value| {
        let headers = [("authorization", key.as_str()), ("idempotency-key", "k")];
        server.call(Method::POST, "/api/streaming/start", &headers, Some(body)).await
    };
    let at_top = json!({ "streamType": "agent", "platform": "twitch", "streamKey": "live_0123456789abcdef" });
    let first = start(at_top.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let again = start(at_top).await;
    assert_eq!((again.status, &again.body["sessionId"]), (StatusCode::OK, &first.body["sessionId"]));
    let listed = json!({ "streamType": "agent", "destinations": [{ "platform": "twitch", "streamKey": "live_0123456789abcdef" }] });
    assert_eq!(start(listed).await.status, StatusCode::OK, "the same request, written in another way");
    let other = start(json!({ "streamType": "agent", "platform": "youtube", "streamKey": "abcd-efgh-ijkl" })).await;
    assert_eq!((other.status, &other.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("Idempotency-Key")), "{other:?}");
    assert!(!other.body.to_string().contains("abcd-efgh"));
}

#[tokio::test]
async fn a_change_of_destinations_can_be_sent_again() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let change = async |idempotency: &str, stream_key: &str| {
        let headers = [("authorization", key.as_str()), ("idempotency-key", idempotency)];
        let body = json!({ "sessionId": id, "add": [{ "platform": "twitch", "streamKey": stream_key }] });
        server.call(Method::POST, "/api/streaming/destinations", &headers, Some(body)).await
    };
    let first = change("k", "live_0123456789abcdef").await;
    assert_eq!((first.status, &first.body["results"][0]["success"]), (StatusCode::OK, &json!(true)), "{first:?}");
    let again = change("k", "live_0123456789abcdef").await;
    assert_eq!((again.status, &again.body["results"]), (StatusCode::OK, &first.body["results"]));
    assert_eq!(again.body["destinations"].as_array().map(Vec::len), Some(2));
    let other = change("k", "live_another_9876543").await;
    assert_eq!((other.status, &other.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("Idempotency-Key")), "{other:?}");
    let same_place = change("k2", "live_0123456789abcdef").await;
    assert_eq!(same_place.body["results"][0]["error"]["code"], "conflict", "{same_place:?}");
    assert_eq!(change(&"k".repeat(201), "live_0123456789abcdef").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn both_doors_refuse_what_the_caller_got_wrong() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let rehearsals = json!([{ "platform": "rehearsal" }, { "platform": "rehearsal" }]);
    let large = json!({ "width": 1920, "height": 1920, "framerate": 30, "bitrateKbps": 3000 });
    let bodies = [
        (json!({ "streamType": "agent", "replace": true, "destinations": rehearsals }), "destinations"),
        (json!({ "streamType": "agent", "replace": true, "destinations": [{ "platform": "rehearsal" }], "video": large }), "height"),
        (
            json!({ "streamType": "agent", "replace": true, "destinations": [{ "platform": "rehearsal" }], "idempotencyKey": "k".repeat(1_000) }),
            "Idempotency-Key",
        ),
    ];
    let origin = server.studio.config.app_url.clone();
    for (body, field) in bodies {
        let api = server.post("/api/streaming/start", &key, body.clone()).await;
        let headers = [("cookie", owner.cookie.as_str()), ("origin", origin.as_str())];
        let page = server.call(Method::POST, "/rpc/sessions/start", &headers, Some(json!({ "show": body }))).await;
        for reply in [api, page] {
            assert_eq!((reply.status, &reply.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{reply:?}");
        }
    }
    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    assert!(["pending", "starting"].contains(&status.body["status"].as_str().expect("said")), "nothing was ended for it: {status:?}");
}

#[tokio::test]
async fn the_document_names_the_header() {
    let document = document(&TestServer::new().await).await;
    for path in ["/api/streaming/start", "/api/streaming/destinations"] {
        let parameters = document["paths"][path]["post"]["parameters"].as_array().expect("parameters");
        assert!(parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header"), "{path}");
    }
}

#[tokio::test]
async fn refused_sign_ins_of_a_minute_are_one_line() {
    let server = TestServer::new().await;
    let admin = server.caller(&server.admin().await).await;
    let origin = |last: u8| Origin { address: Some([203, 0, 113, last].into()), browser: String::new() };
    let unknown = Credentials { name: "zz".into(), password: "not a password".into() };
    for _ in 0..200 {
        server.studio.accounts.sign_in(&unknown, &origin(7)).await.expect_err("refused");
    }
    let log = server.studio.audit.entries(&admin, None, 100).await.expect("the log");
    let lines = |action| log.iter().filter(|line| line.action == action).map(|line| line.count).collect::<Vec<_>>();
    let (refused, throttled) = (lines(AuditAction::SignInRefused), lines(AuditAction::SignInThrottled));
    assert_eq!((refused.len(), throttled.len()), (1, 1), "{log:?}");
    assert_eq!(refused[0] + throttled[0], 200);
    server.clock.advance(60_000);
    server.studio.accounts.sign_in(&unknown, &origin(7)).await.expect_err("refused");
    server.studio.accounts.sign_in(&unknown, &origin(8)).await.expect_err("refused");
    let log = server.studio.audit.entries(&admin, None, 100).await.expect("the log");
    let all = log.iter().filter(|line| [AuditAction::SignInRefused, AuditAction::SignInThrottled].contains(&line.action));
    assert_eq!(all.count(), 4, "another minute and another address are lines of their own: {log:?}");
}
