//! Each API call when it succeeds, and when it is repeated.

use super::harness::{NOW, TestServer};
use crate::support::wait::until;
use axum::http::{Method, StatusCode};
use footlight::{
    api::accounts::OwnerDefaults,
    domain::{
        agent::{AfterGame, AutoStart},
        key::Scope,
        overlay::OverlayPatch,
    },
};
use serde_json::{Value, json};

#[tokio::test]
async fn an_agent_plays_a_match_from_start_to_stop() {
    let server = TestServer::new().await;
    let owner = server.streamer("Blaze Master").await;
    let agent = server.agent(&owner, "Nyx 4").await;
    let key = server.key(&owner, Some(&agent), &Scope::ALL).await;
    let body = json!({ "streamType": "agent", "platform": "rehearsal", "streamTitle": " Ranked  ladder ", "currentLobbyId": "lobby-7", "public": true });
    let started =
        server.call(Method::POST, "/api/streaming/start", &[("authorization", &key), ("idempotency-key", "one")], Some(body.clone())).await;
    assert_eq!(started.status, StatusCode::CREATED, "{started:?}");
    assert_eq!((&started.body["success"], &started.body["status"]), (&json!(true), &json!("pending")));
    assert!(started.body.get("room").is_none(), "a data-only stream has no room");
    let id = started.body["sessionId"].as_str().expect("an id").to_owned();

    let again =
        server.call(Method::POST, "/api/streaming/start", &[("authorization", &key), ("idempotency-key", "one")], Some(body.clone())).await;
    assert_eq!((again.status, &again.body["sessionId"]), (StatusCode::OK, &json!(id)));
    let second = server.post("/api/streaming/start", &key, body).await;
    assert_eq!((second.status, &second.body["detail"]["sessionId"]), (StatusCode::CONFLICT, &json!(id)));

    let events = json!({ "sessionId": id, "events": [
        { "id": "e1", "kind": "stat", "label": "Cards left", "value": "12" },
        { "id": "e1", "kind": "stat", "label": "Cards left", "value": "11" },
        { "kind": "decision", "title": "Attack with Ember Wolf", "reason": "One hit to win.", "tookMs": 800, "confidence": 91 },
        { "kind": "dance" },
        { "kind": "alert", "title": "" },
    ]});
    let fed = server.post("/api/streaming/events", &key, events).await;
    assert_eq!(fed.status, StatusCode::OK, "{fed:?}");
    let results = fed.body["results"].as_array().expect("results");
    let of = |field: &str| results.iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("accepted"), [json!(true), json!(true), json!(true), json!(false), json!(false)]);
    assert_eq!(of("repeated"), [json!(false), json!(true), json!(false), json!(false), json!(false)]);
    assert_eq!(of("seq"), [json!(1), Value::Null, json!(2), Value::Null, Value::Null]);
    assert_eq!(results[4]["error"]["field"], "title");
    assert_eq!(fed.body["accepted"].as_array().map(Vec::len), Some(3));

    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    assert_eq!(status.status, StatusCode::OK);
    for (field, value) in [
        ("sessionId", json!(id)),
        ("streamType", json!("agent")),
        ("platform", json!("rehearsal")),
        ("entityName", json!("Nyx 4")),
        ("streamTitle", json!("Ranked ladder")),
        ("currentLobbyId", json!("lobby-7")),
        ("viewerCount", Value::Null),
        ("duration", json!(0)),
        ("endReason", Value::Null),
    ] {
        assert_eq!(status.body[field], value, "{field}");
    }

    let changed = server
        .call(
            Method::PATCH,
            "/api/streaming/overlay",
            &[("authorization", &key)],
            Some(json!({ "sessionId": id, "theme": "light", "scene": "be-right-back", "streamTitle": "Finals", "currentLobbyId": null })),
        )
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    for (field, value) in
        [("theme", json!("light")), ("scene", json!("be-right-back")), ("streamTitle", json!("Finals")), ("currentLobbyId", Value::Null)]
    {
        assert_eq!(changed.body[field], value, "{field}");
    }

    let stopped = server.post("/api/streaming/stop", &key, json!({ "sessionId": id })).await;
    assert_eq!((stopped.status, &stopped.body["status"]), (StatusCode::OK, &json!("ended")), "{stopped:?}");
    assert_eq!((&stopped.body["stats"]["decisionsLogged"], &stopped.body["stats"]["eventsRecorded"]), (&json!(1), &json!(2)));
    let twice = server.post("/api/streaming/stop", &key, json!({ "sessionId": id })).await;
    assert_eq!((twice.status, &twice.body["status"]), (StatusCode::OK, &json!("ended")));
    let late = server.post("/api/streaming/events", &key, json!({ "sessionId": id, "events": [{ "kind": "event", "text": "x" }] })).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_public_session_shows_part_of_its_status() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    for (public, expected) in [(true, StatusCode::OK), (false, StatusCode::UNAUTHORIZED)] {
        let body = json!({ "streamType": "agent", "platform": "rehearsal", "public": public, "replace": true });
        let started = server.post("/api/streaming/start", &key, body).await;
        let path = format!("/api/streaming/status?sessionId={}", started.body["sessionId"].as_str().expect("an id"));
        let told = server.call(Method::GET, &path, &[], None).await;
        assert_eq!(told.status, expected, "{told:?}");
        if public {
            let mut fields: Vec<&str> = told.body.as_object().expect("an object").keys().map(String::as_str).collect();
            fields.sort_unstable();
            let known = [
                "currentLobbyId",
                "duration",
                "endedAt",
                "entityName",
                "onAir",
                "platform",
                "sessionId",
                "startedAt",
                "status",
                "streamTitle",
                "streamType",
                "viewerCount",
            ];
            assert_eq!(fields, known);
        }
    }
}

#[tokio::test]
async fn the_list_filters_and_pages_stay_stable() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let (own, agents) = (server.key(&owner, None, &Scope::ALL).await, server.key(&owner, Some(&agent), &Scope::ALL).await);
    let mut all = Vec::new();
    for _ in 0..5 {
        let id = server.agent_show(&agents).await;
        server.post("/api/streaming/stop", &agents, json!({ "sessionId": id })).await;
        all.push(json!(id));
    }
    let ids = |body: &Value| body["sessions"].as_array().expect("a list").iter().map(|one| one["sessionId"].clone()).collect::<Vec<_>>();
    let first = server.get("/api/streaming/sessions?limit=2", &own).await;
    let running = server.agent_show(&agents).await;
    let cursor = first.body["nextCursor"].as_str().expect("a cursor").to_owned();
    let second = server.get(&format!("/api/streaming/sessions?limit=2&cursor={cursor}"), &own).await;
    all.reverse();
    assert_eq!([ids(&first.body), ids(&second.body)].concat(), all[..4]);
    let live = server.get("/api/streaming/sessions?status=pending,starting&platform=rehearsal", &own).await;
    assert_eq!(ids(&live.body), [json!(running)]);
    assert_eq!(live.body["nextCursor"], Value::Null);
    let of_agent = server.get(&format!("/api/streaming/sessions?agentId={}&status=ended", agent.id), &own).await;
    assert_eq!(ids(&of_agent.body).len(), 5);
    let later = server.get("/api/streaming/sessions?from=2030-01-01T00:00:00Z", &own).await;
    assert_eq!(ids(&later.body), [] as [Value; 0]);
    let users_own = server.post("/api/streaming/start", &own, json!({ "streamType": "agent", "platform": "rehearsal" })).await;
    assert_eq!(users_own.status, StatusCode::CREATED, "a user's stream stands beside their agent's");
    let seen = server.get("/api/streaming/sessions", &agents).await;
    assert!(!ids(&seen.body).contains(&users_own.body["sessionId"]), "an agent sees its own streams only");
}

#[tokio::test]
async fn one_bad_destination_does_not_undo_the_good() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let body = json!({ "sessionId": id, "add": [
        { "platform": "custom", "customRtmpUrl": "rtmp://127.0.0.1:1935/live", "streamKey": "canary-1234" },
        { "platform": "custom", "customRtmpUrl": "rtmp://10.0.0.1/live" },
        { "platform": "twitch" },
        { "platform": "nowhere" },
        { "destinationId": "unknown" },
    ], "remove": ["unknown"] });
    let done = server.post("/api/streaming/destinations", &key, body).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let results = done.body["results"].as_array().expect("results");
    let outcome: Vec<bool> = results.iter().map(|one| one["success"].as_bool().expect("said")).collect();
    assert_eq!(outcome, [true, false, false, false, false, false], "{results:?}");
    assert_eq!(results[1]["error"]["detail"]["field"], "customRtmpUrl");
    assert_eq!(results[2]["error"]["detail"]["field"], "streamKey");
    assert_eq!(done.body["destinations"].as_array().map(Vec::len), Some(2));
    assert!(!done.body.to_string().contains("canary"), "a key never comes back");
    let added = results[0]["id"].clone();
    let removed = server.post("/api/streaming/destinations", &key, json!({ "sessionId": id, "remove": [added] })).await;
    assert_eq!(removed.body["destinations"].as_array().map(Vec::len), Some(1), "{removed:?}");
}

#[tokio::test]
async fn game_calls_are_idempotent() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let key = server.key(&owner, Some(&agent), &Scope::ALL).await;
    let path = |what: &str| format!("/api/streaming/agents/{}/{what}", agent.id);
    let off = server.post(&path("game-started"), &key, json!({ "lobbyId": "l1" })).await;
    assert_eq!((off.status, &off.body["sessionId"]), (StatusCode::OK, &Value::Null), "{off:?}");

    let caller = server.caller(&owner).await;
    let typed = serde_json::from_value(
        json!({ "platform": "custom", "customRtmpUrl": "rtmp://127.0.0.1:1935/live", "streamKey": "", "saveAs": "Sink" }),
    );
    let place = server.studio.destinations.save(&caller, None, typed.expect("a place")).await.expect("kept");
    let auto_start = AutoStart { on: true, destinations: vec![place.destination.id.clone()], after_game: AfterGame::Stop };
    let defaults = OwnerDefaults { overlay: OverlayPatch { show_event_feed: Some(false), ..OverlayPatch::default() }, auto_start };
    server.studio.sessions.set_defaults(&caller, Some(&agent.id), defaults.clone()).await.expect("kept");

    let first = server.post(&path("game-started"), &key, json!({ "lobbyId": "l1", "streamTitle": "Ladder" })).await;
    assert_eq!((first.status, &first.body["changed"]), (StatusCode::OK, &json!(true)), "{first:?}");
    let id = first.body["sessionId"].as_str().expect("a stream").to_owned();
    let again = server.post(&path("game-started"), &key, json!({ "lobbyId": "l1" })).await;
    assert_eq!((&again.body["changed"], &again.body["sessionId"]), (&json!(false), &json!(id)));
    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    assert_eq!((&status.body["currentLobbyId"], &status.body["overlay"]["showEventFeed"]), (&json!("l1"), &json!(false)));
    assert_eq!(status.body["destinations"][0]["id"], json!(place.destination.id));
    let used = server.studio.destinations.list(&caller, None).await.expect("places");
    assert_eq!(used[0].used_at, Some(NOW));

    let other = server.post(&path("game-ended"), &key, json!({ "lobbyId": "l0" })).await;
    assert_eq!(other.body["changed"], json!(false), "another game's end ends nothing");
    let ended = server.post(&path("game-ended"), &key, json!({ "lobbyId": "l1", "result": "Nyx wins" })).await;
    assert_eq!((&ended.body["changed"], &ended.body["status"]), (&json!(true), &json!("ended")), "{ended:?}");
    let twice = server.post(&path("game-ended"), &key, json!({ "lobbyId": "l1" })).await;
    assert_eq!((twice.status, &twice.body["changed"]), (StatusCode::OK, &json!(false)));
    let late = server.post(&path("game-started"), &key, json!({ "lobbyId": "l1" })).await;
    assert_eq!((&late.body["changed"], &late.body["sessionId"]), (&json!(false), &json!(id)), "a late repeat starts nothing");

    let keep = OwnerDefaults { auto_start: AutoStart { after_game: AfterGame::Keep, ..defaults.auto_start.clone() }, ..defaults };
    server.studio.sessions.set_defaults(&caller, Some(&agent.id), keep).await.expect("kept");
    let next = server.post(&path("game-started"), &key, json!({ "lobbyId": "l2" })).await;
    let kept = server.post(&path("game-ended"), &key, json!({ "lobbyId": "l2" })).await;
    assert_eq!((&kept.body["changed"], &kept.body["sessionId"]), (&json!(false), &next.body["sessionId"]));
    let running =
        server.get(&format!("/api/streaming/status?sessionId={}", next.body["sessionId"].as_str().expect("a stream")), &key).await;
    assert_eq!(running.body["currentLobbyId"], Value::Null);
}

#[tokio::test]
async fn delayed_events_are_released_in_order_when_due() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let body = json!({ "streamType": "agent", "platform": "rehearsal", "broadcastDelayMs": 60_000 });
    let id = server.post("/api/streaming/start", &key, body).await.body["sessionId"].as_str().expect("an id").to_owned();
    let session = id.parse().expect("an id");
    let held = server
        .post("/api/streaming/events", &key, json!({ "sessionId": id, "events": [{ "id": "a", "kind": "event", "text": "one" }, { "id": "b", "kind": "decision", "title": "two" }] }))
        .await;
    assert_eq!(held.body["results"][0]["seq"], Value::Null, "{held:?}");
    assert_eq!(held.body["results"][0]["heldUntil"], json!(NOW.plus_millis(60_000)));
    let at_once = json!({ "sessionId": id, "broadcastDelayMs": 0, "events": [{ "id": "c", "kind": "event", "text": "now" }, { "id": "a", "kind": "event", "text": "again" }] });
    let now = server.post("/api/streaming/events", &key, at_once).await;
    assert_eq!((&now.body["results"][0]["seq"], &now.body["results"][1]["repeated"]), (&json!(1), &json!(true)));
    let shown = || async {
        server.studio.reconciler.reconcile_all().await.expect("a round");
        let feed = server.studio.feed_history.page(&session, 0).await.expect("the feed");
        feed.into_iter().map(|entry| (entry.seq, entry.id.unwrap_or_default())).collect::<Vec<_>>()
    };
    server.clock.advance(59_999);
    assert_eq!(shown().await, [(1, "c".to_owned())]);
    server.clock.advance(1);
    assert_eq!(shown().await, [(1, "c".to_owned()), (2, "a".to_owned()), (3, "b".to_owned())]);
    assert_eq!(shown().await.len(), 3, "and only once");
    // Viewers see them as new: an alert is shown for six seconds only.
    let feed = server.studio.feed_history.page(&session, 0).await.expect("the feed");
    let times: Vec<_> = feed.iter().map(|entry| entry.data["at"].clone()).collect();
    assert_eq!(times, [json!(NOW), json!(NOW.plus_millis(60_000)), json!(NOW.plus_millis(60_000))]);
}

#[tokio::test]
async fn heartbeats_need_the_overlays_cookie() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    server.agent_show(&key).await;
    let page = until("an egress", 10, async || server.livekit.running().last().map(|egress| egress.page_url.clone())).await;
    let cookie = format!("footlight-overlay={}", page.rsplit_once("token=").expect("a token").1);
    let beat = json!({ "frames": 1, "screen": false, "camera": false, "audio": false, "connected": true });
    let heard = server.call(Method::POST, "/api/streaming/heartbeat", &[("cookie", &cookie)], Some(beat.clone())).await;
    assert_eq!(heard.status, StatusCode::NO_CONTENT, "{heard:?}");
    for headers in [vec![("authorization", key.as_str())], vec![("cookie", owner.cookie.as_str())], vec![("cookie", "footlight-overlay=x")]]
    {
        let refused = server.call(Method::POST, "/api/streaming/heartbeat", &headers, Some(beat.clone())).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
}
