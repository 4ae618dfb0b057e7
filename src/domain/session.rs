//! A session: one show from the click to its end. Its states carry their data, and only the transitions below exist.

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

impl EndReason {
    /// The word of the API.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::StoppedByAdmin { .. } => "stopped_by_admin",
            Self::HostLeft => "host_left",
            Self::TooLong => "too_long",
            Self::Replaced => "replaced",
            Self::NoDestinations => "no_destinations",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("The show was ended."),
            Self::StoppedByAdmin { note } if note.is_empty() => f.write_str("An administrator ended the show."),
            Self::StoppedByAdmin { note } => write!(f, "An administrator ended the show: {note}"),
            Self::HostLeft => f.write_str("The host left and did not come back in time."),
            Self::TooLong => f.write_str("The show reached the longest duration."),
            Self::Replaced => f.write_str("Another show was started in its place."),
            Self::NoDestinations => f.write_str("The last destination was removed."),
        }
    }
}

impl FailureCause {
    /// The word of the API.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::RoomNotMade => "room_not_made",
            Self::RelayUnreachable => "relay_unreachable",
            Self::NoFreeSlot => "no_free_slot",
            Self::EgressFailed { .. } => "egress_failed",
            Self::StartDeadline { .. } => "start_deadline",
            Self::HostNeverJoined => "host_never_joined",
            Self::DestinationsFailed { .. } => "destinations_failed",
            Self::EgressKeptFailing { .. } => "egress_kept_failing",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoomNotMade => {
                f.write_str("The media server did not make a room. Try again; if it stays so, tell whoever runs this studio.")
            }
            Self::RelayUnreachable => f.write_str("The relay did not answer. Try again; if it stays so, tell whoever runs this studio."),
            Self::NoFreeSlot => f.write_str("No slot is free: every slot carries another show. Try again when one has ended."),
            Self::EgressFailed { reason } => write!(f, "The picture could not be captured: {reason}"),
            Self::StartDeadline { missing } => write!(f, "The show did not get on air in time: {missing} was missing."),
            Self::HostNeverJoined => f.write_str("Your browser never reached the media server. Check the network, then try again."),
            Self::DestinationsFailed { reasons } => write!(f, "No destination takes the show. {}", reasons.join(". ")),
            Self::EgressKeptFailing { reason } => write!(f, "The picture was lost and could not be brought back: {reason}"),
            Self::Interrupted => f.write_str("The studio was restarted in the middle of the start. Try again."),
        }
    }
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

/// Why a show ended as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum EndReason {
    /// The owner stopped it.
    Stopped,
    /// An administrator stopped it and said why.
    StoppedByAdmin {
        /// In the administrator's words; may be empty.
        note: String,
    },
    /// The host left and did not come back within the grace.
    HostLeft,
    /// It reached the longest duration.
    TooLong,
    /// The owner started another show in its place.
    Replaced,
    /// The last destination was removed.
    NoDestinations,
}

/// Why a show failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum FailureCause {
    /// LiveKit did not make the room.
    RoomNotMade,
    /// The relay did not answer.
    RelayUnreachable,
    /// No egress had room for the show.
    NoFreeSlot,
    /// The egress was refused or ended before the show was on air.
    EgressFailed {
        /// In the engine's words.
        reason: String,
    },
    /// The composite or every destination took longer than the start deadline.
    StartDeadline {
        /// What was missing.
        missing: String,
    },
    /// The host never joined the room.
    HostNeverJoined,
    /// No destination takes the show, and none will.
    DestinationsFailed {
        /// One sentence for each, by name.
        reasons: Vec<String>,
    },
    /// Egresses were lost faster than they may be replaced.
    EgressKeptFailing {
        /// Why the last one was lost.
        reason: String,
    },
    /// Footlight was stopped in the middle of the start.
    Interrupted,
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

/// What an ending session will have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Over, as it should.
    Ended(EndReason),
    /// Over, as it should not.
    Failed(FailureCause),
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
    /// How each destination did, kept when the show begins to end.
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
