//! What administrators see of the checks, and that nobody else does.

use super::harness::{Person, Reply, TestServer};
use axum::http::{Method, StatusCode};
use footlight::server::operations::doctor::Extent;
use serde_json::{Value, json};

async fn rpc(server: &TestServer, person: &Person, path: &str) -> Reply {
    let headers = [("origin", "http://127.0.0.1:3000"), ("cookie", person.cookie.as_str())];
    server.call(Method::POST, path, &headers, Some(json!({}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_report_is_for_administrators() {
    let server = TestServer::new().await;
    let (admin, streamer) = (server.admin().await, server.streamer("ada").await);
    assert_eq!(rpc(&server, &streamer, "/rpc/admin/health").await.status, StatusCode::FORBIDDEN);
    let (own, elsewhere) = (("origin", "http://127.0.0.1:3000"), ("origin", "https://evil.example"));
    for (headers, status) in [
        (&[own][..], StatusCode::UNAUTHORIZED),
        (&[own, ("cookie", &streamer.cookie)], StatusCode::FORBIDDEN),
        (&[elsewhere, ("cookie", &admin.cookie)], StatusCode::FORBIDDEN),
    ] {
        assert_eq!(server.form("/admin/health", headers, &[]).await.status, status, "{headers:?}");
    }
    let none = rpc(&server, &admin, "/rpc/admin/health").await;
    assert_eq!((none.status, none.body), (StatusCode::OK, Value::Null));
    let page = async || {
        let reply = server.call(Method::GET, "/admin/health", &[("cookie", &admin.cookie)], None).await;
        assert_eq!(reply.status, StatusCode::OK);
        reply.body.as_str().expect("a page").to_owned()
    };
    assert!(page().await.contains("Not checked since the start"));
    server.relay.set_down(true);
    server.studio.doctor.run(Extent { quick: true, offline: true }).await.expect("a report");
    let last = rpc(&server, &admin, "/rpc/admin/health").await;
    let relay = last.body["checks"].as_array().and_then(|checks| checks.iter().find(|check| check["name"] == "relay")).cloned();
    let relay = relay.unwrap_or_else(|| panic!("{last:?}"));
    assert_eq!(relay["outcome"], "fail");
    let shown = page().await;
    let advice = relay["advice"].as_str().expect("what to do");
    assert!(shown.contains("data-state=\"bad\"") && shown.contains(advice), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_check_page_without_a_check() {
    let server = TestServer::new().await;
    for path in ["/stream/check", "/stream/check?ticket=01kb3n5q4r6s7t8v9w0x1y2z3a"] {
        assert_eq!(server.call(Method::GET, path, &[], None).await.status, StatusCode::NOT_FOUND, "{path}");
        let report = Some(json!({ "result": "open", "path": "udp 192.0.2.1:7882" }));
        assert_eq!(server.call(Method::POST, path, &[], report).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
