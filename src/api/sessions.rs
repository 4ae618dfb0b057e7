//! Starting, watching and stopping sessions.

pub use super::{
    destination_input::DestinationInput,
    preflight::{Preflight, PreflightCheck, PreflightResult, StudioSetup},
};

use super::relay_control::{DestinationState, IngestReport};
use crate::domain::{
    destination::{Destination, Platform},
    ids::{AgentId, DestinationId, EgressId, SessionId, UserId},
    media::HostPicture,
    overlay::{OverlayPatch, OverlaySettings},
    room::RoomAccess,
    session::{HealthIssue, Owner, SessionStatus, StreamType},
    timestamp::Timestamp,
    video::{VideoFormat, VideoPreset},
};
use serde::{Deserialize, Serialize};

/// A saved destination, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedDestinationView {
    /// Where, and the key's last four characters.
    #[serde(flatten)]
    pub destination: Destination,
    /// When a session last started there.
    pub used_at: Option<Timestamp>,
}

/// The result of a connection test of a destination's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConnectionTest {
    /// Whether it answers.
    pub reached: bool,
    /// The result, in words.
    pub note: String,
}

/// The requested video format: a preset's name or every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum VideoChoice {
    /// `"720p30"`.
    Preset(VideoPreset),
    /// `{"width":640,"height":360,"framerate":15,"bitrateKbps":800}`.
    Format(VideoFormat),
}

/// The options of a new session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSession {
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The caller's agent whose session it is; with an agent's own key it may be left out.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// Whose session it is, if not the caller's own; only administrators start for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The title shown on the overlay.
    #[serde(default)]
    #[schema(max_length = 140)]
    pub stream_title: String,
    /// The name shown on the overlay; the account's if absent.
    #[serde(default)]
    pub entity_name: Option<String>,
    /// Saved destinations. Without any destination those of the owner's auto-start are used, where it is on.
    #[serde(default)]
    pub destination_ids: Vec<DestinationId>,
    /// Destinations typed for this session.
    #[serde(default)]
    pub destinations: Vec<DestinationInput>,
    /// The machine's default if absent.
    #[serde(default)]
    pub video: Option<VideoChoice>,
    /// Differences from the owner's defaults.
    #[serde(default)]
    pub overlay: OverlayPatch,
    /// What the host will publish at once. The recording waits for it, at most 5 s after the composite has joined.
    #[serde(default)]
    pub announces: Vec<HostPicture>,
    /// End the owner's running session first.
    #[serde(default)]
    pub replace: bool,
    /// Whether anybody may read a part of its status.
    #[serde(default)]
    pub public: bool,
    /// The game's own name for the match being played.
    #[serde(default)]
    #[schema(max_length = 140)]
    pub current_lobby_id: Option<String>,
    /// Delay of overlay events in milliseconds, at most 600000.
    #[serde(default)]
    #[schema(maximum = 600_000)]
    pub broadcast_delay_ms: u32,
    /// The same key again within 24 h gives the same session (the HTTP header `Idempotency-Key`).
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// A started session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StartedSession {
    /// The session, pending or starting.
    pub session: SessionView,
    /// For the host to join; none for a data-only session.
    pub room: Option<RoomAccess>,
    /// It had been started before, under the same idempotency key.
    #[serde(default)]
    pub repeated: bool,
    /// What works and could be better, a sentence each: a bitrate above what a platform recommends.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// One destination of a session, with the relay's last report of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationView {
    /// Where, and the key's last four characters.
    #[serde(flatten)]
    pub destination: Destination,
    /// The state of its connection.
    pub state: DestinationState,
    /// kbit/s over the last 2 s.
    pub bitrate_kbps: u32,
    /// When it last accepted bytes.
    pub last_progress_at: Option<Timestamp>,
    /// Number of reconnects.
    pub reconnects: u32,
    /// Milliseconds it has been live.
    pub uptime_ms: u64,
    /// Viewers there now, if the platform reports them.
    #[serde(default)]
    pub viewer_count: Option<u64>,
    /// The most viewers there at once.
    #[serde(default)]
    pub peak_viewer_count: Option<u64>,
}

/// A session as its owner and admins may see it: the body of status, of the feed's `session` events and of lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its id.
    pub session_id: SessionId,
    /// The session's status.
    pub status: SessionStatus,
    /// A destination has accepted bytes within the last 5 s.
    pub on_air: bool,
    /// Every destination is a rehearsal; pages then do not show ON AIR.
    pub rehearsal: bool,
    /// Current problems; empty when healthy.
    pub health: Vec<HealthIssue>,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The owner.
    pub owner: Owner,
    /// The account's name, for lists.
    pub owner_name: String,
    /// The name shown on the overlay.
    pub entity_name: String,
    /// The title shown on the overlay.
    pub stream_title: String,
    /// The first destination's platform.
    pub platform: Option<Platform>,
    /// The platforms of all destinations: only in the session's feed, where its overlay page gets no destinations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<Platform>,
    /// The destinations and their states.
    pub destinations: Vec<DestinationView>,
    /// Viewers now, over all platforms that report them.
    #[serde(default)]
    pub viewer_count: Option<u64>,
    /// The most viewers at once, over all platforms that report them.
    #[serde(default)]
    pub peak_viewer_count: Option<u64>,
    /// The game's own name for the match being played.
    #[serde(default)]
    pub current_lobby_id: Option<String>,
    /// Whether anybody may read a part of its status.
    #[serde(default)]
    pub public: bool,
    /// Delay of overlay events in milliseconds.
    #[serde(default)]
    pub broadcast_delay_ms: u32,
    /// The composite as the relay receives it, once it does.
    pub composite: Option<IngestReport>,
    /// What the composite shows.
    pub overlay: OverlaySettings,
    /// The video format.
    pub video: VideoFormat,
    /// Milliseconds on air.
    pub duration: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it went live.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Why it is over, as a code (`stopped`, `no_free_slot`, …).
    pub end_reason: Option<String>,
    /// Why it is over, as a sentence.
    pub end_message: Option<String>,
    /// The reason that whoever stopped it gave, in their words.
    #[serde(default)]
    pub end_note: Option<String>,
    /// Number of events from agents and games; known once it is over.
    #[serde(default)]
    pub events_recorded: Option<u64>,
    /// Number of the agent's decisions among them; known once it is over.
    #[serde(default)]
    pub decisions_logged: Option<u64>,
    /// The egress on air, for admins.
    pub egress_id: Option<EgressId>,
    /// The server's time at this moment; pages count on from it.
    pub now: Timestamp,
    /// Grows with every stored change of the session.
    pub revision: u64,
}

impl SessionView {
    /// Without what only administrators see.
    #[must_use]
    pub fn for_owner(self) -> Self {
        Self { egress_id: None, ..self }
    }
}

/// The timeline of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineView {
    /// The earliest first.
    pub lines: Vec<TimelineEntryView>,
    /// Number of overlay events sent by agents and games.
    pub events: u64,
    /// How many of them are decisions.
    pub decisions: u64,
    /// The estimated cost by the operator's prices, with its currency (`1.20 EUR`); once the session is over.
    pub cost: Option<String>,
    /// For administrators: the stored session, without secrets.
    pub raw: Option<String>,
}

/// One entry of a session's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntryView {
    /// When it happened.
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: String,
    /// What happened, as a sentence.
    pub what: String,
    /// The status after it.
    pub state: SessionStatus,
}
