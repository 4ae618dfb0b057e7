//! Overlay events and changes that agents and games send, and the results.

use crate::domain::{
    ids::SessionId,
    overlay::{OverlayPatch, OverlaySettings},
    overlay_state::OverlayEvent,
    session::SessionStatus,
    timestamp::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `POST /api/streaming/events`: up to a hundred, in their order.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventBatch {
    /// The session's id.
    pub session_id: SessionId,
    /// Each is accepted or refused individually.
    #[schema(value_type = Vec<OverlayEvent>, min_items = 1, max_items = 100)]
    pub events: Vec<serde_json::Value>,
    /// Delay of these events in milliseconds; the session's own delay if absent.
    #[serde(default)]
    #[schema(maximum = 600_000)]
    pub broadcast_delay_ms: Option<u32>,
}

/// The result for one event of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventResult {
    /// Its id, from the sender or else the server; `null` for a refused event without one.
    pub id: Option<String>,
    /// Whether it is shown, or will be.
    pub accepted: bool,
    /// It was received before and is not shown twice.
    pub repeated: bool,
    /// Its number in the session's feed; `null` while it is delayed.
    pub seq: Option<u64>,
    /// Until when it is delayed.
    pub held_until: Option<Timestamp>,
    /// Why it was refused, and which field is at fault.
    pub error: Option<EventFault>,
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventFault {
    /// The field at fault, if it is a single one.
    pub field: Option<String>,
    /// What is wrong, as a sentence.
    pub message: String,
}

/// The results of a batch, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventResults {
    /// One for each event.
    pub results: Vec<EventResult>,
    /// Ids of the accepted ones.
    pub accepted: Vec<String>,
}

/// `PATCH /api/streaming/overlay`: the fields to change.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeOverlay {
    /// The session's id.
    pub session_id: SessionId,
    /// The fields of the overlay.
    #[serde(flatten)]
    pub patch: OverlayPatch,
    /// The title shown on the overlay.
    #[serde(default)]
    #[schema(max_length = 140)]
    pub stream_title: Option<String>,
    /// The game's own name for the match being played; `null` clears it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 140)]
    pub current_lobby_id: Option<Option<String>>,
    /// The delay of overlay events.
    #[serde(default)]
    #[schema(maximum = 600_000)]
    pub broadcast_delay_ms: Option<u32>,
    /// Unknown fields, which are refused.
    #[serde(flatten)]
    #[schema(ignore)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// Distinguishes `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a text mean different things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The composite's configuration after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedOverlay {
    /// The session's id.
    pub session_id: SessionId,
    /// The fields of the overlay.
    #[serde(flatten)]
    pub settings: OverlaySettings,
    /// The title shown on the overlay.
    pub stream_title: String,
    /// The game's own name for the match being played.
    pub current_lobby_id: Option<String>,
    /// The delay of overlay events.
    pub broadcast_delay_ms: u32,
}

/// A game of an agent begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GameStarted {
    /// The game's own name for the match.
    #[schema(min_length = 1, max_length = 140)]
    pub lobby_id: String,
    /// The title shown on the overlay, for a session that starts with it.
    #[serde(default)]
    #[schema(max_length = 140)]
    pub stream_title: Option<String>,
}

/// A game of an agent is over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GameEnded {
    /// The game's own name for the match.
    #[schema(min_length = 1, max_length = 140)]
    pub lobby_id: String,
    /// How it ended, for the overlay ("Nyx wins").
    #[serde(default)]
    #[schema(max_length = 120)]
    pub result: Option<String>,
}

/// What a starting or ending game did to the agent's session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GameOutcome {
    /// The agent's session, if it has one.
    pub session_id: Option<SessionId>,
    /// The session's status.
    pub status: Option<SessionStatus>,
    /// Whether this call started or stopped it.
    pub changed: bool,
    /// What was done, as a sentence.
    pub message: String,
}
