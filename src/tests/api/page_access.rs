//! Access to pages, and their response headers.

use super::harness::{Reply, TestServer};
use crate::support::wait::until;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use footlight::{domain::key::Scope, server::security::FromThisMachine};
use leptos::server_fn::axum::server_fn_paths;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The overlay page of a session that runs: the path and query that its egress opens.
async fn overlay_of(server: &TestServer, name: &str) -> String {
    overlay_at(server, name, "http://127.0.0.1:3000").await
}

/// The same where the egress opens it at another address.
async fn overlay_at(server: &TestServer, name: &str, address: &str) -> String {
    let person = server.streamer(name).await;
    let agent = server.agent(&person, "Nyx").await;
    let key = server.key(&person, Some(&agent), &[Scope::Start]).await;
    let before: Vec<_> = server.livekit.running().into_iter().map(|egress| egress.page_url).collect();
    let _ = server.agent_show(&key).await;
    let started = async || server.livekit.running().into_iter().map(|egress| egress.page_url).find(|page| !before.contains(page));
    let page = until("an egress", 10, started).await;
    page.strip_prefix(address).expect("our own address").to_owned()
}

async fn page(server: &TestServer, path: &str) -> Reply {
    server.call(Method::GET, path, &[], None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlay_page_needs_its_own_token() {
    let server = TestServer::new().await;
    let (ours, others) = (overlay_of(&server, "ada").await, overlay_of(&server, "bob").await);
    let token = ours.split_once("token=").expect("a token").1;
    let session = |url: &str| url.split_once("sessionId=").expect("a session").1.split('&').next().expect("an id").to_owned();
    let garbled = format!("{ours}x");
    let cases = [
        (ours.clone(), StatusCode::OK),
        (format!("/stream/overlay?sessionId={}", session(&ours)), StatusCode::UNAUTHORIZED),
        (format!("/stream/overlay?sessionId={}&token=", session(&ours)), StatusCode::UNAUTHORIZED),
        (format!("/stream/overlay?sessionId={}&token=nonsense", session(&ours)), StatusCode::UNAUTHORIZED),
        (garbled, StatusCode::UNAUTHORIZED),
        (format!("/stream/overlay?sessionId={}&token={token}", session(&others)), StatusCode::UNAUTHORIZED),
        (format!("/stream/overlay?token={token}"), StatusCode::UNAUTHORIZED),
    ];
    for (path, expected) in cases {
        let reply = page(&server, &path).await;
        let shown = path.replace(token, "<token>");
        assert_eq!(reply.status, expected, "{shown}");
        let html = reply.body.as_str().unwrap_or_default();
        assert_eq!(
            html.contains(r#"class="error""#),
            expected != StatusCode::OK,
            "an error is told where the egress looks for it: {shown}"
        );
    }
    server.clock.advance(24 * 3_600_000 + 60_000);
    assert_eq!(page(&server, &ours).await.status, StatusCode::UNAUTHORIZED, "a day later");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_address_works_only_for_the_owner() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.streamer("ada").await, server.streamer("bob").await);
    let key = server.key(&ada, None, &[Scope::Start]).await;
    let show = json!({ "streamType": "user", "streamTitle": "Ladder night", "destinations": [{ "platform": "rehearsal" }] });
    let started = server.post("/api/streaming/start", &key, show).await;
    let url = started.body["overlayUrl"].as_str().expect("an address").strip_prefix("http://127.0.0.1:3000").expect("our own").to_owned();
    let open = async |cookie: &str| server.call(Method::GET, &url, &[("cookie", cookie)], None).await;
    let shown = open(&ada.cookie).await;
    assert_eq!(shown.status, StatusCode::OK, "{url}");
    assert!(shown.body.as_str().is_some_and(|html| html.contains("Ladder night")), "it is the stream's own picture");
    assert!(!shown.headers.contains_key(header::SET_COOKIE), "a preview is no overlay");
    assert_eq!(open(&bob.cookie).await.status, StatusCode::NOT_FOUND, "somebody else's stream answers like none");
    assert_eq!(open("").await.status, StatusCode::UNAUTHORIZED);
    let made_up = async |query: &str| server.call(Method::GET, &format!("/stream/overlay?{query}"), &[("cookie", &ada.cookie)], None).await;
    assert_eq!(made_up("preview=agent&theme=light").await.status, StatusCode::OK);
    assert_eq!(made_up("preview=nonsense").await.status, StatusCode::NOT_FOUND);
    assert_eq!(made_up("preview=agent&theme=blue").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overlay_page_is_uncached_with_a_fresh_nonce() {
    let server = TestServer::new().await;
    let overlay = overlay_of(&server, "ada").await;
    let mut nonces = BTreeSet::new();
    for path in [overlay.as_str(), overlay.as_str(), "/", "/go-live"] {
        let reply = page(&server, path).await;
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        let nonce = policy.split_once("'nonce-").expect("a nonce").1.split('\'').next().expect("its end").to_owned();
        let html = reply.body.as_str().expect("a page");
        let scripts: Vec<_> = html.split("<script").skip(1).map(|script| script.split('>').next().expect("an opening tag")).collect();
        assert_ne!(scripts.len(), 0, "the page has scripts");
        for script in scripts.iter().filter(|script| !script.contains("application/json")) {
            assert!(script.contains(&format!(r#"nonce="{nonce}""#)), "{script}");
        }
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'") && !policy.contains("unsafe-inline"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        let (cache, referrer) = if path == overlay { ("no-store", "no-referrer") } else { ("private, no-cache", "same-origin") };
        assert_eq!((header("cache-control").as_str(), header("referrer-policy").as_str()), (cache, referrer));
        assert!(nonces.insert(nonce), "a nonce is used once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_https_sets_hsts_and_secure_cookies() {
    let studio = "https://studio.example";
    for (url, more, strict, secure) in [
        ("http://127.0.0.1:3000", ("FOOTLIGHT_TLS", "off"), false, false),
        (studio, ("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1"), true, true),
        (studio, ("FOOTLIGHT_ACME", "ada@studio.example"), true, true),
        (studio, ("FOOTLIGHT_TLS", "local"), false, true),
        ("https://192.168.1.20", ("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1"), false, true),
    ] {
        let server = TestServer::with(&[("PUBLIC_APP_URL", url), more]).await;
        let reply = page(&server, "/").await;
        assert_eq!(reply.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), strict, "{url} {more:?}");
        let signed_up = server.form("/sign-up", &[("origin", url)], &[("name", "ada"), ("password", "correct horse battery")]).await;
        assert_eq!(signed_up.status, StatusCode::SEE_OTHER);
        let cookie = signed_up.headers.get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{:?}", signed_up.body);
        assert_eq!(cookie.contains("Secure"), secure, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_egress_on_this_machine_opens_the_overlay_without_tls() {
    let settings = [("PUBLIC_APP_URL", "https://192.168.1.20"), ("FOOTLIGHT_EGRESS_URL", "http://127.0.0.1:3103")];
    let server = TestServer::with(&settings).await;
    let path = overlay_at(&server, "ada", "http://127.0.0.1:443").await;
    let request = Request::builder().uri(&path).extension(FromThisMachine).body(Body::empty()).expect("a request");
    let inside = server.send(request).await;
    assert_eq!(inside.status, StatusCode::OK, "{inside:?}");
    let cookie = inside.headers[header::SET_COOKIE].to_str().expect("a cookie");
    assert!(cookie.starts_with("footlight-overlay=") && !cookie.contains("Secure"), "browsers keep no other without TLS: {cookie}");
    let over_tls = page(&server, &path).await;
    let cookie = over_tls.headers[header::SET_COOKIE].to_str().expect("a cookie");
    assert!(cookie.starts_with("__Host-footlight-overlay=") && cookie.contains("Secure"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_functions_refuse_foreign_origins() {
    let server = TestServer::new().await;
    let person = server.streamer("ada").await;
    let paths: BTreeSet<(String, Method)> = server_fn_paths().map(|(path, method)| (path.to_owned(), method)).collect();
    assert!(paths.len() > 20, "the server functions are known: {}", paths.len());
    for (path, method) in paths {
        assert!(path.starts_with("/rpc/"), "{path} stands behind the door");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000.evil.example", "http://127.0.0.1:3001"] {
            let request = Request::builder().method(&method).uri(&path).header("cookie", &person.cookie).header("origin", origin);
            let reply = server.send(request.body(Body::empty()).expect("a request")).await;
            assert_eq!(
                (reply.status, &reply.body["code"]),
                (StatusCode::FORBIDDEN, &Value::from("forbidden")),
                "{method} {path} from {origin}"
            );
        }
    }
    let own = server
        .call(Method::POST, "/rpc/accounts/me", &[("origin", "http://127.0.0.1:3000"), ("cookie", &person.cookie)], Some(json!({})))
        .await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_signs_in_and_leads_on_or_says_why_not() {
    let server = TestServer::new().await;
    let right = [("name", "Ada"), ("password", "correct horse")];
    server.streamer("Ada").await;
    for (path, fields, origin, status, leads_or_says) in [
        ("/sign-in?next=%2Fadmin%2Fsessions%3Fq%3Da", &right[..], "http://127.0.0.1:3000", StatusCode::SEE_OTHER, "/admin/sessions?q=a"),
        ("/sign-in?next=//evil.example", &right[..], "http://127.0.0.1:3000", StatusCode::SEE_OTHER, "/"),
        ("/sign-in", &right[..], "https://evil.example", StatusCode::FORBIDDEN, "another site"),
        ("/sign-in", &[("name", "Ada"), ("password", "wrong horse")], "http://127.0.0.1:3000", StatusCode::UNAUTHORIZED, "role=\"alert\""),
        ("/sign-in", &[("name", "a"), ("name", "b")], "http://127.0.0.1:3000", StatusCode::UNPROCESSABLE_ENTITY, "Fill it in again"),
        (
            "/sign-up?next=/go-live",
            &[("name", "Ada"), ("password", "another horse")],
            "http://127.0.0.1:3000",
            StatusCode::UNPROCESSABLE_ENTITY,
            "role=\"alert\"",
        ),
        (
            "/sign-up?next=/go-live",
            &[("name", "Bob"), ("password", "another horse")],
            "http://127.0.0.1:3000",
            StatusCode::SEE_OTHER,
            "/go-live",
        ),
    ] {
        let reply = server.form(path, &[("origin", origin)], fields).await;
        assert_eq!(reply.status, status, "{path} {fields:?}: {reply:?}");
        let cookie = reply.headers.get(header::SET_COOKIE).is_some();
        assert_eq!(cookie, status == StatusCode::SEE_OTHER, "{path}: a cookie for who is let in, and only then");
        if cookie {
            assert_eq!(reply.headers[header::LOCATION], leads_or_says);
        } else {
            let page = reply.body.as_str().expect("a page");
            assert!(page.contains(leads_or_says) && page.contains("<form"), "{page}");
        }
    }
    let out = server.form("/sign-out", &[("origin", "http://127.0.0.1:3000"), ("cookie", "footlight=nobody")], &[]).await;
    assert_eq!((out.status, out.headers[header::LOCATION].to_str().ok()), (StatusCode::SEE_OTHER, Some("/")));
    assert!(out.headers[header::SET_COOKIE].to_str().expect("a cookie").contains("Max-Age=0"));
    let refused = server.form("/sign-out", &[("origin", "https://evil.example")], &[]).await;
    let page = refused.body.as_str().expect("a page");
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(page.contains("another site") && page.contains("role=\"alert\"") && page.contains("action=\"/sign-out\""), "{page}");
    assert!(refused.headers.get(header::SET_COOKIE).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sign_in_link_works_once() {
    let server = TestServer::new().await;
    let start = async |kept: Option<&str>| server.studio.accounts.first_sign_in(kept).await.expect("the store");
    let link = start(None).await.expect("the first start");
    assert_eq!(start(Some(&link)).await.as_deref(), Some(&*link), "a second start, before anybody came in");
    server.clock.advance(2 * 24 * 3_600_000);
    assert_eq!(start(Some(&link)).await.as_deref(), Some(&*link), "and one that comes days later");
    let token = link.split_once("token=").expect("a token").1;
    let take = async || server.form("/sign-in", &[], &[("token", token)]).await;
    let first = take().await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{first:?}");
    let cookie = first.headers[header::SET_COOKIE].to_str().expect("a cookie").split(';').next().expect("its value").to_owned();
    let me = server.call(Method::POST, "/rpc/accounts/me", &[("cookie", &cookie)], Some(json!({}))).await;
    assert_eq!(me.body["role"], "admin");
    let second = take().await;
    assert_eq!(second.status, StatusCode::UNAUTHORIZED, "{second:?}");
    assert!(second.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(start(Some(&link)).await, None, "a start after it was used");
    assert_eq!(start(None).await, None, "and one that kept none");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_home_page_lists_fifty_sessions_per_page() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "100")]).await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let key = server.key(&owner, Some(&agent), &Scope::ALL).await;
    let mut ids = Vec::new();
    for _ in 0..52 {
        let id = server.agent_show(&key).await;
        server.post("/api/streaming/stop", &key, json!({ "sessionId": id })).await;
        ids.push(id.to_string());
    }
    let listed = |html: &str| ids.iter().filter(|id| html.contains(&format!(r#"href="/sessions/{id}""#))).cloned().collect::<Vec<_>>();
    let open = async |path: &str| {
        let reply = server.call(Method::GET, path, &[("cookie", &owner.cookie)], None).await;
        reply.body.as_str().expect("a page").to_owned()
    };
    let first = open("/").await;
    assert_eq!(listed(&first), ids[2..]);
    assert!(!first.contains("Newest streams"));
    let older = format!("/?behind={}", ids[2]);
    assert!(first.contains(&format!(r#"href="{older}""#)), "the way to the older ones");
    let last = open(&older).await;
    assert_eq!(listed(&last), ids[..2]);
    assert!(last.contains("Newest streams") && !last.contains("Older streams"));
    assert!(open("/?behind=nonsense!").await.contains("There is no such stream."));
}
