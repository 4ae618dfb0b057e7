//! Deleting streams, recordings and accounts, by the API and by the forms of the pages.

use super::harness::{Person, Reply, TestServer};
use crate::support::wait::until;
use axum::http::{Method, StatusCode, header};
use footlight::domain::{ids::SessionId, key::Scope};
use serde_json::json;

const OWN: &str = "http://127.0.0.1:3000";

/// A rehearsal of the person's own.
async fn rehearsal(server: &TestServer, person: &Person) -> SessionId {
    let body = json!({ "streamType": "user", "streamTitle": "Ladder night", "platform": "rehearsal" });
    let started = server.call(Method::POST, "/api/streaming/start", &[("cookie", &person.cookie), ("origin", OWN)], Some(body)).await;
    assert_eq!(started.status, StatusCode::CREATED, "{started:?}");
    serde_json::from_value(started.body["sessionId"].clone()).expect("an id")
}

async fn stop(server: &TestServer, person: &Person, id: &SessionId) {
    let headers = [("cookie", person.cookie.as_str()), ("origin", OWN)];
    let over = async || {
        let reply = server.call(Method::POST, "/api/streaming/stop", &headers, Some(json!({ "sessionId": id }))).await;
        if reply.body["status"] == "ended" { Ok(()) } else { Err(reply) }
    };
    until("the end", 15, over).await;
    server.relay.record(id);
}

async fn delete(server: &TestServer, person: &Person, path: &str) -> Reply {
    server.call(Method::DELETE, path, &[("cookie", &person.cookie), ("origin", OWN)], None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_deleted_when_it_is_over_by_its_owner_or_an_admin() {
    let server = TestServer::new().await;
    let (admin, ada, bob) = (server.admin().await, server.streamer("ada").await, server.streamer("bob").await);
    let key = server.key(&ada, None, &Scope::ALL).await;
    let id = rehearsal(&server, &ada).await;
    let (stream, recording) = (format!("/api/streaming/sessions/{id}"), format!("/api/streaming/recordings/{id}"));
    for path in [&stream, &recording] {
        let running = delete(&server, &ada, path).await;
        assert_eq!(running.status, StatusCode::CONFLICT, "{running:?}");
        assert!(running.body["message"].as_str().is_some_and(|words| words.contains("End it first")), "{running:?}");
        assert_eq!(delete(&server, &bob, path).await.status, StatusCode::NOT_FOUND);
        let by_key = server.call(Method::DELETE, path, &[("authorization", &key)], None).await;
        assert_eq!(by_key.status, StatusCode::FORBIDDEN, "keys that were made to stream delete nothing: {by_key:?}");
    }
    stop(&server, &ada, &id).await;
    assert_eq!(delete(&server, &bob, &recording).await.status, StatusCode::NOT_FOUND);
    assert!(server.relay.has_recording(&id));
    assert_eq!(delete(&server, &ada, &recording).await.status, StatusCode::NO_CONTENT);
    assert!(!server.relay.has_recording(&id));
    assert_eq!(delete(&server, &ada, &recording).await.status, StatusCode::NOT_FOUND, "there is none any more");
    let told = server.store.timeline(&id).await.expect("the store");
    assert_eq!(told.last().map(|line| line.what.as_str()), Some("The recording was deleted."));
    assert_eq!(delete(&server, &ada, &stream).await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete(&server, &ada, &stream).await.status, StatusCode::NOT_FOUND);
    assert!(server.store.session(&id).await.expect("the store").is_none());
    // An administrator deletes anybody's, and the audit log says so.
    let other = rehearsal(&server, &bob).await;
    stop(&server, &bob, &other).await;
    assert_eq!(delete(&server, &admin, &format!("/api/streaming/sessions/{other}")).await.status, StatusCode::NO_CONTENT);
    assert!(!server.relay.has_recording(&other), "with its recording");
    let audit = server.call(Method::GET, "/api/admin/audit", &[("cookie", &admin.cookie)], None).await;
    let lines = audit.body["entries"].as_array().expect("entries");
    let deleted = lines.iter().filter(|line| line["action"] == "session_deleted").count();
    assert_eq!(deleted, 3, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_by_its_password() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.streamer("ada").await, server.streamer("bob").await);
    let key = server.key(&ada, None, &Scope::ALL).await;
    let id = rehearsal(&server, &ada).await;
    let ask = async |person: &Person, password: &str| {
        let headers = [("cookie", person.cookie.as_str()), ("origin", OWN)];
        server.call(Method::DELETE, "/api/account", &headers, Some(json!({ "password": password }))).await
    };
    let wrong = ask(&ada, "not it").await;
    assert_eq!((wrong.status, &wrong.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("password")));
    let export = server.call(Method::GET, "/api/account/export", &[("cookie", &ada.cookie)], None).await;
    assert_eq!((export.status, &export.body["account"]["name"]), (StatusCode::OK, &json!("ada")));
    assert!(export.headers[header::CONTENT_DISPOSITION].to_str().is_ok_and(|value| value.starts_with("attachment")));
    assert_eq!(export.body["sessions"][0]["session"]["sessionId"], json!(id));
    assert_eq!(ask(&ada, "correct horse").await.status, StatusCode::NO_CONTENT, "although it streams");
    assert_eq!(ask(&ada, "correct horse").await.status, StatusCode::UNAUTHORIZED, "signed out");
    assert_eq!(server.get("/api/streaming/sessions", &key).await.status, StatusCode::UNAUTHORIZED, "and its keys open nothing");
    assert!(server.store.session(&id).await.expect("the store").is_none());
    assert_eq!(server.call(Method::GET, "/api/account/export", &[("cookie", &bob.cookie)], None).await.status, StatusCode::OK);
    // The name is free again.
    server.streamer("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_deletes_any_account_but_the_last_admins() {
    let server = TestServer::new().await;
    let (admin, ada) = (server.admin().await, server.streamer("ada").await);
    let (own, other) = (server.caller(&admin).await.user.id.clone(), server.caller(&ada).await.user.id.clone());
    let path = |id: &dyn std::fmt::Display| format!("/api/admin/accounts/{id}");
    assert_eq!(delete(&server, &ada, &path(&own)).await.status, StatusCode::FORBIDDEN);
    let last = delete(&server, &admin, &path(&own)).await;
    assert_eq!(last.status, StatusCode::CONFLICT, "{last:?}");
    assert!(last.body["message"].as_str().is_some_and(|words| words.contains("only administrator")), "{last:?}");
    assert_eq!(delete(&server, &admin, &path(&other)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete(&server, &admin, &path(&other)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.call(Method::GET, "/api/account/export", &[("cookie", &ada.cookie)], None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_of_the_pages_delete_without_a_script() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.streamer("ada").await, server.streamer("bob").await);
    let id = rehearsal(&server, &ada).await;
    let page = format!("/sessions/{id}/delete");
    let open = async |person: &Person, path: &str| server.call(Method::GET, path, &[("cookie", &person.cookie)], None).await;
    let send = async |person: &Person, path: &str, origin: &str, fields: &[(&str, &str)]| {
        server.form(path, &[("cookie", &person.cookie), ("origin", origin)], fields).await
    };
    let shows = |reply: &Reply, words: &str| reply.body.as_str().is_some_and(|html| html.contains(words));
    let running = open(&ada, &page).await;
    assert!(running.status == StatusCode::OK && shows(&running, "End it first") && !shows(&running, "name=\"what\""), "{running:?}");
    let refused = send(&ada, &page, OWN, &[("what", "stream")]).await;
    assert!(refused.status == StatusCode::CONFLICT && shows(&refused, "End it first"), "{refused:?}");
    stop(&server, &ada, &id).await;
    assert_eq!(open(&bob, &page).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&bob, &page, OWN, &[("what", "stream")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&ada, &page, "https://evil.example", &[("what", "stream")]).await.status, StatusCode::FORBIDDEN);
    assert!(shows(&open(&ada, &page).await, "Ladder night"));
    for (what, next) in [("recording", format!("/sessions/{id}")), ("stream", "/".to_owned())] {
        let posted = send(&ada, &page, OWN, &[("what", what)]).await;
        assert_eq!((posted.status, posted.headers[header::LOCATION].to_str().ok()), (StatusCode::SEE_OTHER, Some(next.as_str())), "{what}");
    }
    assert!(server.store.session(&id).await.expect("the store").is_none() && !server.relay.has_recording(&id));
    let account = "/account/delete";
    let settings = open(&ada, "/settings").await;
    assert!(shows(&settings, "/account/delete") && shows(&settings, "/api/account/export"));
    assert!(shows(&open(&ada, account).await, "type=\"password\""));
    let wrong = send(&ada, account, OWN, &[("password", "not it")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && shows(&wrong, "The password is not right."), "{wrong:?}");
    assert_eq!(send(&ada, account, "https://evil.example", &[("password", "correct horse")]).await.status, StatusCode::FORBIDDEN);
    let gone = send(&ada, account, OWN, &[("password", "correct horse")]).await;
    assert_eq!((gone.status, gone.headers[header::LOCATION].to_str().ok()), (StatusCode::SEE_OTHER, Some("/")));
    assert_eq!(open(&ada, "/api/streaming/sessions").await.status, StatusCode::UNAUTHORIZED);
}
