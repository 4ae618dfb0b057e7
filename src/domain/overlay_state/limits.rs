//! Limits of overlay events: text lengths, and how far in the future an event may be.

use super::{Match, OverlayEvent, OverlayEventKind};
use crate::domain::{plain_text, timestamp::Timestamp};

/// Clocks differ; an event from further ahead than this happened when it arrived.
const AHEAD_MS: i64 = 5_000;
/// Senders report at once: a batch that is older than this, to its newest event, comes from a clock that is slow.
const BEHIND_MS: u64 = 60_000;
/// Sides of a match.
const MOST_SIDES: usize = 8;

/// A field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {expected}")]
pub struct UnsuitableEvent {
    /// Its name on the wire.
    pub field: &'static str,
    /// What it must be.
    pub expected: String,
}

impl OverlayEvent {
    /// Checks every field.
    ///
    /// # Errors
    /// The first one that does not fit.
    pub fn check(&self) -> Result<(), UnsuitableEvent> {
        if let Some(id) = &self.id {
            text("id", id, 1, 100)?;
        }
        match &self.kind {
            OverlayEventKind::Stat { label, value } => {
                text("label", label, 1, 40)?;
                value.as_deref().map_or(Ok(()), |value| text("value", value, 0, 60))
            }
            OverlayEventKind::Event { text: line, .. } => text("text", line, 1, 200),
            OverlayEventKind::Decision { title, reason, confidence, .. } => {
                text("title", title, 1, 120)?;
                text("reason", reason, 0, 600)?;
                match confidence {
                    Some(101..) => Err(UnsuitableEvent { field: "confidence", expected: "a percentage from 0 to 100".into() }),
                    _ => Ok(()),
                }
            }
            OverlayEventKind::Match(game) => check_match(game),
            OverlayEventKind::Alert { title, text: line, .. } => {
                text("title", title, 1, 120)?;
                text("text", line, 0, 200)
            }
        }
    }

    /// Replaces a time too far in the future by the time of arrival.
    #[must_use]
    pub fn timed(mut self, arrived: Timestamp) -> Self {
        self.at = Some(self.at.filter(|at| *at <= arrived.plus_millis(AHEAD_MS)).unwrap_or(arrived));
        self
    }
}

/// By how many milliseconds the times of a batch are moved, so that viewers see each event as new when it is shown: by what the sender's
/// clock is slow, and by the delay that the events are held for.
pub fn shift_of<'a>(batch: impl IntoIterator<Item = &'a OverlayEvent>, arrived: Timestamp, delay_ms: u32) -> i64 {
    let newest = batch.into_iter().filter_map(|event| event.at).max().unwrap_or(arrived);
    let behind_ms = Some(arrived.millis_since(newest)).filter(|behind| *behind > BEHIND_MS).unwrap_or_default();
    i64::try_from(behind_ms).unwrap_or(i64::MAX).saturating_add(i64::from(delay_ms))
}

fn check_match(game: &Match) -> Result<(), UnsuitableEvent> {
    if game.sides.len() > MOST_SIDES {
        return Err(UnsuitableEvent { field: "sides", expected: format!("at most {MOST_SIDES} sides") });
    }
    for side in &game.sides {
        text("sides.name", &side.name, 1, 40)?;
    }
    text("turn", &game.turn, 0, 60)?;
    text("phase", &game.phase, 0, 60)?;
    game.result.as_deref().map_or(Ok(()), |result| text("result", result, 1, 120))
}

fn text(field: &'static str, text: &str, least: usize, most: usize) -> Result<(), UnsuitableEvent> {
    if !(least..=most).contains(&text.chars().count()) {
        return Err(UnsuitableEvent { field, expected: format!("{least} to {most} characters of plain text") });
    }
    plain_text::lines(text).map(drop).map_err(|error| UnsuitableEvent { field, expected: format!("plain text: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_does_not_fit_is_named() {
        let long = "x".repeat(700);
        let cases = [
            (serde_json::json!({ "kind": "stat", "label": "" }), Some("label")),
            (serde_json::json!({ "kind": "stat", "label": "Cards", "value": long }), Some("value")),
            (serde_json::json!({ "kind": "stat", "label": "Cards", "value": null }), None),
            (serde_json::json!({ "kind": "event", "text": "a\u{0}b" }), Some("text")),
            (serde_json::json!({ "kind": "decision", "title": "Attack", "reason": long }), Some("reason")),
            (serde_json::json!({ "kind": "decision", "title": "Attack", "confidence": 101 }), Some("confidence")),
            (serde_json::json!({ "kind": "match", "sides": vec![serde_json::json!({ "name": "a" }); 9] }), Some("sides")),
            (serde_json::json!({ "kind": "match", "sides": [{ "name": "" }] }), Some("sides.name")),
            (serde_json::json!({ "kind": "alert", "title": "New record", "id": "" }), Some("id")),
        ];
        for (event, field) in cases {
            let event: OverlayEvent = serde_json::from_value(event).expect("an event");
            assert_eq!(event.check().err().map(|error| error.field), field, "{event:?}");
        }
    }

    #[test]
    fn a_batch_from_a_slow_clock_counts_from_its_arrival() {
        let now = Timestamp::from_millis(10_000_000);
        let ago = |seconds: i64| OverlayEvent {
            id: None,
            at: Some(now.plus_millis(-1000 * seconds)),
            kind: OverlayEventKind::Event { text: "x".into(), tone: super::super::Tone::Plain },
        };
        for (batch, delay_ms, expected) in [
            (vec![ago(0)], 0, 0),
            (vec![ago(59)], 0, 0),
            // Seven minutes slow: the order and the time between them stay.
            (vec![ago(430), ago(420)], 0, 420_000),
            // Sent after a lost connection, up to now.
            (vec![ago(430), ago(1)], 0, 0),
            (vec![ago(0)], 30_000, 30_000),
            (vec![ago(420)], 30_000, 450_000),
            (vec![], 0, 0),
        ] {
            assert_eq!(shift_of(&batch, now, delay_ms), expected, "{batch:?}");
        }
    }

    #[test]
    fn an_event_from_the_future_happened_when_it_arrived() {
        let now = Timestamp::from_millis(1_000_000);
        let at = |at| {
            OverlayEvent { id: None, at, kind: OverlayEventKind::Event { text: "x".into(), tone: super::super::Tone::Plain } }.timed(now).at
        };
        assert_eq!(at(None), Some(now));
        assert_eq!(at(Some(now.plus_millis(-9))), Some(now.plus_millis(-9)));
        assert_eq!(at(Some(now.plus_millis(60_000))), Some(now));
    }
}
