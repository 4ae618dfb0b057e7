//! Bodies of the public HTTP API that our own pages do not use.

use super::sessions::{DestinationInput, DestinationView, NewSession, SessionView};
use crate::domain::{
    destination::{Platform, StreamKey},
    ids::{DestinationId, SessionId},
    room::RoomAccess,
    session::{SessionStatus, StreamType},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// `POST /api/streaming/start`; a single destination may be given at the top level.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartRequest {
    /// The session.
    #[serde(flatten)]
    pub session: NewSession,
    /// The single destination's platform.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// The single destination's key.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only, max_length = 512)]
    pub stream_key: Option<StreamKey>,
    /// The single destination's address, for Kick, X and custom.
    #[serde(default)]
    pub custom_rtmp_url: Option<String>,
}

/// A session that is starting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartResponse {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session_id: SessionId,
    /// `pending` for a new one.
    pub status: SessionStatus,
    /// The composite as a preview, for the owner's browser.
    pub overlay_url: String,
    /// What to do next.
    pub message: String,
    /// What works and could be better, a sentence each: a bitrate above what a platform recommends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// For the host to join; none for a data-only session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomAccess>,
}

/// `POST /api/streaming/stop`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopRequest {
    /// The session's id.
    pub session_id: SessionId,
    /// Why it is stopped: kept with the session, in its timeline, and sent to webhooks.
    #[serde(default)]
    #[schema(max_length = 300)]
    pub reason: Option<String>,
}

/// A session that was stopped, or was over already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StopResponse {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session_id: SessionId,
    /// `ended`, `failed`, or `ending` while the capture is not yet confirmed gone.
    pub status: SessionStatus,
    /// The session's statistics.
    pub stats: Statistics,
}

/// Statistics of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// Milliseconds on air.
    pub duration_ms: u64,
    /// Number of the agent's decisions.
    pub decisions_logged: u64,
    /// Number of events from agents and games.
    pub events_recorded: u64,
    /// The most viewers at once, over all platforms that report them.
    pub peak_viewers: Option<u64>,
    /// One for each destination.
    pub destinations: Vec<DestinationStatistics>,
}

/// Statistics of one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationStatistics {
    /// Its id.
    pub id: DestinationId,
    /// The platform.
    pub platform: Platform,
    /// Milliseconds it was live.
    pub uptime_ms: u64,
    /// Times it was lost and came back.
    pub reconnects: u32,
}

/// The public part of a session's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicStatus {
    /// Its id.
    pub session_id: SessionId,
    /// The session's status.
    pub status: SessionStatus,
    /// A destination has accepted bytes within the last 5 s.
    pub on_air: bool,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The first destination's platform.
    pub platform: Option<Platform>,
    /// The name shown on the overlay.
    pub entity_name: String,
    /// The title shown on the overlay.
    pub stream_title: String,
    /// Viewers now, over all platforms that report them.
    pub viewer_count: Option<u64>,
    /// Milliseconds on air.
    pub duration: u64,
    /// When it went live.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The game's own name for the match being played.
    pub current_lobby_id: Option<String>,
}

impl From<SessionView> for PublicStatus {
    fn from(view: SessionView) -> Self {
        Self {
            session_id: view.session_id,
            status: view.status,
            on_air: view.on_air,
            stream_type: view.stream_type,
            platform: view.platform,
            entity_name: view.entity_name,
            stream_title: view.stream_title,
            viewer_count: view.viewer_count,
            duration: view.duration,
            started_at: view.started_at,
            ended_at: view.ended_at,
            current_lobby_id: view.current_lobby_id,
        }
    }
}

/// The whole status for owner and admins, a part of it for anybody else of a public session.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum StatusResponse {
    /// For its owner and admins.
    Whole(Box<SessionView>),
    /// For anybody.
    Public(PublicStatus),
}

/// One page of a list, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionView>,
    /// The cursor of the next page; `None` on the last.
    pub next_cursor: Option<SessionId>,
}

/// `{sessionId}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionRef {
    /// The session's id.
    pub session_id: SessionId,
}

/// One destination of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DestinationRef {
    /// The session's id.
    pub session_id: SessionId,
    /// The destination's id in that session.
    pub destination_id: DestinationId,
}

/// A destination to be added: a saved one, or one typed now.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum AddedDestination {
    /// A saved one.
    #[serde(rename_all = "camelCase")]
    Saved {
        /// The saved destination's id.
        destination_id: DestinationId,
    },
    /// One typed now.
    Typed(DestinationInput),
}

/// `POST /api/streaming/destinations`.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeDestinations {
    /// The session's id.
    pub session_id: SessionId,
    /// Each is added or refused individually.
    #[serde(default)]
    #[schema(value_type = Vec<AddedDestination>, max_items = 10)]
    pub add: Vec<serde_json::Value>,
    /// Ids of destinations, from the session's status.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub remove: Vec<DestinationId>,
}

/// The results in order: first the added ones, then the removed ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedDestinations {
    /// The session's id.
    pub session_id: SessionId,
    /// One result for each destination.
    pub results: Vec<DestinationOutcome>,
    /// The session's destinations after the change.
    pub destinations: Vec<DestinationView>,
}

/// The result for one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationOutcome {
    /// `add` or `remove`.
    pub action: String,
    /// Its id; `null` if it was refused.
    pub id: Option<DestinationId>,
    /// Whether it succeeded.
    pub success: bool,
    /// Why it failed, and which field is at fault.
    pub error: Option<super::error::ApiError>,
}
