//! A session: one show from the click to its end. Its states carry their data, and only the transitions below exist.

mod outcome;

pub use outcome::{EndReason, FailureCause, Outcome};

use super::{
    destination::Destination,
    ids::{AgentId, DestinationId, EgressId, Generation, SessionId, UserId},
    overlay::OverlaySettings,
    timestamp::Timestamp,
    video::VideoFormat,
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

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum SessionState {
    /// Recorded; room, relay and egress are being asked for.
    Pending,
    /// The egress was accepted; its browser boots while the host joins.
    Starting {
        /// The egress asked for last.
        egress: EgressId,
        /// Since when.
        since: Timestamp,
    },
    /// The relay received the composite and a destination took it.
    Live {
        /// The egress on air.
        egress: EgressId,
        /// Since when.
        since: Timestamp,
    },
    /// A stop was asked for; the egress is not yet confirmed gone.
    Ending {
        /// The egress to be gone, where there was one.
        egress: Option<EgressId>,
        /// What it will have ended as.
        outcome: Outcome,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// Since when it is ending.
        since: Timestamp,
    },
    /// Over, as it should.
    Ended {
        /// Why.
        reason: EndReason,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
    },
    /// Over, as it should not.
    Failed {
        /// Why.
        cause: FailureCause,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
    },
}

/// A transition that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a session that is {from} cannot {action}")]
pub struct InvalidTransition {
    /// The state it was in.
    pub from: &'static str,
    /// What was asked of it.
    pub action: &'static str,
}

impl SessionState {
    /// `pending`, `starting`, `live`, `ending`, `ended`, `failed`: the `status` of the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting { .. } => "starting",
            Self::Live { .. } => "live",
            Self::Ending { .. } => "ending",
            Self::Ended { .. } => "ended",
            Self::Failed { .. } => "failed",
        }
    }

    /// Pending, starting, live or ending: it counts against the owner's one.
    pub fn is_active(&self) -> bool {
        !self.is_over()
    }

    /// Ended or failed: never changes again.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { .. })
    }

    /// The egress it lives from, if any.
    pub fn egress(&self) -> Option<&EgressId> {
        match self {
            Self::Starting { egress, .. } | Self::Live { egress, .. } => Some(egress),
            Self::Ending { egress, .. } => egress.as_ref(),
            Self::Pending | Self::Ended { .. } | Self::Failed { .. } => None,
        }
    }

    /// When it went live, if it did.
    pub fn live_since(&self) -> Option<Timestamp> {
        match self {
            Self::Live { since, .. } => Some(*since),
            Self::Ending { live_since, .. } | Self::Ended { live_since, .. } | Self::Failed { live_since, .. } => *live_since,
            Self::Pending | Self::Starting { .. } => None,
        }
    }

    /// When it ended, if it did.
    pub fn over_at(&self) -> Option<Timestamp> {
        match self {
            Self::Ended { at, .. } | Self::Failed { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// The egress was accepted.
    ///
    /// # Errors
    /// Not pending.
    pub fn start(self, egress: EgressId, since: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending => Ok(Self::Starting { egress, since }),
            other => Err(InvalidTransition { from: other.name(), action: "start" }),
        }
    }

    /// The relay receives the composite and a destination takes it.
    ///
    /// # Errors
    /// Not starting.
    pub fn go_live(self, since: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Starting { egress, .. } => Ok(Self::Live { egress, since }),
            other => Err(InvalidTransition { from: other.name(), action: "go live" }),
        }
    }

    /// A replacement egress was accepted; the state keeps its name and its times.
    ///
    /// # Errors
    /// Neither starting nor live.
    pub fn replace_egress(self, egress: EgressId) -> Result<Self, InvalidTransition> {
        match self {
            Self::Starting { since, .. } => Ok(Self::Starting { egress, since }),
            Self::Live { since, .. } => Ok(Self::Live { egress, since }),
            other => Err(InvalidTransition { from: other.name(), action: "take a new egress" }),
        }
    }

    /// An end was asked for or a fault ends it. The first outcome stays.
    ///
    /// # Errors
    /// Already ending or over.
    pub fn end(self, outcome: Outcome, since: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending | Self::Starting { .. } | Self::Live { .. } => {
                Ok(Self::Ending { egress: self.egress().cloned(), live_since: self.live_since(), outcome, since })
            }
            other => Err(InvalidTransition { from: other.name(), action: "be ended" }),
        }
    }

    /// Everything of it is confirmed gone.
    ///
    /// # Errors
    /// Not ending.
    pub fn close(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Ending { outcome: Outcome::Ended(reason), live_since, .. } => Ok(Self::Ended { reason, live_since, at }),
            Self::Ending { outcome: Outcome::Failed(cause), live_since, .. } => Ok(Self::Failed { cause, live_since, at }),
            other => Err(InvalidTransition { from: other.name(), action: "be closed" }),
        }
    }
}

/// What is wrong beside the state; empty is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum Trouble {
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
    pub health: Vec<Trouble>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn egress() -> EgressId {
        "EG_one".parse().expect("an id")
    }
    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_show_runs_from_pending_to_ended_and_keeps_when_it_went_live() {
        let state = SessionState::Pending.start(egress(), at(1)).and_then(|s| s.go_live(at(2))).expect("on air");
        let state = state.end(Outcome::Ended(EndReason::Stopped), at(5)).and_then(|s| s.close(at(6))).expect("over");
        assert_eq!(state, SessionState::Ended { reason: EndReason::Stopped, live_since: Some(at(2)), at: at(6) });
    }

    #[test]
    fn a_terminal_state_never_changes_again() {
        let over = [
            SessionState::Ended { reason: EndReason::HostLeft, live_since: None, at: at(1) },
            SessionState::Failed { cause: FailureCause::NoFreeSlot, live_since: None, at: at(1) },
        ];
        for state in over {
            assert!(state.clone().start(egress(), at(2)).is_err());
            assert!(state.clone().go_live(at(2)).is_err());
            assert!(state.clone().replace_egress(egress()).is_err());
            assert!(state.clone().end(Outcome::Ended(EndReason::Stopped), at(2)).is_err());
            assert!(state.close(at(2)).is_err());
        }
    }

    #[test]
    fn the_first_outcome_of_an_ending_show_stays() {
        let ending = SessionState::Pending.end(Outcome::Failed(FailureCause::RoomNotMade), at(1)).expect("ends");
        let error = ending.end(Outcome::Ended(EndReason::Stopped), at(2)).expect_err("ends once");
        assert_eq!(error.to_string(), "a session that is ending cannot be ended");
    }
}
