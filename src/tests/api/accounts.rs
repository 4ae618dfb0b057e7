//! Sign-ins, passwords, keys and the audit log.

use super::harness::{Person, TestServer};
use axum::http::{Method, StatusCode};
use footlight::{
    api::accounts::{Credentials, NewApiKey},
    domain::{audit::AuditAction, key::Scope},
    server::{auth::origin::Origin, error::StudioError},
};
use serde_json::json;

fn credentials(password: &str) -> Credentials {
    Credentials { name: "Owner".into(), password: password.into() }
}

async fn enter(server: &TestServer, password: &str) -> Result<Person, u16> {
    match server.studio.accounts.sign_in(&credentials(password), &Origin::default()).await {
        Ok(signed_in) => Ok(Person { cookie: format!("footlight={}", signed_in.token) }),
        Err(StudioError::Refused(error)) => Err(error.status()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_new_password_signs_every_other_browser_out() {
    let server = TestServer::new().await;
    let here = server.streamer("Owner").await;
    let there = enter(&server, "correct horse").await.expect("signed in");
    let caller = server.caller(&here).await;
    assert_eq!(server.studio.accounts.sign_ins(&caller).await.expect("a list").iter().filter(|one| one.this_one).count(), 1);
    server.studio.accounts.change_password(&caller, Some("correct horse"), "battery staple", &Origin::default()).await.expect("changed");
    let status = |person: &Person| {
        let cookie = person.cookie.clone();
        let server = &server;
        async move { server.call(Method::GET, "/api/streaming/sessions", &[("cookie", &cookie)], None).await.status }
    };
    assert_eq!(status(&here).await, StatusCode::OK);
    assert_eq!(status(&there).await, StatusCode::UNAUTHORIZED);
    assert_eq!(enter(&server, "correct horse").await.err(), Some(401));
    enter(&server, "battery staple").await.expect("the new one counts");
}

#[tokio::test]
async fn a_user_can_sign_out_only_their_own_browsers() {
    let server = TestServer::new().await;
    let here = server.streamer("Owner").await;
    let there = enter(&server, "correct horse").await.expect("signed in");
    let other_user = server.streamer("Other").await;
    let caller = server.caller(&here).await;
    let other =
        server.studio.accounts.sign_ins(&caller).await.expect("a list").into_iter().find(|one| !one.this_one).expect("the other one");
    let foreign = server.studio.accounts.end_sign_in(&server.caller(&other_user).await, &other.id, &Origin::default()).await;
    assert!(matches!(foreign, Err(StudioError::Refused(error)) if error.status() == 404));
    server.studio.accounts.end_sign_in(&caller, &other.id, &Origin::default()).await.expect("ended");
    let refused = server.call(Method::GET, "/api/streaming/sessions", &[("cookie", &there.cookie)], None).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn password_guessing_is_throttled_and_audited() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    server.streamer("Owner").await;
    for _ in 0..10 {
        assert_eq!(enter(&server, "wrong horse!").await.err(), Some(401));
    }
    assert_eq!(enter(&server, "correct horse").await.err(), Some(429), "also the right one has to wait");
    let log = server.call(Method::GET, "/api/admin/audit?limit=3", &[("cookie", &admin.cookie)], None).await;
    let actions: Vec<_> = log.body["entries"].as_array().expect("lines").iter().map(|line| line["action"].clone()).collect();
    assert_eq!(actions, [json!("sign_in_throttled"), json!("sign_in_refused"), json!("account_made")]);
    assert_eq!(log.body["entries"][1]["count"], 10, "tries of one minute are one line");
    assert!(!log.body.to_string().contains("horse"), "a password is never written down");
    let cursor = log.body["nextCursor"].as_str().expect("a cursor");
    let next = server.call(Method::GET, &format!("/api/admin/audit?cursor={cursor}"), &[("cookie", &admin.cookie)], None).await;
    assert_eq!(next.body["entries"].as_array().map(Vec::len), Some(1), "{next:?}");
}

#[tokio::test]
async fn api_keys_are_shown_once_and_stored_hashed() {
    let server = TestServer::new().await;
    let admin = server.caller(&server.admin().await).await;
    let owner = server.streamer("Owner").await;
    let caller = server.caller(&owner).await;
    let wish = NewApiKey { name: "laptop".into(), agent_id: None, scopes: vec![Scope::Read, Scope::Read], expires_at: None };
    let made = server.studio.api_keys.make(&caller, &wish, &Origin::default()).await.expect("a key");
    assert!(made.text.starts_with("fl_") && made.text.len() == 46);
    assert!(!format!("{made:?}").contains(&made.text));
    let listed = serde_json::to_string(&server.studio.api_keys.list(&caller).await.expect("keys")).expect("json");
    assert!(listed.contains(&made.key.prefix) && !listed.contains(&made.text));
    let used = server.get("/api/streaming/sessions", &format!("Bearer {}", made.text)).await;
    assert_eq!(used.status, StatusCode::OK);
    let key = &server.studio.api_keys.list(&caller).await.expect("keys")[0];
    assert_eq!((key.last_used_at, &key.scopes), (Some(server.clock.now()), &vec![Scope::Read]));
    let log = server.studio.audit.entries(&admin, None, 10).await.expect("the log");
    let line = log.iter().find(|line| line.action == AuditAction::KeyMade).expect("a line");
    assert!(line.subject.starts_with(&made.key.prefix) && !line.subject.contains(&made.text));
}

#[tokio::test]
async fn a_key_that_cannot_be_is_refused_by_its_field() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let caller = server.caller(&owner).await;
    let fine = NewApiKey { name: "laptop".into(), agent_id: None, scopes: vec![Scope::Read], expires_at: None };
    let cases = [
        (NewApiKey { name: "  ".into(), ..fine.clone() }, Some("name")),
        (NewApiKey { name: "n".repeat(61), ..fine.clone() }, Some("name")),
        (NewApiKey { scopes: Vec::new(), ..fine.clone() }, Some("scopes")),
        (NewApiKey { expires_at: Some(server.clock.now()), ..fine.clone() }, Some("expiresAt")),
        (NewApiKey { agent_id: Some("unknown".parse().expect("an id")), ..fine }, None),
    ];
    for (wish, field) in cases {
        let refused = match server.studio.api_keys.make(&caller, &wish, &Origin::default()).await {
            Err(StudioError::Refused(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused.detail["field"].as_str(), field, "{wish:?}");
    }
}

#[tokio::test]
async fn a_saved_destination_moves_only_with_a_new_key() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let caller = server.caller(&owner).await;
    let typed = |value: serde_json::Value| serde_json::from_value(value).expect("a place");
    let kept = server
        .studio
        .destinations
        .save(&caller, None, typed(json!({ "platform": "twitch", "streamKey": "live_1234_abcd6f2a", "saveAs": "Main" })))
        .await;
    let kept = kept.expect("kept").destination;
    assert_eq!((kept.name.as_str(), kept.key_tail.as_str()), ("Main", "6f2a"));
    let renamed = server
        .studio
        .destinations
        .update(&caller, &kept.id, typed(json!({ "platform": "twitch", "saveAs": "Second" })))
        .await
        .expect("renamed");
    assert_eq!((renamed.destination.name.as_str(), renamed.destination.key_tail.as_str()), ("Second", "6f2a"));
    let refused = server.studio.destinations.update(&caller, &kept.id, typed(json!({ "platform": "youtube", "saveAs": "Second" }))).await;
    assert!(matches!(refused, Err(StudioError::Refused(error)) if error.detail["field"] == "streamKey"));
    let moved = server
        .studio
        .destinations
        .update(&caller, &kept.id, typed(json!({ "platform": "youtube", "streamKey": "abcd-efgh-9999" })))
        .await
        .expect("moved");
    assert_eq!(moved.destination.address.as_deref(), Some("rtmps://a.rtmps.youtube.com:443/live2"));
    let other_user = server.caller(&server.streamer("Other").await).await;
    let foreign = server.studio.destinations.update(&other_user, &kept.id, typed(json!({ "platform": "youtube" }))).await;
    assert!(matches!(foreign, Err(StudioError::Refused(error)) if error.status() == 404));
    server.studio.destinations.delete(&caller, &kept.id).await.expect("forgotten");
    assert_eq!(
        server.studio.destinations.list(&caller, None).await.expect("a list"),
        [] as [footlight::api::sessions::SavedDestinationView; 0]
    );
}

#[tokio::test]
async fn avatars_are_images_from_allowed_addresses() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let caller = server.caller(&owner).await;
    for hostile in [
        "http://example.com/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://10.0.0.8/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/a.png",
        "https://user:pw@example.com/a.png",
        "file:///etc/passwd",
        "https://localhost/a.png",
        "https://[::ffff:10.0.0.1]/",
        "not an address",
    ] {
        let refused = server.studio.agents.fetch_avatar(&caller, &agent.id, hostile).await;
        assert!(matches!(&refused, Err(StudioError::Refused(error)) if error.detail["field"] == "avatar"), "{hostile}: {refused:?}");
    }
    let png = b"\x89PNG\r\n\x1a\n picture".to_vec();
    server.studio.agents.set_avatar(&caller, &agent.id, png.clone()).await.expect("set");
    let path = format!("/api/streaming/agents/{}/avatar", agent.id);
    let shown = server.call(Method::GET, &path, &[], None).await;
    assert_eq!((shown.status, shown.headers["content-type"].to_str().ok()), (StatusCode::OK, Some("image/png")));
    server.studio.agents.set_avatar(&caller, &agent.id, Vec::new()).await.expect("taken away");
    assert_eq!(server.call(Method::GET, &path, &[], None).await.status, StatusCode::NOT_FOUND);
}
