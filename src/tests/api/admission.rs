//! Admission, the same for the API and for server functions: every call has a bucket, and who asks is known before it is chosen.

use super::harness::TestServer;
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use leptos::server_fn::axum::server_fn_paths;
use serde_json::{Value, json};

/// More than the largest bucket holds.
const MOST: usize = 6_000;
const OWN: &str = "http://127.0.0.1:3000";

/// How often a call is taken until it is refused with the seconds to wait.
async fn taken(server: &TestServer, method: &Method, path: &str, headers: &[(&str, &str)]) -> usize {
    for count in 0..MOST {
        let body = (*method != Method::GET).then(|| json!({}));
        let reply = server.call(method.clone(), path, headers, body).await;
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(reply.headers.contains_key("retry-after"), "{method} {path}");
            return count;
        }
        assert_ne!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}: {:?}", reply.body);
    }
    panic!("{method} {path} is never refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_api_is_refused_in_the_end() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let document = server.get("/api/openapi.json", &key).await.body;
    let mut calls = 0;
    for (path, operations) in document["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/api/")) {
        for method in operations.as_object().expect("operations").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            taken(&server, &method, &path.replace("{id}", "01J00000000000000000000000"), &[("authorization", &key)]).await;
            calls += 1;
        }
    }
    assert!(calls > 15, "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_function_is_refused_in_the_end() {
    let server = TestServer::new().await;
    let person = server.streamer("Owner").await;
    let mut calls = 0;
    for (path, method) in server_fn_paths() {
        taken(&server, &method, path, &[("origin", OWN), ("cookie", &person.cookie)]).await;
        calls += 1;
    }
    assert!(calls > 20, "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_draw_from_one_bucket() {
    let server = TestServer::new().await;
    let person = server.streamer("Owner").await;
    let key = server.key(&person, None, &Scope::ALL).await;
    let through_rpc = taken(&server, &Method::POST, "/rpc/sessions/start", &[("origin", OWN), ("cookie", &person.cookie)]).await;
    assert_eq!(through_rpc, 20);
    assert_eq!(taken(&server, &Method::POST, "/api/streaming/start", &[("authorization", &key)]).await, 0);
    let own_stop = [("origin", OWN), ("cookie", person.cookie.as_str())];
    assert!(taken(&server, &Method::POST, "/rpc/sessions/stop", &own_stop).await > 20, "starts never shut out a stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_cookies_draw_from_their_address() {
    let server = TestServer::new().await;
    for name in ["footlight-overlay", "footlight"] {
        let mut refused = None;
        for n in 0..1_000 {
            let cookie = format!("{name}={n}");
            let reply = server.call(Method::GET, "/api/streaming/status?sessionId=none", &[("cookie", &cookie)], None).await;
            if reply.status == StatusCode::TOO_MANY_REQUESTS {
                refused = Some(n);
                break;
            }
        }
        assert!(refused.is_some_and(|n| n <= 120), "{name}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_overlay_cookie_shuts_nobody_out() {
    let server = TestServer::new().await;
    let person = server.streamer("Owner").await;
    let overlay = "footlight-overlay=of-a-show-that-is-over";
    let both = format!("{overlay}; {}", person.cookie);
    for (path, cookie, status) in [
        ("/sign-in", overlay, StatusCode::OK),
        ("/healthz", overlay, StatusCode::OK),
        ("/api/streaming/sessions", overlay, StatusCode::UNAUTHORIZED),
        ("/api/streaming/sessions", &both, StatusCode::OK),
    ] {
        assert_eq!(server.call(Method::GET, path, &[("cookie", cookie)], None).await.status, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_uses_up_the_tries_of_others() {
    let server = TestServer::new().await;
    let mut statuses = Vec::new();
    for n in 0..80 {
        let token = format!("invented{n}");
        statuses.push(server.form("/sign-in", &[("origin", OWN)], &[("token", &token)]).await.status.as_u16());
    }
    assert!(statuses.contains(&401) && statuses.contains(&429), "one address is slowed down: {statuses:?}");
    let limits = &server.studio.limits;
    limits.link("203.0.113.9").expect("another address may still try its link");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_got_wrong_is_no_server_error() {
    let server = TestServer::new().await;
    let person = server.streamer("Owner").await;
    let headers = [("origin", OWN), ("cookie", person.cookie.as_str()), ("content-type", "application/json")];
    for body in ["", "{", "[]", "{}", "\"text\"", "{\"show\": 1}"] {
        let reply = server.call_text(Method::POST, "/rpc/sessions/start", &headers, body).await;
        assert_eq!((reply.status, &reply.body["code"]), (StatusCode::BAD_REQUEST, &Value::from("bad_request")), "{body}: {:?}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_reasons_to_operators_only() {
    let server = TestServer::with(&[("FOOTLIGHT_METRICS_TOKEN", "a long enough token")]).await;
    let from = |address: &str| -> std::net::SocketAddr { format!("{address}:4000").parse().expect("an address") };
    let (here, elsewhere) = (from("127.0.0.1"), from("203.0.113.9"));
    let token = [("authorization", "Bearer a long enough token")];
    for (peer, headers, operator) in [(here, &[][..], true), (elsewhere, &[], false), (elsewhere, &token, true)] {
        let ready = server.call_from(peer, "/readyz", headers).await;
        assert_eq!(ready.body["ready"], Value::from(true));
        assert_eq!(ready.body["checks"].as_object().is_some_and(|checks| checks.len() == 2), operator, "{peer}: {:?}", ready.body);
        let metrics = server.call_from(peer, "/metrics", headers).await;
        assert_eq!(metrics.status == StatusCode::OK, operator, "{peer}");
    }
}
