//! A session: one show from the click to its end. Its states carry their data, and only the transitions below exist.

mod outcome;
mod state;

pub use outcome::{EndReason, FailureCause, Outcome};
pub use state::{InvalidTransition, SessionState};

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

/// Whose show it is. At most one active session each.
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

/// What kind of show: with a host and a room, or data only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StreamType {
    /// A person with camera, microphone, screen.
    User,
    /// An agent without a camera.
    Agent,
}

/// Who caused a change, as the timeline tells it.
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
    /// The relay's evidence.
    Relay,
    /// The reconciler.
    Reconciler,
    /// A watchdog's deadline.
    Watchdog,
    /// Footlight itself, in the course of a use case.
    Studio,
}

/// What is wrong beside the state; empty is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum HealthIssue {
    /// The relay receives no composite.
    NoComposite,
    /// The relay receives something that no platform takes, and has refused it.
    #[serde(rename_all = "camelCase")]
    CompositeRefused {
        /// What it is instead of H.264 and AAC.
        reason: String,
    },
    /// A destination does not take the show now.
    #[serde(rename_all = "camelCase")]
    Destination {
        /// How people call it.
        label: String,
        /// Why.
        reason: String,
    },
    /// The relay's evidence is older than 5 s.
    StaleEvidence,
    /// The host is not in the room.
    HostAway,
    /// The overlay does not report, or its picture stands still.
    OverlayFrozen,
    /// The egress is being replaced.
    ReplacingEgress,
}

/// Whether the host is in the room, as far as anybody could look.
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

/// A show, as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Whose.
    pub owner: Owner,
    /// The user who answers for it: the owner, or the owner of the agent.
    pub account: UserId,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The name on the picture.
    pub entity_name: String,
    /// The title on the picture; may be empty.
    pub title: String,
    /// Where it stands.
    pub state: SessionState,
    /// What is wrong beside it.
    pub health: Vec<HealthIssue>,
    /// Where it plays; the keys lie sealed beside the session.
    pub destinations: Vec<Destination>,
    /// The composite's format.
    pub video: VideoFormat,
    /// What the composite shows.
    pub overlay: OverlaySettings,
    /// The number of the egress asked for last.
    pub generation: Generation,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Whether anybody may ask for a part of its status.
    #[serde(default)]
    pub public: bool,
    /// The game's own name for the match being played.
    #[serde(default)]
    pub current_lobby_id: Option<String>,
    /// How long what is sent to the picture is held back, so that an opponent who watches learns it too late.
    #[serde(default)]
    pub broadcast_delay_ms: u32,
    /// Whether the host is in the room, where one is expected.
    #[serde(default)]
    pub host: HostPresence,
    /// When egresses were replaced, within the last ten minutes.
    #[serde(default)]
    pub replaced_at: Vec<Timestamp>,
    /// How each destination has done, kept twice a minute and when the show begins to end.
    #[serde(default)]
    pub results: Vec<DestinationResult>,
    /// How many watch, where the platforms tell.
    #[serde(default, rename = "audience")]
    pub viewers: ViewerCounts,
    /// Grows by one with every stored change; a change over an older one is refused.
    pub revision: u64,
}

/// How one destination did over the whole show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationResult {
    /// Which one.
    pub id: DestinationId,
    /// Milliseconds it was live.
    pub uptime_ms: u64,
    /// Times it was lost and came back.
    pub reconnects: u32,
    /// What of both an earlier relay counted: a relay that is restarted begins at nothing.
    #[serde(default)]
    pub carried: (u64, u32),
    /// Why it was given up, if it was.
    pub failure: Option<String>,
}
