//! Destinations tried before a session, saved and typed, over a relay that answers as it is told.

use super::harness::TestServer;
use axum::http::StatusCode;
use footlight::{api::relay_control::TrialResult, domain::key::Scope};
use serde_json::{Value, json};

const TEST: &str = "/api/streaming/destinations/test";
const KEY: &str = "live_0123456789abcdef";

fn custom(path: &str) -> Value {
    json!({ "platform": "custom", "customRtmpUrl": format!("rtmp://127.0.0.1:1935/{path}"), "streamKey": KEY })
}

#[tokio::test]
async fn each_destination_has_a_result_of_its_own() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let caller = server.caller(&owner).await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let saved = serde_json::from_value(json!({ "platform": "twitch", "streamKey": KEY, "saveAs": "Main" })).expect("a destination");
    let saved = server.studio.destinations.save(&caller, None, saved).await.expect("kept").destination.id;
    let foreign = server.caller(&server.streamer("Other").await).await;
    let theirs = serde_json::from_value(json!({ "platform": "twitch", "streamKey": KEY, "saveAs": "Theirs" })).expect("a destination");
    let theirs = server.studio.destinations.save(&foreign, None, theirs).await.expect("kept").destination.id;
    let refused = TrialResult::Refused { reason: "connection refused".into() };
    server.relay.set_trial_result("rtmp://127.0.0.1:1935/closed", refused);
    server.relay.set_trial_result("rtmp://127.0.0.1:1935/slow", TrialResult::Doubtful { reason: "it did not answer within 5 s".into() });
    let private = json!({ "platform": "custom", "customRtmpUrl": "rtmp://10.0.0.1/live", "streamKey": KEY });
    let keyless = json!({ "platform": "twitch" });
    let body = json!({
        "destinationIds": [saved, theirs],
        "destinations": [{ "platform": "rehearsal" }, custom("open"), custom("closed"), custom("slow"), private, keyless],
    });
    let reply = server.post(TEST, &key, body).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let results = reply.body["results"].as_array().expect("results").clone();
    let expected = [
        ("Main", "pass", "The server answers."),
        ("A saved destination", "fail", "not saved any more"),
        ("Rehearsal", "pass", "always reached"),
        ("custom", "pass", "The server answers."),
        ("custom", "fail", "127.0.0.1:1935: connection refused."),
        ("custom", "warn", "127.0.0.1:1935: it did not answer within 5 s."),
        ("custom", "fail", "10.0.0.1"),
        ("Twitch", "fail", "Twitch needs a stream key"),
    ];
    assert_eq!(results.len(), expected.len(), "{results:?}");
    for (result, (label, verdict, note)) in results.iter().zip(expected) {
        assert_eq!((&result["label"], &result["result"]), (&json!(label), &json!(verdict)), "{result}");
        assert!(result["note"].as_str().is_some_and(|text| text.contains(note)), "{note}: {result}");
    }
    assert_eq!((&results[0]["id"], &results[3]["id"]), (&json!(saved), &Value::Null));
    let trials = server.relay.trials();
    assert_eq!(trials.len(), 4, "what is refused by its address is not connected to: {trials:?}");
    assert!(trials.iter().all(|trial| trial.stream_key.expose() == KEY), "the saved key is opened for the relay");
    assert!(!reply.body.to_string().contains(KEY), "and shown to nobody");
    assert_eq!(server.relay.puts(), 0, "no stream begins");
}

#[tokio::test]
async fn a_relay_that_is_away_and_too_many_destinations_are_told_apart() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let many = server.post(TEST, &key, json!({ "destinations": vec![json!({ "platform": "rehearsal" }); 11] })).await;
    assert_eq!((many.status, &many.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("destinations")), "{many:?}");
    server.relay.set_down(true);
    let away = server.post(TEST, &key, json!({ "destinations": [custom("open")] })).await;
    assert_eq!((away.status, &away.body["results"][0]["result"]), (StatusCode::OK, &json!("warn")), "{away:?}");
    assert!(away.body["results"][0]["note"].as_str().is_some_and(|note| note.contains("could not be tried")), "{away:?}");
    let unknown = server.post(TEST, &key, json!({ "places": [] })).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "{unknown:?}");
}
