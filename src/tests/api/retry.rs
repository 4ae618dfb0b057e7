//! A lost destination is tried when its owner asks.

use super::harness::{NOW, TestServer};
use axum::http::StatusCode;
use footlight::{api::relay_control::DestinationState, domain::key::Scope};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn only_a_lost_destination_is_tried_again() {
    let server = TestServer::new().await;
    let owner = server.streamer("Owner").await;
    let agent = server.agent(&owner, "Nyx").await;
    let key = server.key(&owner, Some(&agent), &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let status = server.get(&format!("/api/streaming/status?sessionId={id}"), &key).await;
    let destination = status.body["destinations"][0]["id"].as_str().expect("an id").to_owned();
    let retry = async |destination: &str| {
        let body = json!({ "sessionId": id, "destinationId": destination });
        server.post("/api/streaming/destinations/retry", &key, body).await.status
    };
    assert_eq!(retry(&destination).await, StatusCode::CONFLICT, "it is not lost");
    let lost = DestinationState::Retrying { attempt: 2, since: NOW, next_at: NOW.plus_millis(9_000), reason: "connection lost".into() };
    server.relay.measure(&id, NOW, |report| report.destinations[0].state = lost.clone()).expect("a known session");
    assert_eq!(retry(&destination).await, StatusCode::OK);
    assert_eq!(retry("01k9qz5t9b7m2x4c6v8n0f3hsk").await, StatusCode::NOT_FOUND);
}
