//! A session: one broadcast from start to end. States carry their data, and only the transitions below exist.

mod notes;
mod outcome;
mod state;

pub use notes::{MOST_HEALTH_LINES, MOST_OVERLAY_LINES, OverlayChanges, OverlayNote, TimelineNotes, is_of_relay};
pub use outcome::{EndReason, FailureCause, Outcome};
pub use state::{InvalidTransition, SessionState, SessionStatus};

use super::{
    destination::Destination,
    ids::{AgentId, DestinationId, Generation, SessionId, UserId},
    overlay::OverlaySettings,
    timestamp::Timestamp,
    video::VideoFormat,
    viewers::ViewerCounts,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The owner of a session. Each owner has at most one active session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Owner {
    /// A streamer with a browser.
    User(UserId),
    /// An agent with an API key.
    Agent(AgentId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Agent(id) => write!(f, "agent:{id}"),
        }
    }
}

/// The kind of session: with a host and a room, or data only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StreamType {
    /// A person with camera, microphone, screen.
    User,
    /// An agent without a camera.
    Agent,
}

/// Who caused a change, as recorded in the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The owner.
    Host,
    /// An administrator.
    Admin,
    /// The owner's agent, by API key.
    Agent,
    /// A webhook of LiveKit's.
    Webhook,
    /// A report of the relay.
    Relay,
    /// The reconciler.
    Reconciler,
    /// A watchdog's deadline.
    Watchdog,
    /// Footlight itself, in the course of a use case.
    Studio,
}

/// A problem of a running session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum HealthIssue {
    /// The relay receives no composite.
    NoComposite,
    /// The relay refused the composite because no platform accepts its format.
    #[serde(rename_all = "camelCase")]
    CompositeRefused {
        /// What it is instead of H.264 and AAC.
        reason: String,
    },
    /// A destination does not receive the stream now.
    #[serde(rename_all = "camelCase")]
    Destination {
        /// The destination's label.
        label: String,
        /// Why not.
        reason: String,
    },
    /// The relay's last report is older than 5 s.
    StaleEvidence,
    /// The host is not in the room.
    HostAway,
    /// The overlay page does not report, or its frames do not change.
    OverlayFrozen,
    /// The egress is being replaced.
    ReplacingEgress,
}

/// Whether the host is in the room, as last observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum HostPresence {
    /// Never seen yet.
    #[default]
    NotYet,
    /// In the room.
    Here,
    /// Was there.
    Away {
        /// Since when not.
        since: Timestamp,
    },
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The owner.
    pub owner: Owner,
    /// The responsible account: the owner, or the owner of the agent.
    pub account: UserId,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The name shown on the overlay.
    pub entity_name: String,
    /// The title shown on the overlay; may be empty.
    pub title: String,
    /// The current state.
    pub state: SessionState,
    /// Current problems; empty when healthy.
    pub health: Vec<HealthIssue>,
    /// The destinations; their sealed keys are stored separately.
    pub destinations: Vec<Destination>,
    /// The composite's format.
    pub video: VideoFormat,
    /// What the composite shows.
    pub overlay: OverlaySettings,
    /// The number of the egress requested last.
    pub generation: Generation,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether a part of its status is public.
    #[serde(default)]
    pub public: bool,
    /// The game's own name for the match being played.
    #[serde(default)]
    pub current_lobby_id: Option<String>,
    /// Delay of overlay events in milliseconds, so that a watching opponent gains nothing.
    #[serde(default)]
    pub broadcast_delay_ms: u32,
    /// Whether the host is in the room, where one is expected.
    #[serde(default)]
    pub host: HostPresence,
    /// When egresses were replaced, within the last ten minutes.
    #[serde(default)]
    pub replaced_at: Vec<Timestamp>,
    /// Results by destination, stored twice a minute and when the session starts to end.
    #[serde(default)]
    pub results: Vec<DestinationResult>,
    /// Viewer counts, where the platforms report them.
    #[serde(default, rename = "audience")]
    pub viewers: ViewerCounts,
    /// Its timeline's lines about what may change often.
    #[serde(default)]
    pub noted: TimelineNotes,
    /// Grows by one with every stored change; a write over an older revision is refused.
    pub revision: u64,
}

/// The results of one destination over the whole session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationResult {
    /// The destination's id.
    pub id: DestinationId,
    /// Milliseconds it was live.
    pub uptime_ms: u64,
    /// Number of reconnects.
    pub reconnects: u32,
    /// Uptime and reconnects counted by earlier relays: a restarted relay counts from zero.
    #[serde(default)]
    pub carried: (u64, u32),
    /// Why it failed, if it did.
    pub failure: Option<String>,
}
