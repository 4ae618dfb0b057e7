//! Overlay events: what is taken reads back as it was written, shows the same when it comes again, and is bounded; what is refused names
//! a field.

use super::{
    harness::{NOW, TestServer},
    inputs::stored,
    runner::run,
};
use axum::http::Method;
use footlight::domain::{
    key::Scope,
    overlay_state::{OverlayEvent, OverlayState},
};
use serde_json::Value;

/// The fields of events that a refusal may name.
const FIELDS: [&str; 12] =
    ["id", "label", "value", "text", "title", "reason", "confidence", "sides", "sides.name", "turn", "phase", "result"];

#[test]
fn single_events() {
    run("events", 80_000, |input| {
        let Ok(event) = serde_json::from_slice::<OverlayEvent>(input) else { return };
        let written = serde_json::to_string(&event).expect("json");
        let again: OverlayEvent = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(again, event);
        if let Err(unsuitable) = event.check() {
            assert!(FIELDS.contains(&unsuitable.field), "{unsuitable}");
            assert!(unsuitable.to_string().starts_with(unsuitable.field));
            return;
        }
        let timed = event.timed(NOW);
        assert!(timed.at.is_some_and(|at| at <= NOW.plus_millis(5000)), "{timed:?}");
        // Eight sides of forty characters are the longest lines there are, and JSON may write a character in six bytes.
        assert!(written.len() < 16 * 1024, "{} bytes", written.len());
        let (mut state, mut repeated) = (OverlayState::default(), OverlayState::default());
        state.apply(1, timed.clone(), NOW);
        for _ in 0..30 {
            repeated.apply(1, timed.clone(), NOW);
        }
        assert_eq!(state, repeated);
        (2..60).for_each(|seq| state.apply(seq, timed.clone(), NOW));
        assert!(state.kept().len() <= 12, "{:?}", state.kept());
    });
}

/// Batches as the API takes them: the input stands for the list of events.
#[test]
fn batches() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, key, session) = runtime.block_on(async {
        let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
        let owner = server.streamer("Owner").await;
        let key = server.key(&owner, None, &Scope::ALL).await;
        let session = server.agent_show(&key).await;
        (server, key, session)
    });
    assert!(stored("events").len() > 4);
    run("events", 200, |input| {
        let event = String::from_utf8_lossy(input);
        let body = format!(r#"{{"sessionId":"{session}","events":[{event}]}}"#);
        let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
        let reply = runtime.block_on(server.call_text(Method::POST, "/api/streaming/events", &headers, &body));
        match reply.status.as_u16() {
            200 => {
                let count = serde_json::from_str::<Value>(&body).expect("it was read")["events"].as_array().map_or(0, Vec::len);
                let results = reply.body["results"].as_array().expect("results");
                assert_eq!(results.len(), count);
                results.iter().for_each(check_result);
            }
            422 => assert!(reply.body["detail"]["field"].as_str().is_some_and(|field| !field.is_empty()), "{reply:?}"),
            status => assert!([400, 404, 413].contains(&status) && reply.body["message"].is_string(), "{reply:?}"),
        }
    });
}

fn check_result(result: &Value) {
    let accepted = result["accepted"] == true;
    assert_eq!(result["error"].is_null(), accepted, "{result}");
    if accepted {
        assert!(result["id"].is_string(), "{result}");
    } else {
        let message = result["error"]["message"].as_str().unwrap_or_default();
        let field = result["error"]["field"].as_str();
        // A kind or a type that does not fit is named in the message.
        assert!(field.is_some_and(|field| message.contains(field)) || message.starts_with("The event is not in shape: "), "{result}");
    }
}
