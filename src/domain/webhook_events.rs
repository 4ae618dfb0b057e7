//! Events sent to operators' webhooks: a session went live, ended or failed, a destination failed. Pure.

use super::{
    session::{Session, SessionState},
    timestamp::Timestamp,
};
use serde_json::{Value, json};

/// One event to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookEvent {
    /// `session.live`, `session.ended`, `session.failed`, `destination.failed`.
    pub kind: &'static str,
    /// The body as it is sent.
    pub body: Value,
}

/// The events that follow from a change of a session.
pub fn between(before: &Session, after: &Session, at: Timestamp) -> Vec<WebhookEvent> {
    let mut events = Vec::new();
    let event = |kind: &'static str, more: Value| {
        let mut body = json!({ "event": kind, "createdAt": at, "session": session_body(after) });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        WebhookEvent { kind, body }
    };
    let entered = before.state.name() != after.state.name();
    if entered && after.state.name() == "live" {
        events.push(event("session.live", json!({})));
    }
    for result in &after.results {
        let known = before.results.iter().find(|known| known.id == result.id).and_then(|known| known.failure.as_ref());
        if let (Some(reason), None) = (&result.failure, known) {
            let destination = after.destinations.iter().find(|destination| destination.id == result.id);
            let (label, platform) = destination.map(|destination| (destination.label(), destination.platform.name())).unzip();
            let destination = json!({ "id": result.id, "name": label, "platform": platform, "reason": reason });
            events.push(event("destination.failed", json!({ "destination": destination })));
        }
    }
    match &after.state {
        SessionState::Ended { .. } if entered => events.push(event("session.ended", json!({}))),
        SessionState::Failed { .. } if entered => events.push(event("session.failed", json!({}))),
        _ => {}
    }
    events
}

fn session_body(session: &Session) -> Value {
    let (reason, message, note) = match &session.state {
        SessionState::Ended { reason, .. } => (Some(reason.code()), Some(reason.to_string()), reason.note()),
        SessionState::Failed { cause, .. } => (Some(cause.code()), Some(cause.to_string()), None),
        _ => (None, None, None),
    };
    json!({
        "sessionId": session.id,
        "status": session.state.name(),
        "streamType": session.stream_type,
        "owner": session.owner.to_string(),
        "entityName": session.entity_name,
        "streamTitle": session.title,
        "currentLobbyId": session.current_lobby_id,
        "platforms": session.destinations.iter().map(|destination| destination.platform.name()).collect::<Vec<_>>(),
        "requestedAt": session.created_at,
        "startedAt": session.state.live_since(),
        "endedAt": session.state.over_at(),
        "endReason": reason,
        "endMessage": message,
        "endNote": note,
    })
}
