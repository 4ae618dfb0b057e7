//! The states of a session and the only ways from one to another.

use super::{EndReason, FailureCause, Outcome};
use crate::domain::{ids::EgressId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum SessionState {
    /// Stored; room, relay and egress are being set up.
    Pending,
    /// The egress was accepted; its browser boots while the host joins.
    Starting {
        /// The egress requested last.
        egress: EgressId,
        /// Since when.
        since: Timestamp,
    },
    /// The relay received the composite and a destination accepted it.
    Live {
        /// The egress on air.
        egress: EgressId,
        /// Since when.
        since: Timestamp,
    },
    /// A stop was requested; the egress is not yet confirmed gone.
    Ending {
        /// The egress to be gone, where there was one.
        egress: Option<EgressId>,
        /// The outcome once it is over.
        outcome: Outcome,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// Since when it is ending.
        since: Timestamp,
    },
    /// Ended normally.
    Ended {
        /// Why.
        reason: EndReason,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
    },
    /// Failed.
    Failed {
        /// Why.
        cause: FailureCause,
        /// When it had gone live.
        live_since: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
    },
}

/// The status of a session: its state without the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// Stored; room, relay and egress are being set up.
    Pending,
    /// The egress was accepted.
    Starting,
    /// A destination receives the stream.
    Live,
    /// A stop was requested.
    Ending,
    /// Ended normally.
    Ended,
    /// Failed.
    Failed,
}

impl SessionStatus {
    /// Every status, in the order in which a session passes them.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Starting, Self::Live, Self::Ending, Self::Ended, Self::Failed];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// The status with this name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Live, whether or not bytes are accepted at this moment.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live)
    }

    /// A stop was requested and is not yet confirmed.
    pub const fn is_ending(self) -> bool {
        matches!(self, Self::Ending)
    }

    /// The session failed.
    pub const fn is_failed(self) -> bool {
        matches!(self, Self::Failed)
    }

    /// Ended or failed: it never changes again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ended | Self::Failed)
    }
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A transition that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a session that is {from} cannot {action}")]
pub struct InvalidTransition {
    /// The state it was in.
    pub from: &'static str,
    /// What it was asked to do.
    pub action: &'static str,
}

impl SessionState {
    /// The state without its data: the `status` of the API.
    pub const fn status(&self) -> SessionStatus {
        match self {
            Self::Pending => SessionStatus::Pending,
            Self::Starting { .. } => SessionStatus::Starting,
            Self::Live { .. } => SessionStatus::Live,
            Self::Ending { .. } => SessionStatus::Ending,
            Self::Ended { .. } => SessionStatus::Ended,
            Self::Failed { .. } => SessionStatus::Failed,
        }
    }

    /// The name of the status on the wire.
    pub const fn name(&self) -> &'static str {
        self.status().as_str()
    }

    /// Pending, starting or live: it can still be changed.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending | Self::Starting { .. } | Self::Live { .. })
    }

    /// Starting or live: an egress captures it.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Starting { .. } | Self::Live { .. })
    }

    /// Pending, starting, live or ending: the owner cannot start another.
    pub fn is_active(&self) -> bool {
        !self.is_over()
    }

    /// Ended or failed: never changes again.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Failed { .. })
    }

    /// The current egress, if any.
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

    /// The relay receives the composite and a destination accepts it.
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

    /// A stop was requested or a fault ends the session. The first outcome stays.
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

    /// All resources are confirmed gone.
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
    fn a_session_keeps_when_it_went_live() {
        let state = SessionState::Pending.start(egress(), at(1)).and_then(|s| s.go_live(at(2))).expect("on air");
        let state = state.end(Outcome::Ended(EndReason::stopped()), at(5)).and_then(|s| s.close(at(6))).expect("over");
        assert_eq!(state, SessionState::Ended { reason: EndReason::stopped(), live_since: Some(at(2)), at: at(6) });
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
            assert!(state.clone().end(Outcome::Ended(EndReason::stopped()), at(2)).is_err());
            assert!(state.close(at(2)).is_err());
        }
    }

    #[test]
    fn the_first_outcome_of_an_ending_session_stays() {
        let ending = SessionState::Pending.end(Outcome::Failed(FailureCause::RoomNotMade), at(1)).expect("ends");
        let error = ending.end(Outcome::Ended(EndReason::stopped()), at(2)).expect_err("ends once");
        assert_eq!(error.to_string(), "a session that is ending cannot be ended");
    }
}
