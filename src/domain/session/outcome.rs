//! How and why a session ended: codes for the API and messages for people.

use super::Actor;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a session ended normally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum EndReason {
    /// The owner stopped it, with or without a reason.
    Stopped {
        /// The owner's reason; may be empty. Sessions from before it was kept have none.
        #[serde(default)]
        note: String,
    },
    /// An administrator stopped it and said why.
    StoppedByAdmin {
        /// The administrator's reason; may be empty.
        note: String,
    },
    /// The host left and did not come back within the grace period.
    HostLeft,
    /// It reached the longest duration.
    TooLong,
    /// The owner started another session in its place.
    Replaced,
    /// The last destination was removed.
    NoDestinations,
}

/// Why a session failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum FailureCause {
    /// LiveKit did not make the room.
    RoomNotMade,
    /// The relay did not answer.
    RelayUnreachable,
    /// No egress had a free slot.
    NoFreeSlot,
    /// The egress was refused or ended before the session was on air.
    EgressFailed {
        /// The engine's message.
        reason: String,
    },
    /// The composite or every destination took longer than the start deadline.
    StartDeadline {
        /// What was missing.
        missing: String,
    },
    /// The host never joined the room.
    HostNeverJoined,
    /// Every destination failed for good.
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

/// What an ending session will have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Ended normally.
    Ended(EndReason),
    /// Failed.
    Failed(FailureCause),
}

impl Outcome {
    /// Who the timeline names for an end that nobody requested.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Ended(EndReason::HostLeft | EndReason::TooLong)
            | Self::Failed(FailureCause::StartDeadline { .. } | FailureCause::HostNeverJoined) => Actor::Watchdog,
            Self::Failed(FailureCause::DestinationsFailed { .. }) => Actor::Relay,
            Self::Ended(_) | Self::Failed(_) => Actor::Reconciler,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => reason.fmt(f),
            Self::Failed(cause) => cause.fmt(f),
        }
    }
}

impl EndReason {
    /// The owner stopped it and gave no reason.
    pub const fn stopped() -> Self {
        Self::Stopped { note: String::new() }
    }

    /// The reason that whoever stopped it gave.
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Stopped { note } | Self::StoppedByAdmin { note } => Some(note.as_str()).filter(|note| !note.is_empty()),
            _ => None,
        }
    }

    /// The code used in the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stopped { .. } => "stopped",
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
            Self::Stopped { note } if note.is_empty() => f.write_str("The stream was ended."),
            Self::Stopped { note } => write!(f, "The stream was ended: {note}"),
            Self::StoppedByAdmin { note } if note.is_empty() => f.write_str("An administrator ended the stream."),
            Self::StoppedByAdmin { note } => write!(f, "An administrator ended the stream: {note}"),
            Self::HostLeft => f.write_str("The host left and did not come back in time."),
            Self::TooLong => f.write_str("The stream reached the longest duration."),
            Self::Replaced => f.write_str("Another stream was started in its place."),
            Self::NoDestinations => f.write_str("The last destination was removed."),
        }
    }
}

impl FailureCause {
    /// The code used in the API.
    pub const fn code(&self) -> &'static str {
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
            Self::NoFreeSlot => f.write_str("No slot is free: every slot is used by another stream. Try again when one has ended."),
            Self::EgressFailed { reason } => write!(f, "The picture could not be captured: {reason}"),
            Self::StartDeadline { missing } => write!(f, "The stream did not get on air in time: {missing} was missing."),
            Self::HostNeverJoined => f.write_str("Your browser never reached the media server. Check the network, then try again."),
            Self::DestinationsFailed { reasons } => write!(f, "No destination accepts the stream. {}", reasons.join(". ")),
            Self::EgressKeptFailing { reason } => write!(f, "The picture was lost and could not be brought back: {reason}"),
            Self::Interrupted => f.write_str("The studio was restarted in the middle of the start. Try again."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_keeps_its_reason_and_reads_older_ones_without() {
        let reason = EndReason::Stopped { note: "The match was called off.".into() };
        assert_eq!((reason.code(), reason.note()), ("stopped", Some("The match was called off.")));
        assert_eq!(reason.to_string(), "The stream was ended: The match was called off.");
        let stored = serde_json::to_value(&reason).expect("plain");
        assert_eq!(serde_json::from_value::<EndReason>(stored).expect("our own"), reason);
        let older: EndReason = serde_json::from_str(r#"{"reason":"stopped"}"#).expect("as it was stored before");
        assert_eq!((older.note(), older.to_string()), (None, "The stream was ended.".to_owned()));
    }
}
