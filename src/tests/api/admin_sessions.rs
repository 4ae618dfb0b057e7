//! Sessions for administrators: filters, stable pages, stopping several, draining.

use super::harness::{Person, TestServer};
use crate::support::wait::until;
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use serde_json::{Value, json};

async fn rpc(server: &TestServer, person: &Person, path: &str, body: Value) -> (StatusCode, Value) {
    let headers = [("origin", "http://127.0.0.1:3000"), ("cookie", person.cookie.as_str())];
    let reply = server.call(Method::POST, path, &headers, Some(body)).await;
    (reply.status, reply.body)
}

async fn overview(server: &TestServer, admin: &Person, wanted: Value) -> Value {
    let (status, body) = rpc(server, admin, "/rpc/admin/hall", json!({ "wanted": wanted })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

fn ids(overview: &Value) -> Vec<String> {
    overview["sessions"].as_array().expect("a list").iter().map(|one| one["sessionId"].as_str().expect("an id").to_owned()).collect()
}

/// Starts a rehearsal of a new owner; gives its id and the owner's key.
async fn show(server: &TestServer, name: &str, title: &str) -> (String, String) {
    let owner = server.streamer(name).await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let body = json!({ "streamType": "agent", "platform": "rehearsal", "streamTitle": title });
    let started = server.post("/api/streaming/start", &key, body).await;
    (started.body["sessionId"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned(), key)
}

#[tokio::test]
async fn the_admin_list_filters_searches_and_pages() {
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "1000"), ("FOOTLIGHT_MOST_SHOWS", "200")]).await;
    let admin = server.admin().await;
    let mut shows = Vec::new();
    for number in 0..6 {
        shows.push(show(&server, &format!("Owner {number}"), &format!("Match {number}")).await);
        server.clock.advance(60_000);
    }
    let newest = |range: std::ops::Range<usize>| range.rev().map(|number| shows[number].0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&overview(&server, &admin, json!({})).await), newest(0..6));
    server.post("/api/streaming/stop", &shows[2].1, json!({ "sessionId": shows[2].0 })).await;
    for (wanted, expected) in [
        (json!({ "show": "ended" }), newest(2..3)),
        (json!({ "show": "failed" }), vec![]),
        (json!({ "show": "all" }), newest(0..6)),
        (json!({ "search": "mATCH 4" }), newest(4..5)),
        (json!({ "search": "owner 5" }), newest(5..6)),
        (json!({ "search": shows[1].0 }), newest(1..2)),
        (json!({ "platform": "twitch" }), vec![]),
        (
            json!({ "show": "all", "platform": "rehearsal", "oldestFirst": true, "behind": shows[3].0 }),
            vec![shows[4].0.clone(), shows[5].0.clone()],
        ),
        (json!({ "show": "all", "from": "2026-11-23", "to": "2026-11-23" }), newest(0..6)),
        (json!({ "show": "all", "to": "2026-11-22" }), vec![]),
        (json!({ "show": "all", "from": "2026-11-24" }), vec![]),
    ] {
        assert_eq!(ids(&overview(&server, &admin, wanted.clone()).await), expected, "{wanted}");
    }
    // The next page begins where this one ended, whatever came on top meanwhile.
    let (late, _) = show(&server, "Latecomer", "Late").await;
    let behind = overview(&server, &admin, json!({ "show": "all", "behind": shows[3].0 })).await;
    assert_eq!(ids(&behind), newest(0..3));
    assert_eq!(ids(&overview(&server, &admin, json!({})).await).first(), Some(&late));
    let (status, body) = rpc(&server, &admin, "/rpc/admin/hall", json!({ "wanted": { "from": "yesterday" } })).await;
    assert_eq!((status.as_u16(), &body["detail"]["field"]), (422, &json!("from")), "{body}");
}

#[tokio::test]
async fn stopping_several_reports_each_result() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let ((one, key), (two, _)) = (show(&server, "Ada", "One").await, show(&server, "Bob", "Two").await);
    let body = json!({ "ids": [one, "nobody", two], "note": "Maintenance." });
    let (status, answers) = rpc(&server, &admin, "/rpc/admin/stop", body.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answers}");
    let of = |number: usize| answers[number]["result"].clone();
    assert_eq!((of(0)["Ok"]["status"].clone(), of(2)["Ok"]["status"].clone()), (json!("ended"), json!("ended")), "{answers}");
    assert_eq!(of(1)["Err"]["code"], json!("not_found"), "{answers}");
    let told = server.get(&format!("/api/streaming/status?sessionId={one}"), &key).await;
    assert!(told.body["endMessage"].as_str().is_some_and(|words| words.contains("Maintenance.")), "{told:?}");
    let other_user = server.streamer("Other").await;
    for (path, body) in
        [("/rpc/admin/hall", json!({ "wanted": {} })), ("/rpc/admin/stop", body), ("/rpc/admin/drain", json!({ "draining": true }))]
    {
        assert_eq!(rpc(&server, &other_user, path, body).await.0, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn draining_refuses_only_new_sessions() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let (running, key) = show(&server, "Ada", "One").await;
    assert_eq!(rpc(&server, &admin, "/rpc/admin/drain", json!({ "draining": true })).await.0, StatusCode::OK);
    let bob = server.streamer("Bob").await;
    let bobs = server.key(&bob, None, &Scope::ALL).await;
    let start = json!({ "streamType": "agent", "platform": "rehearsal" });
    let refused = server.post("/api/streaming/start", &bobs, start.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (503, &json!("unavailable")), "{refused:?}");
    assert!(overview(&server, &admin, json!({})).await["draining"].as_bool().expect("told"));
    assert_eq!(server.studio.sessions.preflight().await.lines[0].label, "The studio", "whoever is about to start a stream is told before");
    let replaced =
        server.post("/api/streaming/start", &key, json!({ "streamType": "agent", "platform": "rehearsal", "replace": true })).await;
    assert_eq!(replaced.status.as_u16(), 503, "nor in the place of a running one");
    let going_on = server.get(&format!("/api/streaming/status?sessionId={running}"), &key).await;
    assert_ne!(going_on.body["status"], json!("ended"));
    rpc(&server, &admin, "/rpc/admin/drain", json!({ "draining": false })).await;
    assert!(server.studio.sessions.preflight().await.lines.iter().all(|line| line.label != "The studio"));
    assert_eq!(server.post("/api/streaming/start", &bobs, start).await.status, StatusCode::CREATED);
    let log = server.call(Method::GET, "/api/admin/audit", &[("cookie", &admin.cookie)], None).await;
    let changes = log.body["entries"].as_array().map(|all| all.iter().filter(|one| one["action"] == "drain_changed").count());
    assert_eq!(changes, Some(2), "{log:?}");
}

#[tokio::test]
async fn the_export_has_all_rows_for_administrators_only() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    show(&server, "Ada", "Comma, and \"quotes\"").await;
    show(&server, "Bob", "=HYPERLINK(1)").await;
    let get =
        async |person: &Person| server.call(Method::GET, "/api/admin/sessions.csv?show=all", &[("cookie", &person.cookie)], None).await;
    let told = get(&admin).await;
    assert_eq!(told.status, StatusCode::OK);
    let text = told.body.as_str().expect("text");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("\"Comma, and \"\"quotes\"\"\"") && text.contains("'=HYPERLINK(1)"), "{text}");
    assert_eq!(get(&server.streamer("Other").await).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_administrators_see_egress_ids() {
    let server = TestServer::new().await;
    let admin = server.admin().await;
    let (id, key) = show(&server, "Ada", "One").await;
    let path = format!("/api/streaming/status?sessionId={id}");
    let look = async || {
        let seen = server.call(Method::GET, &path, &[("cookie", &admin.cookie)], None).await;
        if seen.body["egressId"].is_string() { Ok(()) } else { Err(seen) }
    };
    until("an egress id", 15, look).await;
    for path in [path, "/api/streaming/sessions".into()] {
        let told = server.get(&path, &key).await;
        assert!(!told.body.to_string().contains("EG_"), "{told:?}");
    }
}
