//! What agents and games send to the picture, and what became of it.

use crate::domain::{
    ids::SessionId,
    overlay::{OverlayPatch, OverlaySettings},
    overlay_state::OverlayEvent,
    timestamp::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// `POST /api/streaming/events`: up to a hundred, in their order.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventBatch {
    /// Whose show.
    pub session_id: SessionId,
    /// Each is taken or refused by itself.
    #[schema(value_type = Vec<OverlayEvent>, min_items = 1, max_items = 100)]
    pub events: Vec<serde_json::Value>,
    /// How long these are held back, in milliseconds; the session's own delay if absent.
    #[serde(default)]
    #[schema(maximum = 600_000)]
    pub broadcast_delay_ms: Option<u32>,
}

/// What became of one event of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventResult {
    /// Its id, the sender's or the server's; none for one that was refused without.
    pub id: Option<String>,
    /// Whether it is on the picture, or will be.
    pub accepted: bool,
    /// It was here before, and is not shown twice.
    pub repeated: bool,
    /// Its number in the session's feed; none while it is held back.
    pub seq: Option<u64>,
    /// Until when it is held back.
    pub held_until: Option<Timestamp>,
    /// Why it was refused, and the field.
    pub error: Option<EventFault>,
}

/// Why an event was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventFault {
    /// The field, where it is one.
    pub field: Option<String>,
    /// What to do.
    pub message: String,
}

/// What became of a batch, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventResults {
    /// One for each event.
    pub results: Vec<EventResult>,
    /// Ids of the accepted ones.
    pub accepted: Vec<String>,
}

/// `PATCH /api/streaming/overlay`: whatever shall change.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeOverlay {
    /// Whose show.
    pub session_id: SessionId,
    /// The fields of the overlay.
    #[serde(flatten)]
    pub patch: OverlayPatch,
    /// The title on the picture.
    #[serde(default)]
    #[schema(max_length = 140)]
    pub stream_title: Option<String>,
    /// The game's own name for the match being played; `null` clears it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 140)]
    pub current_lobby_id: Option<Option<String>>,
    /// How long what is sent from now on is held back.
    #[serde(default)]
    #[schema(maximum = 600_000)]
    pub broadcast_delay_ms: Option<u32>,
    /// Everything that is no field of ours.
    #[serde(flatten)]
    #[schema(ignore)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a text are three answers")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The composite's configuration after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedOverlay {
    /// Whose show.
    pub session_id: SessionId,
    /// The fields of the overlay.
    #[serde(flatten)]
    pub settings: OverlaySettings,
    /// The title on the picture.
    pub stream_title: String,
    /// The game's own name for the match being played.
    pub current_lobby_id: Option<String>,
    /// How long what is sent is held back.
    pub broadcast_delay_ms: u32,
}

/// A game of an agent begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GameStarted {
    /// The game's own name for the match.
    #[schema(min_length = 1, max_length = 140)]
    pub lobby_id: String,
    /// The title on the picture, for a show that starts with it.
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
    /// How it ended, for the picture ("Nyx wins").
    #[serde(default)]
    #[schema(max_length = 120)]
    pub result: Option<String>,
}

/// What a game that begins or ends did to the agent's show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GameOutcome {
    /// The agent's show, if it has one.
    pub session_id: Option<SessionId>,
    /// Where it stands.
    pub status: Option<String>,
    /// Whether this call started or stopped it.
    pub changed: bool,
    /// In words.
    pub message: String,
}
