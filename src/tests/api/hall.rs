//! The whole house, as administrators have it: filters, pages under a moving list, several stopped at once, no new shows.

use super::house::{House, Person};
use axum::http::{Method, StatusCode};
use footlight::domain::key::Scope;
use serde_json::{Value, json};

async fn rpc(house: &House, person: &Person, path: &str, body: Value) -> (StatusCode, Value) {
    let headers = [("origin", "http://127.0.0.1:3000"), ("cookie", person.cookie.as_str())];
    let reply = house.call(Method::POST, path, &headers, Some(body)).await;
    (reply.status, reply.body)
}

async fn hall(house: &House, admin: &Person, wanted: Value) -> Value {
    let (status, body) = rpc(house, admin, "/rpc/admin/hall", json!({ "wanted": wanted })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

fn ids(hall: &Value) -> Vec<String> {
    hall["sessions"].as_array().expect("a list").iter().map(|one| one["sessionId"].as_str().expect("an id").to_owned()).collect()
}

/// Starts a rehearsal of a new owner; gives its id and the owner's key.
async fn show(house: &House, name: &str, title: &str) -> (String, String) {
    let owner = house.streamer(name).await;
    let key = house.key(&owner, None, &Scope::ALL).await;
    let body = json!({ "streamType": "agent", "platform": "rehearsal", "streamTitle": title });
    let started = house.post("/api/streaming/start", &key, body).await;
    (started.body["sessionId"].as_str().unwrap_or_else(|| panic!("{started:?}")).to_owned(), key)
}

#[tokio::test]
async fn the_list_is_filtered_searched_and_paged_while_shows_come_and_go() {
    let house = House::with(&[("FOOTLIGHT_RATE_FACTOR", "1000"), ("FOOTLIGHT_MOST_SHOWS", "200")]).await;
    let admin = house.admin().await;
    let mut shows = Vec::new();
    for number in 0..6 {
        shows.push(show(&house, &format!("Owner {number}"), &format!("Match {number}")).await);
        house.clock.advance(60_000);
    }
    let newest = |range: std::ops::Range<usize>| range.rev().map(|number| shows[number].0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&hall(&house, &admin, json!({})).await), newest(0..6));
    house.post("/api/streaming/stop", &shows[2].1, json!({ "sessionId": shows[2].0 })).await;
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
        assert_eq!(ids(&hall(&house, &admin, wanted.clone()).await), expected, "{wanted}");
    }
    // The next page begins where this one ended, whatever came on top meanwhile.
    let (late, _) = show(&house, "Latecomer", "Late").await;
    let behind = hall(&house, &admin, json!({ "show": "all", "behind": shows[3].0 })).await;
    assert_eq!(ids(&behind), newest(0..3));
    assert_eq!(ids(&hall(&house, &admin, json!({})).await).first(), Some(&late));
    let (status, body) = rpc(&house, &admin, "/rpc/admin/hall", json!({ "wanted": { "from": "yesterday" } })).await;
    assert_eq!((status.as_u16(), &body["detail"]["field"]), (422, &json!("from")), "{body}");
}

#[tokio::test]
async fn several_are_stopped_for_one_reason_and_what_cannot_be_is_told_by_itself() {
    let house = House::new().await;
    let admin = house.admin().await;
    let ((one, key), (two, _)) = (show(&house, "Ada", "One").await, show(&house, "Bob", "Two").await);
    let body = json!({ "ids": [one, "nobody", two], "note": "The hall closes." });
    let (status, answers) = rpc(&house, &admin, "/rpc/admin/stop", body.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answers}");
    let of = |number: usize| answers[number]["result"].clone();
    assert_eq!((of(0)["Ok"]["status"].clone(), of(2)["Ok"]["status"].clone()), (json!("ended"), json!("ended")), "{answers}");
    assert_eq!(of(1)["Err"]["code"], json!("not_found"), "{answers}");
    let told = house.get(&format!("/api/streaming/status?sessionId={one}"), &key).await;
    assert!(told.body["endMessage"].as_str().is_some_and(|words| words.contains("The hall closes.")), "{told:?}");
    let stranger = house.streamer("Stranger").await;
    for (path, body) in
        [("/rpc/admin/hall", json!({ "wanted": {} })), ("/rpc/admin/stop", body), ("/rpc/admin/drain", json!({ "draining": true }))]
    {
        assert_eq!(rpc(&house, &stranger, path, body).await.0, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_house_that_drains_takes_no_new_show_and_lets_the_running_go_on() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (running, key) = show(&house, "Ada", "One").await;
    assert_eq!(rpc(&house, &admin, "/rpc/admin/drain", json!({ "draining": true })).await.0, StatusCode::OK);
    let bob = house.streamer("Bob").await;
    let bobs = house.key(&bob, None, &Scope::ALL).await;
    let start = json!({ "streamType": "agent", "platform": "rehearsal" });
    let refused = house.post("/api/streaming/start", &bobs, start.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (503, &json!("unavailable")), "{refused:?}");
    assert!(hall(&house, &admin, json!({})).await["draining"].as_bool().expect("told"));
    assert_eq!(house.studio.preflight().await.lines[0].label, "The studio", "whoever is about to start a show is told before");
    let replaced =
        house.post("/api/streaming/start", &key, json!({ "streamType": "agent", "platform": "rehearsal", "replace": true })).await;
    assert_eq!(replaced.status.as_u16(), 503, "nor in the place of a running one");
    let going_on = house.get(&format!("/api/streaming/status?sessionId={running}"), &key).await;
    assert_ne!(going_on.body["status"], json!("ended"));
    rpc(&house, &admin, "/rpc/admin/drain", json!({ "draining": false })).await;
    assert!(house.studio.preflight().await.lines.iter().all(|line| line.label != "The studio"));
    assert_eq!(house.post("/api/streaming/start", &bobs, start).await.status, StatusCode::CREATED);
    let log = house.call(Method::GET, "/api/admin/audit", &[("cookie", &admin.cookie)], None).await;
    let changes = log.body["entries"].as_array().map(|all| all.iter().filter(|one| one["action"] == "drain_changed").count());
    assert_eq!(changes, Some(2), "{log:?}");
}

#[tokio::test]
async fn the_export_has_every_row_and_is_for_administrators_only() {
    let house = House::new().await;
    let admin = house.admin().await;
    show(&house, "Ada", "Comma, and \"quotes\"").await;
    show(&house, "Bob", "=HYPERLINK(1)").await;
    let get =
        async |person: &Person| house.call(Method::GET, "/api/admin/sessions.csv?show=all", &[("cookie", &person.cookie)], None).await;
    let told = get(&admin).await;
    assert_eq!(told.status, StatusCode::OK);
    let text = told.body.as_str().expect("text");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("\"Comma, and \"\"quotes\"\"\"") && text.contains("'=HYPERLINK(1)"), "{text}");
    assert_eq!(get(&house.streamer("Stranger").await).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_administrators_see_which_egress_carries_a_show() {
    let house = House::new().await;
    let admin = house.admin().await;
    let (id, key) = show(&house, "Ada", "One").await;
    let path = format!("/api/streaming/status?sessionId={id}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(15);
    loop {
        let seen = house.call(Method::GET, &path, &[("cookie", &admin.cookie)], None).await;
        if seen.body["egressId"].is_string() {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{seen:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for path in [path, "/api/streaming/sessions".into()] {
        let told = house.get(&path, &key).await;
        assert!(!told.body.to_string().contains("EG_"), "{told:?}");
    }
}
