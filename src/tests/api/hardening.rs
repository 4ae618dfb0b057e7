//! What an answer, a key or a cookie gives away, and who counts as an administrator.

use super::harness::{Person, Reply, TestServer};
use crate::support::app::in_memory;
use axum::http::{Method, StatusCode, header};
use footlight::{
    api::accounts::{Credentials, NewApiKey},
    domain::{audit::AuditAction, key::Scope, session::Actor},
    server::{auth::origin::Origin, error::StudioError, livekit::Sandbox},
};
use serde_json::{Value, json};

const ORIGIN: &str = "http://127.0.0.1:3000";

async fn rpc(server: &TestServer, person: &Person, path: &str, body: Value) -> Reply {
    server.call(Method::POST, path, &[("origin", ORIGIN), ("cookie", person.cookie.as_str())], Some(body)).await
}

fn text<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A running show of a streamer with a host's room.
async fn foreign_show(server: &TestServer) -> (String, String) {
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let started = server.post("/api/streaming/start", &key, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    (started.body["sessionId"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned(), key)
}

#[tokio::test]
async fn an_admins_key_has_admin_power_by_its_scope_only() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "1000")]).await;
    let admin = server.admin().await;
    let (show, _) = foreign_show(&server).await;
    let plain = server.key(&admin, None, &Scope::ALL).await;
    let powerful = server.key(&admin, None, &Scope::WITH_ADMIN).await;
    let (status, list) = (format!("/api/streaming/status?sessionId={show}"), "/api/streaming/sessions".to_owned());
    assert_eq!(server.get(&status, &plain).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get(&status, &powerful).await.status, StatusCode::OK);
    assert_eq!(server.get(&list, &plain).await.body["sessions"], json!([]));
    assert_eq!(server.get(&list, &powerful).await.body["sessions"][0]["sessionId"], json!(show));
    let place = json!({ "platform": "custom", "customRtmpUrl": "rtmp://127.0.0.1:1935/live", "streamKey": "abcd1234" });
    for (method, path, body) in [
        (Method::POST, "/api/streaming/destinations", json!({ "sessionId": show, "add": [place] })),
        (Method::POST, "/api/streaming/room", json!({ "sessionId": show })),
        (Method::PATCH, "/api/streaming/overlay", json!({ "sessionId": show, "streamTitle": "Taken over" })),
        (Method::POST, "/api/streaming/events", json!({ "sessionId": show, "events": [{ "kind": "event", "text": "Hello" }] })),
        (Method::POST, "/api/streaming/stop", json!({ "sessionId": show })),
    ] {
        let refused = server.call(method, path, &[("authorization", &plain)], Some(body)).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}: {refused:?}");
    }
    for path in ["/api/admin/audit", "/api/admin/deliveries", "/api/admin/sessions.csv"] {
        assert_eq!(server.get(path, &plain).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(server.get(path, &powerful).await.status, StatusCode::OK, "{path}");
    }
    // The scope is an administrator's to give, to their own key, beside what the key may do.
    let agent = server.agent(&admin, "Nyx").await;
    let streamer = server.caller(&server.streamer("Other").await).await;
    let administrator = server.caller(&admin).await;
    for (caller, agent_id, scopes) in [
        (&streamer, None, Scope::WITH_ADMIN.to_vec()),
        (&administrator, Some(agent.id), Scope::WITH_ADMIN.to_vec()),
        (&administrator, None, vec![Scope::Admin]),
    ] {
        let wish = NewApiKey { name: "test".into(), agent_id, scopes, expires_at: None };
        let refused = server.studio.api_keys.make(caller, &wish, &Origin::default()).await;
        assert!(matches!(&refused, Err(StudioError::Refused(error)) if error.detail["field"] == "scopes"), "{refused:?}");
    }
}

#[tokio::test]
async fn the_timeline_and_the_audit_log_name_the_administrator_who_acted() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let (show, owners_key) = foreign_show(&server).await;
    let place = json!({ "platform": "custom", "customRtmpUrl": "rtmp://127.0.0.1:1935/live", "streamKey": "abcd1234" });
    let cookie = [("cookie", admin.cookie.as_str())];
    for (path, body) in [
        ("/api/streaming/destinations", json!({ "sessionId": show, "add": [place] })),
        ("/api/streaming/room", json!({ "sessionId": show })),
        ("/api/streaming/stop", json!({ "sessionId": show })),
    ] {
        let done = server.call(Method::POST, path, &cookie, Some(body)).await;
        assert_eq!(done.status, StatusCode::OK, "{path}: {done:?}");
    }
    let id = show.parse().expect("an id");
    let lines = server.store.timeline(&id).await.expect("a timeline");
    let changed = lines.iter().find(|line| line.what.starts_with("Destinations changed")).expect("a line");
    assert_eq!(changed.actor, Actor::Admin, "{lines:?}");
    let administrator = server.caller(&admin).await.user.id.clone();
    let log = server.store.audit(None, 50).await.expect("the log");
    let acted: Vec<_> = log.iter().filter(|line| line.action == AuditAction::ForeignSession).collect();
    assert_eq!(acted.len(), 3, "{log:?}");
    assert!(acted.iter().all(|line| line.user.as_ref() == Some(&administrator) && line.subject.starts_with(&show)), "{acted:?}");
    assert!(acted.iter().any(|line| line.subject.ends_with("room token")), "{acted:?}");
    // What owners do to their own is theirs, and no business of the audit log.
    let own = server.post("/api/streaming/start", &owners_key, json!({ "streamType": "agent", "platform": "rehearsal" })).await;
    server.post("/api/streaming/stop", &owners_key, json!({ "sessionId": own.body["sessionId"] })).await;
    let after = server.store.audit(None, 50).await.expect("the log");
    assert_eq!(after.iter().filter(|line| line.action == AuditAction::ForeignSession).count(), 3);
}

#[tokio::test]
async fn what_was_typed_at_a_refused_sign_in_is_in_no_log() {
    let server = TestServer::new().await;
    server.streamer("Owner").await;
    let try_in = async |name: &str| {
        let credentials = Credentials { name: name.into(), password: "wrong horse".into() };
        server.studio.accounts.sign_in(&credentials, &Origin::default()).await.expect_err("refused")
    };
    for _ in 0..12 {
        let _ = try_in("Canary password 7b30").await;
    }
    let _ = try_in("owner").await;
    let log = server.store.audit(None, 50).await.expect("the log");
    assert!(log.iter().any(|line| line.action == AuditAction::SignInThrottled), "{log:?}");
    assert!(!format!("{log:?}").to_lowercase().contains("canary"), "{log:?}");
    let known = log.iter().find(|line| line.action == AuditAction::SignInRefused && line.user.is_some()).expect("a line");
    assert_eq!(known.subject, "Owner", "the account's name, not what was typed");
}

#[tokio::test]
async fn a_reset_password_revokes_every_key_and_a_new_one_if_asked_to() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let (own, agents) = (server.key(&owner, None, &[Scope::Read]).await, server.key(&owner, Some(&agent), &[Scope::Read]).await);
    let works = async |key: &str| server.get("/api/streaming/sessions", key).await.status == StatusCode::OK;
    assert!(works(&own).await && works(&agents).await);
    let kept = rpc(&server, &owner, "/rpc/accounts/password", json!({ "old": "correct horse", "new": "battery staple" })).await;
    assert_eq!(kept.status, StatusCode::OK, "{kept:?}");
    assert!(works(&own).await && works(&agents).await, "programs go on unless asked otherwise");
    let body = json!({ "old": "battery staple", "new": "correct horse", "revoke_keys": true });
    let changed = rpc(&server, &owner, "/rpc/accounts/password", body).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert!(!works(&own).await && !works(&agents).await);
    let again = server.key(&owner, None, &[Scope::Read]).await;
    assert!(works(&again).await);
    server.studio.commands.reset_password("owner").await.expect("reset");
    assert!(!works(&again).await, "a key that a thief made does not outlive the password");
}

#[tokio::test]
async fn answers_with_tokens_and_keys_are_stored_nowhere() {
    let server = TestServer::new().await;
    let (show, key) = foreign_show(&server).await;
    let owner = Person { cookie: "footlight=none".into() };
    let room = server.post("/api/streaming/room", &key, json!({ "sessionId": show })).await;
    assert!(room.body.to_string().contains("token"), "{room:?}");
    assert_eq!(text(&room, "cache-control"), "no-store");
    let other = server.streamer("Other").await;
    let start = json!({ "streamType": "user", "platform": "rehearsal" });
    let started = server.call(Method::POST, "/api/streaming/start", &[("cookie", &other.cookie), ("origin", ORIGIN)], Some(start)).await;
    assert_eq!((started.status, text(&started, "cache-control")), (StatusCode::CREATED, "no-store"));
    let wish = json!({ "wish": { "name": "laptop", "scopes": ["read"] } });
    let made = rpc(&server, &other, "/rpc/settings/make-key", wish).await;
    assert_eq!((made.status, text(&made, "cache-control")), (StatusCode::OK, "no-store"), "{made:?}");
    assert!(made.body["text"].as_str().is_some_and(|text| text.starts_with("fl_")), "{made:?}");
    let refused = rpc(&server, &owner, "/rpc/settings/keys", json!({})).await;
    assert_eq!((refused.status, text(&refused, "cache-control")), (StatusCode::UNAUTHORIZED, "no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_framed_nowhere_and_their_policy_repeats_nothing() {
    let server = TestServer::new().await;
    for path in ["/", "/sign-in", "/api/docs", "/no-such-page", "/stream/overlay"] {
        let reply = server.call(Method::GET, path, &[], None).await;
        assert_eq!(text(&reply, "x-frame-options"), "DENY", "{path}");
        let policy = text(&reply, "content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        for directive in policy.split(';').map(str::trim) {
            let mut sources: Vec<&str> = directive.split_whitespace().collect();
            let all = sources.len();
            sources.sort_unstable();
            sources.dedup();
            assert_eq!(sources.len(), all, "{path}: {directive}");
        }
    }
}

/// The `name=value` of every cookie in an answer that is not cleared by it.
fn cookies(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    all.filter(|cookie| !cookie.contains("Max-Age=0")).map(|cookie| cookie.split(';').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_over_https_belong_to_this_host_and_an_upgrade_signs_nobody_out() {
    let url = "https://studio.example";
    let store = in_memory().await;
    let server = TestServer::over(store.clone(), &[("PUBLIC_APP_URL", url)]);
    let fields = [("name", "ada"), ("password", "correct horse battery")];
    let signed_up = server.form("/sign-up", &[("origin", url)], &fields).await;
    let whole = text(&signed_up, "set-cookie");
    assert!(whole.starts_with("__Host-footlight=") && whole.contains("Secure") && whole.contains("Path=/"), "{whole}");
    assert!(!whole.contains("Domain"), "{whole}");
    let cookie = cookies(&signed_up).pop().expect("one");
    let status = async |cookie: &str| server.call(Method::GET, "/api/streaming/sessions", &[("cookie", cookie)], None).await.status;
    assert_eq!(status(&cookie).await, StatusCode::OK);
    let planted = cookie.replace("__Host-", "");
    assert_eq!(status(&planted).await, StatusCode::UNAUTHORIZED, "a sibling subdomain can set the plain name only");
    // A sign-in from before the upgrade: its token has no mark, its cookie the plain name.
    let before = TestServer::over(store, &[]);
    let credentials = Credentials { name: fields[0].1.into(), password: fields[1].1.into() };
    let old = before.studio.accounts.sign_in(&credentials, &Origin::default()).await.expect("signed in").token;
    assert_eq!(status(&format!("footlight={old}")).await, StatusCode::OK);
    let out = server.form("/sign-out", &[("origin", url), ("cookie", &format!("footlight={old}"))], &[]).await;
    let cleared: Vec<_> = out.headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).collect();
    assert!(cleared.iter().any(|cookie| cookie.starts_with("__Host-footlight=;")), "{cleared:?}");
    assert!(cleared.iter().any(|cookie| cookie.starts_with("footlight=;")), "{cleared:?}");
    assert_eq!(status(&format!("footlight={old}")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_that_captures_have_no_sandbox() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    for (sandbox, words) in [
        (Sandbox::On, None),
        (Sandbox::Unknown, None),
        (Sandbox::Off, Some("FOOTLIGHT_EGRESS_NO_SANDBOX=1")),
        (Sandbox::Missing, Some("No capture can start")),
    ] {
        server.livekit.set_engine(2, sandbox);
        let overview = rpc(&server, &admin, "/rpc/admin/hall", json!({ "wanted": {} })).await;
        let warning = overview.body["capacity"]["warning"].as_str().unwrap_or_default();
        assert_eq!(warning.is_empty(), words.is_none(), "{sandbox:?}: {overview:?}");
        let page = server.call(Method::GET, "/admin/sessions", &[("cookie", &admin.cookie)], None).await;
        let page = page.body.as_str().expect("a page");
        assert!(words.is_none_or(|words| warning.contains(words) && page.contains(words)), "{sandbox:?}: {warning}");
    }
}
