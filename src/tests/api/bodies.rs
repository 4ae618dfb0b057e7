//! The recorded response bodies of every API call: what clients parse must not change unnoticed.
//! `FOOTLIGHT_BLESS=1` records them again, for review.

use super::harness::TestServer;
use crate::support::wait::until;
use axum::http::Method;
use footlight::domain::key::Scope;
use serde_json::{Value, json};
use std::collections::HashMap;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/fixtures/api/bodies.json");

/// Ids and tokens differ from run to run: each gets a name by the order in which it appears.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn tidy(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for id in ids(text) {
                    let next = format!("<id {}>", self.0.len() + 1);
                    let name = self.0.entry(id.clone()).or_insert(next).clone();
                    *text = text.replace(&id, &name);
                }
                if text.starts_with("ey") && text.matches('.').count() == 2 {
                    "<token>".clone_into(text);
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|one| self.tidy(one)),
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    if name == "requestId" {
                        *value = json!("<request>");
                    }
                    self.tidy(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Twenty-six letters of our alphabet in a row.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 26 && word.starts_with("01")).map(str::to_owned).collect()
}

#[tokio::test]
async fn response_bodies_match_the_recorded_ones() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let (mut names, mut told) = (Names::default(), Vec::new());
    let mut take = |call: &str, status: u16, mut body: Value| {
        names.tidy(&mut body);
        let mut call = json!(call);
        names.tidy(&mut call);
        told.push(json!({ "call": call, "status": status, "body": body }));
    };
    let post = async |path: &str, body: Value| server.post(path, &key, body).await;
    let custom = json!({ "platform": "custom", "customRtmpUrl": "rtmp://127.0.0.1:1935/live", "streamKey": "live_0123456789" });
    let started = post("/api/streaming/start", json!({ "streamType": "user", "streamTitle": "A stream", "destinations": [custom] })).await;
    let id = started.body["sessionId"].as_str().expect("an id").to_owned();
    take("POST start", started.status.as_u16(), started.body);
    let status = format!("/api/streaming/status?sessionId={id}");
    until("the egress, which is asked for in the background", 15, async || server.get(&status, &key).await.body["status"] == "starting")
        .await;
    let twitch = json!({ "platform": "twitch", "streamKey": "live_0123456789abcdef" });
    let events = json!([
        { "id": "e1", "kind": "stat", "label": "Cards left", "value": "12" },
        { "id": "e1", "kind": "stat", "label": "Cards left", "value": "12" },
        { "id": "e2", "kind": "decision", "title": "Attack", "reason": "One hit to win.", "tookMs": 800, "confidence": 91 },
        { "id": "e3", "kind": "dance" },
    ]);
    for (path, body) in [
        ("/api/streaming/start", json!({ "streamType": "user", "destinations": [custom] })),
        ("/api/streaming/start", json!({ "streamType": "user", "destinations": [] })),
        ("/api/streaming/start", json!({ "streamType": "robot" })),
        ("/api/streaming/destinations", json!({ "sessionId": id, "add": [twitch], "remove": [] })),
        ("/api/streaming/destinations", json!({ "sessionId": id, "add": [], "remove": ["nothing"] })),
        ("/api/streaming/room", json!({ "sessionId": id })),
        ("/api/streaming/events", json!({ "sessionId": id, "events": events })),
        ("/api/streaming/events", json!({ "sessionId": id, "events": [], })),
        (&format!("/api/streaming/agents/{}/game-started", agent.id), json!({ "lobbyId": "l1" })),
        (&format!("/api/streaming/agents/{}/game-ended", agent.id), json!({ "lobbyId": "l1" })),
    ] {
        let reply = post(path, body).await;
        take(&format!("POST {path}"), reply.status.as_u16(), reply.body);
    }
    let patch = json!({ "sessionId": id, "theme": "light", "pipCorner": "top-left", "streamTitle": "Another" });
    let changed = server.call(Method::PATCH, "/api/streaming/overlay", &[("authorization", &key)], Some(patch)).await;
    take("PATCH overlay", changed.status.as_u16(), changed.body);
    for path in [
        format!("/api/streaming/status?sessionId={id}"),
        "/api/streaming/sessions?limit=1".into(),
        "/api/streaming/sessions?limit=x".into(),
    ] {
        let reply = server.get(&path, &key).await;
        take(&format!("GET {path}"), reply.status.as_u16(), reply.body);
    }
    let anybody = server.call(Method::GET, &format!("/api/streaming/status?sessionId={id}"), &[], None).await;
    take("GET status, by nobody", anybody.status.as_u16(), anybody.body);
    let stopped = post("/api/streaming/stop", json!({ "sessionId": id })).await;
    take("POST stop", stopped.status.as_u16(), stopped.body);
    let now = serde_json::to_string_pretty(&told).expect("text") + "\n";
    if std::env::var_os("FOOTLIGHT_BLESS").is_some() {
        std::fs::write(FILE, &now).expect("written");
    }
    let before = std::fs::read_to_string(FILE).unwrap_or_default();
    let differs = before.lines().zip(now.lines()).find(|(before, now)| before != now);
    assert!(before == now, "a body has changed, first where it was {differs:?}; if that is meant, FOOTLIGHT_BLESS=1");
}
