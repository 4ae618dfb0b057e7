//! The recorded webhooks of the real LiveKit, replayed against the worker: same request, same provoked fault, same sequence and bodies.

use crate::ground::Ground;
use serde_json::{Value, json};
use std::time::Duration;

/// Replaces what differs from run to run: ids, times, ports, counts; orders results by address (LiveKit's order is that of a map).
fn normal(mut value: Value) -> Value {
    fn walk(key: &str, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    walk(key, value);
                }
            }
            Value::Array(items) => {
                for item in items.iter_mut() {
                    walk(key, item);
                }
                items.sort_by_key(|item| item["url"].as_str().map_or_else(|| item.to_string(), str::to_owned));
            }
            value => match key {
                "egressId" | "id" | "startedAt" | "endedAt" | "updatedAt" | "createdAt" | "duration" | "lastRetryAt" => {
                    *value = json!(if value.is_string() { "(text)" } else { "(other)" });
                }
                // The same number, written `2` there and `2.0` here.
                "keyFrameInterval" => *value = json!(value.as_f64()),
                "retries" => *value = json!("(count)"),
                "url" | "urls" => {
                    let text = value.as_str().expect("an address");
                    let (scheme, rest) = text.split_once("://").expect("a scheme");
                    let path = rest.split_once('/').expect("a path").1;
                    *value = json!(format!("{scheme}://(host)/{}", path.split('?').next().expect("a path")));
                }
                _ => {}
            },
        }
    }
    walk("", &mut value);
    value
}

fn recorded(name: &str) -> Vec<Value> {
    let path = format!("{}/src/tests/fixtures/livekit/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let calls: Vec<Value> = serde_json::from_slice(&std::fs::read(path).expect("a fixture")).expect("JSON");
    calls.iter().map(|call| normal(serde_json::from_str(call["body"].as_str().expect("a body")).expect("JSON"))).collect()
}

fn same(name: &str, ours: &[Value], theirs: &[Value]) {
    let names = |events: &[Value]| {
        events.iter().map(|event| format!("{} {}", event["event"], event["egressInfo"]["status"])).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(names(ours), names(theirs), "{name}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours, theirs, "{name}, webhook {at}\nours   {ours:#}\ntheirs {theirs:#}");
    }
}

/// Runs one recorded case and gives our webhooks, normal.
async fn replay(ground: &mut Ground, name: &str) -> Vec<Value> {
    ground.forget_hooks();
    let (mine, good, denied, second) =
        (ground.sink.url("mystreamkey"), ground.sink.url("goodkey11"), ground.sink.url("denykey"), ground.sink.url("secondkey"));
    let nobody = format!("rtmp://127.0.0.1:{}/live/mystreamkey", crate::ground::free_port());
    let (page, outputs) = match name {
        "page-says-end" => ("pageend.html", vec![mine.clone()]),
        "page-answers-404" => ("missing.html", vec![mine.clone()]),
        "page-shows-error" => ("pageerror.html", vec![mine.clone()]),
        "stopped-before-start-signal" => ("nosignal.html", vec![mine.clone()]),
        "connection-refused" => ("page.html", vec![nobody]),
        "key-denied" => ("page.html", vec![denied]),
        "one-of-two-denied" => ("page.html", vec![good, denied]),
        _ => ("page.html", vec![mine.clone()]),
    };
    let info = ground.call("StartWebEgress", &ground.request(page, &outputs)).await.expect("accepted");
    assert!(info.get("status").is_none(), "accepted means starting, which is zero: {info}");
    assert!(!info.to_string().contains("streamkey"), "keys are redacted: {info}");
    let id = info["egressId"].as_str().expect("an id").to_owned();
    let before = ground.sink.frames("mystreamkey");
    match name {
        "stopped-before-start-signal" => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ground.stop(&id).await.expect("stoppable");
        }
        "one-of-two-denied" => {
            ground.frames("goodkey11", 15).await;
            ground.stop(&id).await.expect("stoppable");
        }
        "add-then-remove-destination" => {
            ground.frames("mystreamkey", before + 15).await;
            let added = ground.call("UpdateStream", &json!({"egressId": id, "addOutputUrls": [second]})).await.expect("added");
            assert_eq!(added["streamResults"].as_array().expect("results").len(), 2);
            ground.frames("secondkey", 15).await;
            ground.call("UpdateStream", &json!({"egressId": id, "removeOutputUrls": [mine]})).await.expect("removed");
            ground.frames("secondkey", 45).await;
            ground.stop(&id).await.expect("stoppable");
        }
        "eight-second-outage-then-stop" => {
            ground.frames("mystreamkey", before + 15).await;
            ground.sink.go_away().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            ground.sink.come_back();
            ground.frames("mystreamkey", ground.sink.frames("mystreamkey") + 15).await;
            ground.stop(&id).await.expect("stoppable");
        }
        "outage-that-never-reconnects" => {
            ground.frames("mystreamkey", before + 15).await;
            ground.sink.go_away().await;
        }
        _ => {}
    }
    ground.ended().await;
    ground.is_clean().await;
    // Names of pages differ from the recordings' in two cases.
    let ours = ground.hooks().into_iter().map(normal);
    ours.collect()
}

/// The page addresses of the recordings, under our names.
fn page_named(mut events: Vec<Value>, page: &str) -> Vec<Value> {
    for event in &mut events {
        event["egressInfo"]["web"]["url"] = json!(format!("http://(host)/{page}"));
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_case_gives_the_same_webhooks() {
    let mut ground = Ground::new().await;
    for name in [
        "page-says-end",
        "page-answers-404",
        "page-shows-error",
        "stopped-before-start-signal",
        "connection-refused",
        "add-then-remove-destination",
        "eight-second-outage-then-stop",
    ] {
        let ours = replay(&mut ground, name).await;
        same(name, &page_named(ours, "p"), &page_named(recorded(name), "p"));
    }
}

/// Each deliberate difference, with its reason.
#[tokio::test(flavor = "multi_thread")]
async fn where_webhooks_differ_from_the_recordings_it_is_on_purpose() {
    let mut ground = Ground::new().await;

    // LiveKit sets `startedAt` before it knows whether the server accepts. Ours means acceptance, so a denied stream never has that update, nor a duration.
    let ours = replay(&mut ground, "key-denied").await;
    let mut theirs = recorded("key-denied");
    theirs.remove(2);
    strip_duration(theirs.last_mut().expect("four"));
    same("key-denied", &page_named(ours, "p"), &page_named(theirs, "p"));

    // The same, with a healthy neighbour: which of the two is heard of first is chance, so only what follows is compared.
    let ours = replay(&mut ground, "one-of-two-denied").await;
    let mut theirs = recorded("one-of-two-denied");
    theirs.iter_mut().for_each(strip_duration_of_denied);
    let (ours, theirs) = (page_named(ours, "p"), page_named(theirs, "p"));
    same("one-of-two-denied, beginning", &ours[..2], &theirs[..2]);
    same("one-of-two-denied, end", &ours[3..], &theirs[3..]);

    // LiveKit went on green for ever. Ours tries for thirty seconds, says so, and fails.
    let ours = replay(&mut ground, "outage-that-never-reconnects").await;
    let theirs = recorded("outage-that-never-reconnects");
    same("outage-that-never-reconnects", &page_named(ours[..4].to_vec(), "p"), &page_named(theirs, "p"));
    let end = &ours[4]["egressInfo"];
    assert_eq!((end["status"].as_str(), end["errorCode"].as_i64()), (Some("EGRESS_FAILED"), Some(503)), "{end}");
    assert_eq!(end["error"], "Connection refused: Could not connect to 127.0.0.1: Connection refused");
}

fn results(event: &mut Value) -> Vec<&mut Value> {
    let Some(info) = event["egressInfo"].as_object_mut() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in info {
        match key.as_str() {
            "streamResults" => found.extend(value.as_array_mut().into_iter().flatten()),
            "stream" => found.extend(value["info"].as_array_mut().into_iter().flatten()),
            _ => {}
        }
    }
    found
}

fn strip_duration(event: &mut Value) {
    for result in results(event) {
        result.as_object_mut().expect("a result").remove("duration");
    }
}

fn strip_duration_of_denied(event: &mut Value) {
    for result in results(event).into_iter().filter(|result| result["status"] == "FAILED") {
        result.as_object_mut().expect("a result").remove("duration");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_in_livekits_words() {
    let ground = Ground::new().await;
    let sink = ground.sink.url("k");
    let with = |field: &str, value: Value| {
        let mut request = ground.request("page.html", std::slice::from_ref(&sink));
        request[field] = value;
        request
    };
    for (request, status, code, words) in [
        (with("url", json!("")), 400, "invalid_argument", "request has missing or invalid field: web url"),
        (with("url", json!("http://169.254.169.254/latest")), 400, "invalid_argument", "this egress opens pages of"),
        (with("streamOutputs", json!([])), 400, "invalid_argument", "request has missing or invalid field: output"),
        (with("streamOutputs", json!([{"urls": ["notaurl"]}])), 400, "invalid_argument", "invalid url notaurl: invalid scheme"),
        (with("advanced", json!({"width": 64})), 400, "invalid_argument", "width (must be 320 to 1920)"),
        (with("fileOutputs", json!([{"filepath": "x.mp4"}])), 501, "unimplemented", "RTMP streams only"),
        (with("videoOnly", json!(true)), 501, "unimplemented", "picture and sound together"),
    ] {
        let (got, refusal) = ground.call("StartWebEgress", &request).await.expect_err(words);
        assert_eq!((got, refusal["code"].as_str()), (status, Some(code)), "{refusal}");
        assert!(refusal["msg"].as_str().expect("words").contains(words), "{refusal}");
    }
    for (method, status, code) in [("StartRoomCompositeEgress", 501, "unimplemented"), ("Dance", 404, "bad_route")] {
        let (got, refusal) = ground.call(method, &json!({})).await.expect_err(method);
        assert_eq!((got, refusal["code"].as_str()), (status, Some(code)), "{refusal}");
    }
    let (got, refusal) = ground.stop("EG_nobody").await.expect_err("unknown");
    assert_eq!((got, &refusal["code"], &refusal["msg"]), (404, &json!("not_found"), &json!("egress does not exist")));
    let bare = reqwest::Client::new().post(format!("http://127.0.0.1:{}/twirp/livekit.Egress/ListEgress", ground.port)).send().await;
    assert_eq!(bare.expect("an answer").status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_free_slot_is_refused_at_once_with_the_number_in_use() {
    let ground = Ground::new().await;
    let id = ground.start("nosignal.html", "first").await;
    let health = ground.get("/healthz").await;
    assert_eq!(serde_json::from_str::<Value>(&health).expect("JSON"), json!({"slots": {"total": 1, "used": 1}}));
    let (status, refusal) = ground.call("StartWebEgress", &ground.request("page.html", &[ground.sink.url("k")])).await.expect_err("full");
    assert_eq!((status, refusal["code"].as_str()), (503, Some("unavailable")));
    assert_eq!(refusal["msg"], "no free egress slot: 1 of 1 in use");
    ground.stop(&id).await.expect("stoppable");
    ground.ended().await;
    let (status, refusal) = ground.stop(&id).await.expect_err("over");
    assert_eq!((status, refusal["code"].as_str()), (412, Some("failed_precondition")), "{refusal}");
    assert!(ground.get("/metrics").await.contains("footlight_egress_starts_refused_total 1"));
}
