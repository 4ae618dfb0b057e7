//! Events of agents and games: validated one by one, numbered together, delayed where an opponent might watch.

use super::Overlay;
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        events::{EventBatch, EventFault, EventResult, EventResults},
    },
    domain::{
        ids::SessionId,
        overlay_state::{OverlayEvent, limits::shift_of},
        timestamp::Timestamp,
    },
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        feed::KIND,
        ports::ids::Ids,
        store::NewLine,
        validation::delay,
    },
};
use serde_json::Value;
use std::time::Duration;

/// Events in one call.
pub const MOST_EVENTS: usize = 100;

impl Overlay {
    /// Takes a batch: each event is accepted or refused by itself, the accepted ones in their order.
    ///
    /// # Errors
    /// Not the caller's, over, a batch that is empty or too large, or more than the session's feed takes.
    pub async fn publish(&self, caller: &Caller, batch: EventBatch) -> StudioResult<EventResults> {
        if !(1..=MOST_EVENTS).contains(&batch.events.len()) {
            return Err(ApiError::invalid("events", format!("A batch holds 1 to {MOST_EVENTS} events.")).into());
        }
        let session = self.registry.own(caller, &batch.session_id).await?;
        if !session.state.is_open() {
            return Err(StudioError::refused(ErrorCode::Conflict, "The stream is over."));
        }
        let delay_ms = delay(batch.broadcast_delay_ms.unwrap_or(session.broadcast_delay_ms))?;
        let now = self.ports.now();
        let read: Vec<Result<OverlayEvent, (Option<String>, EventFault)>> =
            batch.events.into_iter().map(|event| read(event, now, &self.ports.ids)).collect();
        let shift_ms = shift_of(read.iter().flatten(), now, delay_ms);
        let lines: Vec<NewLine> = read.iter().flatten().map(|event| line(event, shift_ms)).collect();
        let mut taken = self.take_lines(&session.id, lines, now, delay_ms).await?.into_iter();
        let results: Vec<EventResult> = read
            .into_iter()
            .map(|one| match one {
                Err((id, fault)) => EventResult { id, accepted: false, repeated: false, seq: None, held_until: None, error: Some(fault) },
                Ok(event) => match taken.next().unwrap_or(Taken::Repeated) {
                    Taken::Repeated => {
                        EventResult { id: event.id, accepted: true, repeated: true, seq: None, held_until: None, error: None }
                    }
                    Taken::Now(seq) => {
                        EventResult { id: event.id, accepted: true, repeated: false, seq: Some(seq), held_until: None, error: None }
                    }
                    Taken::Held(until) => {
                        EventResult { id: event.id, accepted: true, repeated: false, seq: None, held_until: Some(until), error: None }
                    }
                },
            })
            .collect();
        let accepted = results.iter().filter(|result| result.accepted).filter_map(|result| result.id.clone()).collect();
        Ok(EventResults { results, accepted })
    }

    async fn take_lines(&self, id: &SessionId, lines: Vec<NewLine>, now: Timestamp, delay_ms: u32) -> StudioResult<Vec<Taken>> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        self.feed_writer.admit(id, lines.len()).await?;
        if delay_ms > 0 {
            let due = now.plus_millis(delay_ms.into());
            let held = self.ports.store.hold_lines(id, due, &lines).await?;
            let (writer, id) = (self.feed_writer.clone(), id.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay_ms.into())).await;
                writer.release_due(&id).await;
            });
            return Ok(held.into_iter().map(|held| if held { Taken::Held(due) } else { Taken::Repeated }).collect());
        }
        let numbers = self.feed_writer.append(id, lines, now).await?;
        Ok(numbers.into_iter().map(|seq| seq.map_or(Taken::Repeated, Taken::Now)).collect())
    }
}

/// What the store did with an event.
enum Taken {
    Now(u64),
    Held(Timestamp),
    Repeated,
}

/// Parses and validates one event, and adds a missing id and time.
fn read(event: Value, now: Timestamp, ids: &Ids) -> Result<OverlayEvent, (Option<String>, EventFault)> {
    let id = event.get("id").and_then(Value::as_str).map(|id| id.chars().take(100).collect::<String>());
    let refused = |field: Option<&str>, message: String| (id.clone(), EventFault { field: field.map(str::to_owned), message });
    let mut event: OverlayEvent = serde_json::from_value(event).map_err(|error| {
        let words = error.to_string();
        let field = words.split('`').nth(1).filter(|_| words.starts_with("missing field")).map(str::to_owned);
        refused(field.as_deref(), format!("The event is not in shape: {words}."))
    })?;
    event.check().map_err(|error| refused(Some(error.field), format!("{error}.")))?;
    if event.id.is_none() {
        event.id = Some(ids.next(now));
    }
    Ok(event.timed(now))
}

fn line(event: &OverlayEvent, shift_ms: i64) -> NewLine {
    let event = OverlayEvent { at: event.at.map(|at| at.plus_millis(shift_ms)), ..event.clone() };
    NewLine { kind: KIND, id: event.id.clone(), data: serde_json::to_value(&event).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn invalid_events_are_refused_with_field_and_id() {
        let now = Timestamp::from_millis(1_000);
        let (id, fault) = read(json!({ "id": "e1", "kind": "stat" }), now, &Ids::default()).expect_err("no label");
        assert_eq!((id.as_deref(), fault.field.as_deref()), (Some("e1"), Some("label")));
        let (_, fault) = read(json!({ "kind": "dance" }), now, &Ids::default()).expect_err("no such kind");
        assert!(fault.message.contains("dance"), "{}", fault.message);
        let (_, fault) = read(json!("text"), now, &Ids::default()).expect_err("no object");
        assert!(fault.message.starts_with("The event is not in shape"), "{}", fault.message);
        let event = read(json!({ "kind": "event", "text": "Nyx-4 draws" }), now, &Ids::default()).expect("an event");
        assert!(event.id.is_some_and(|id| id.len() == 26));
        assert_eq!(event.at, Some(now));
    }
}
