//! Replays recorded cases of the real LiveKit: the same request and fault must give the same webhooks.

use super::harness::Harness;
use crate::support::wait::free_port;
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

/// Runs one recorded case and returns our normalised webhooks.
async fn replay(harness: &mut Harness, name: &str) -> Vec<Value> {
    harness.forget_hooks();
    let (mine, good, denied, second) =
        (harness.sink.url("mystreamkey"), harness.sink.url("goodkey11"), harness.sink.url("denykey"), harness.sink.url("secondkey"));
    let nobody = format!("rtmp://127.0.0.1:{}/live/mystreamkey", free_port());
    let (page, outputs) = match name {
        "page-says-end" => ("pageend.html", vec![mine.clone()]),
        "page-answers-404" => ("missing.html", vec![mine.clone()]),
        "page-shows-error" => ("pageerror.html", vec![mine.clone()]),
        "stopped-before-start-signal" => ("nosignal.html", vec![mine.clone()]),
        "connection-refused" => ("page.html", vec![nobody]),
        "key-denied" => ("page.html", vec![denied]),
        "one-of-two-denied" => ("page.html", vec![good, denied]),
        "add-then-remove-destination" | "eight-second-outage-then-stop" | "outage-that-never-reconnects" => {
            ("page.html", vec![mine.clone()])
        }
        unknown => panic!("there is no replay of {unknown}"),
    };
    let info = harness.call("StartWebEgress", &harness.request(page, &outputs)).await.expect("accepted");
    assert!(info.get("status").is_none(), "accepted means starting, which is zero: {info}");
    assert!(!info.to_string().contains("streamkey"), "keys are redacted: {info}");
    let id = info["egressId"].as_str().expect("an id").to_owned();
    let before = harness.sink.frames("mystreamkey");
    match name {
        "stopped-before-start-signal" => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            harness.stop(&id).await.expect("stoppable");
        }
        "one-of-two-denied" => {
            harness.frames("goodkey11", 15).await;
            harness.stop(&id).await.expect("stoppable");
        }
        "add-then-remove-destination" => {
            harness.frames("mystreamkey", before + 15).await;
            let added = harness.call("UpdateStream", &json!({"egressId": id, "addOutputUrls": [second]})).await.expect("added");
            assert_eq!(added["streamResults"].as_array().expect("results").len(), 2);
            harness.frames("secondkey", 15).await;
            harness.call("UpdateStream", &json!({"egressId": id, "removeOutputUrls": [mine]})).await.expect("removed");
            harness.frames("secondkey", 45).await;
            harness.stop(&id).await.expect("stoppable");
        }
        "eight-second-outage-then-stop" => {
            harness.frames("mystreamkey", before + 15).await;
            harness.sink.go_away().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            harness.sink.come_back();
            harness.frames("mystreamkey", harness.sink.frames("mystreamkey") + 15).await;
            harness.stop(&id).await.expect("stoppable");
        }
        "outage-that-never-reconnects" => {
            harness.frames("mystreamkey", before + 15).await;
            harness.sink.go_away().await;
        }
        _ => {}
    }
    harness.ended().await;
    if name == "outage-that-never-reconnects" {
        harness.sink.come_back();
    }
    harness.assert_clean().await;
    harness.hooks().into_iter().map(normal).collect()
}

/// Replaces the page address.
fn page_named(mut events: Vec<Value>, page: &str) -> Vec<Value> {
    for event in &mut events {
        event["egressInfo"]["web"]["url"] = json!(format!("http://(host)/{page}"));
    }
    events
}

/// An intended difference from a recording: the reason, and what is removed before comparing.
struct Difference {
    case: &'static str,
    reason: &'static str,
    set_aside: fn(ours: &mut Vec<Value>, theirs: &mut Vec<Value>),
}

const DIFFERENCES: [Difference; 3] = [
    Difference {
        case: "key-denied",
        reason: "LiveKit sets `startedAt` before it knows whether the server accepts; ours means acceptance, so a denied stream has no such update and no duration",
        set_aside: |_, theirs| {
            theirs.remove(2);
            strip_duration(theirs.last_mut().expect("four"));
        },
    },
    Difference {
        case: "one-of-two-denied",
        reason: "the same beside a healthy output; the order of the two updates is random, so one update is left out",
        set_aside: |ours, theirs| {
            theirs.iter_mut().for_each(strip_duration_of_denied);
            ours.remove(2);
            theirs.remove(2);
        },
    },
    Difference {
        case: "outage-that-never-reconnects",
        reason: "LiveKit stays ACTIVE forever; ours retries for a while and then fails with the reason",
        set_aside: |ours, _| {
            let end = ours.pop().expect("five")["egressInfo"].take();
            assert_eq!((end["status"].as_str(), end["errorCode"].as_i64()), (Some("EGRESS_FAILED"), Some(503)), "{end}");
            assert_eq!(end["error"], "Connection refused: Could not connect to 127.0.0.1: Connection refused");
        },
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn recorded_livekit_cases_give_the_same_webhooks() {
    // LiveKit's thirty seconds would only make this case longer.
    let mut harness = Harness::with([("FOOTLIGHT_EGRESS_OUTAGE_SECONDS", "8")], &[]).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/fixtures/livekit");
    let names = std::fs::read_dir(folder).expect("the recordings").map(|entry| entry.expect("a file").file_name());
    let mut cases: Vec<String> = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned())).collect();
    cases.sort();
    assert!(cases.len() >= 10, "{cases:?}");
    for case in cases {
        let mut ours = page_named(replay(&mut harness, &case).await, "p");
        let mut theirs = page_named(recorded(&case), "p");
        if let Some(difference) = DIFFERENCES.iter().find(|difference| difference.case == case) {
            eprintln!("{case} differs: {}", difference.reason);
            (difference.set_aside)(&mut ours, &mut theirs);
        }
        same(&case, &ours, &theirs);
    }
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
