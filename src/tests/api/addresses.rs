//! The addresses under which people find the studio: its own under every spelling, links from elsewhere, LiveKit's, and feeds behind a
//! proxy.

use super::harness::{Reply, TestServer};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use footlight::domain::key::Scope;
use http_body_util::BodyExt;
use serde_json::json;
use std::time::Duration;
use tower::ServiceExt;

/// What browsers send when somebody follows a link on another site.
const FOLLOWED: [(&str, &str); 3] = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

fn header_of(reply: &Reply, name: header::HeaderName) -> &str {
    reply.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_address_admits_the_origin_that_browsers_send() {
    for (configured, sent) in [
        ("http://LOCALHOST:21100", "http://localhost:21100"),
        ("https://studio.example:443", "https://studio.example"),
        ("https://Studio.Example", "https://studio.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:3000", "http://localhost:3000"),
        ("http://localhost:3000", "http://[::1]:3000"),
    ] {
        let server = TestServer::with(&[("PUBLIC_APP_URL", configured)]).await;
        let link = server.studio.accounts.first_sign_in(None).await.expect("the store").expect("the first start");
        let printed = link.split_once("/sign-in?token=").expect("a link").0.to_owned();
        let fields = [("name", "ada"), ("password", "correct horse battery")];
        for origin in [sent, &*printed] {
            let reply = server.form("/sign-in", &[("origin", origin)], &fields).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{configured} by {origin}: the password is looked at");
        }
        let me = server.call(Method::POST, "/rpc/accounts/me", &[("origin", sent)], Some(json!({}))).await;
        assert_eq!(me.status, StatusCode::OK, "{configured}: {me:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_another_name_the_refusal_names_the_right_address() {
    let server = TestServer::with(&[("PUBLIC_APP_URL", "https://Studio.Example:443")]).await;
    let person = server.streamer("ada").await;
    let headers = [("origin", "https://www.studio.example"), ("cookie", person.cookie.as_str())];
    let fields = [("name", "ada"), ("password", "correct horse")];
    let calls = [
        server.call(Method::POST, "/rpc/accounts/me", &headers, Some(json!({}))).await.body["message"].clone(),
        server.call(Method::POST, "/api/streaming/stop", &headers, Some(json!({ "sessionId": "x" }))).await.body["message"].clone(),
        server.form("/sign-in", &headers, &fields).await.body,
        server.form("/sign-up", &headers, &fields).await.body,
        server.form("/sign-out", &headers, &[]).await.body,
    ];
    for said in calls {
        let text = said.as_str().expect("a text");
        assert!(text.contains("another site") && text.contains("https://studio.example") && !text.contains("www.studio"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_elsewhere_is_opened_again_with_the_cookie() {
    let server = TestServer::new().await;
    let person = server.streamer("ada").await;
    let get = async |path: &str, headers: &[(&str, &str)]| server.call(Method::GET, path, headers, None).await;
    for path in ["/", "/go-live", "/sessions/01J", "/admin/sessions?state=live", "/stream/overlay?preview=agent"] {
        let first = get(path, &FOLLOWED).await;
        let html = first.body.as_str().expect("a page");
        assert_eq!(first.status, StatusCode::OK, "{path}");
        assert!(html.contains(r#"http-equiv="refresh" content="0""#) && !html.contains("<script"), "{html}");
        assert_eq!(header_of(&first, header::CACHE_CONTROL), "no-store");
        assert!(!first.headers.contains_key(header::SET_COOKIE), "nothing is done in its name");
        // As the refresh asks: from a page of ours, with the cookie.
        let own = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let again = get(path, &[&own[..], &[("cookie", &person.cookie)]].concat()).await;
        assert!(!again.body.as_str().expect("a page").contains("http-equiv=\"refresh\""), "{path}");
        assert_ne!(again.status, StatusCode::FOUND, "{path}: no way to sign-in");
    }
    let home = get("/", &[("cookie", &person.cookie)]).await;
    assert!(home.body.as_str().is_some_and(|html| html.contains("ada")), "the header knows them");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_links_that_come_without_the_cookie_are_opened_again() {
    let server = TestServer::new().await;
    let person = server.streamer("ada").await;
    let refreshed = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let reply = server.call(method, path, headers, None).await;
        reply.body.as_str().is_some_and(|html| html.contains("http-equiv=\"refresh\""))
    };
    let with = |more: (&'static str, &'static str)| [&FOLLOWED[..], &[more]].concat();
    assert!(refreshed(Method::GET, "/go-live", &FOLLOWED).await);
    assert!(refreshed(Method::GET, "/go-live", &with(("referer", "https://elsewhere.example/a"))).await);
    assert!(!refreshed(Method::GET, "/go-live", &with(("referer", "http://127.0.0.1:3000/go-live"))).await, "else it would never end");
    assert!(!refreshed(Method::GET, "/go-live", &[&FOLLOWED[..], &[("cookie", &person.cookie)]].concat()).await);
    assert!(!refreshed(Method::GET, "/go-live", &[]).await, "a program, or an address that was typed");
    assert!(!refreshed(Method::POST, "/sign-in", &FOLLOWED).await);
    let framed = [FOLLOWED[0], FOLLOWED[1], ("sec-fetch-dest", "iframe")];
    assert!(!refreshed(Method::GET, "/go-live", &framed).await);
    let fetched = [FOLLOWED[0], ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    assert!(!refreshed(Method::GET, "/go-live", &fetched).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_leads_back_to_the_whole_address() {
    let server = TestServer::new().await;
    let encoded = "/sign-in?next=/admin/sessions%3Fstate%3Dlive%26q%3Da%2526b";
    let sent = server.call(Method::GET, "/admin/sessions?state=live&q=a%26b", &[("accept", "text/html")], None).await;
    assert_eq!((sent.status, header_of(&sent, header::LOCATION)), (StatusCode::FOUND, encoded));
    let form = server.call(Method::GET, encoded, &[], None).await;
    assert!(form.body.as_str().is_some_and(|html| html.contains(&format!(r#"action="{encoded}""#))), "{form:?}");
    server.streamer("ada").await;
    let fields = [("name", "ada"), ("password", "correct horse")];
    let in_again = server.form(encoded, &[], &fields).await;
    assert_eq!(header_of(&in_again, header::LOCATION), "/admin/sessions?state=live&q=a%26b");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_reach_all_of_livekits_origin() {
    for (public, expected) in [
        ("ws://127.0.0.1:22990/livekit", "connect-src 'self' http://127.0.0.1:22990 ws://127.0.0.1:22990;"),
        ("https://Media.Example:443/rooms/", "connect-src 'self' https://media.example wss://media.example;"),
    ] {
        let server = TestServer::with(&[("FOOTLIGHT_LIVEKIT_PUBLIC_URL", public)]).await;
        let reply = server.call(Method::GET, "/sign-in", &[], None).await;
        let policy = header_of(&reply, header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains(expected), "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_passes_a_proxy_that_collects_four_kilobytes() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let key = server.key(&admin, None, &[Scope::Start]).await;
    let session = server.agent_show(&key).await;
    for path in [format!("/api/streaming/feed?sessionId={session}"), "/api/admin/feed".to_owned()] {
        let request = Request::builder().uri(&path).header("cookie", &admin.cookie).body(Body::empty()).expect("a request");
        let response = server.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, mut body) = response.into_parts();
        let named = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert_eq!((parts.status, named("content-type").as_str()), (StatusCode::OK, "text/event-stream"), "{path}");
        assert_eq!(named("x-accel-buffering"), "no");
        assert_eq!(named("cache-control"), "no-cache, no-transform");
        assert_eq!(named("content-encoding"), "");
        let mut came = Vec::new();
        while came.len() <= 4096 {
            let frame = tokio::time::timeout(Duration::from_secs(3), body.frame()).await.expect("in three seconds");
            came.extend(frame.expect("a frame").expect("no error").into_data().expect("data"));
        }
        assert!(came.starts_with(b": ") && came[..4096].iter().all(|byte| !byte.is_ascii_alphanumeric()), "{path}: a comment");
    }
}
