//! What stands at the two ends of a session in the model: the egresses of the engine, and the platform.

use crate::{
    domain::{ids::Generation, timestamp::Timestamp},
    server::livekit::{EgressPhase, ObservedEgress},
};

/// One capture, in truth.
pub(super) struct Egress {
    pub observed: ObservedEgress,
    pub generation: Generation,
    pub session: usize,
    /// When its picture begins to reach the relay.
    pub delivers_at: Option<Timestamp>,
    /// It says ACTIVE, and nothing of it arrives.
    pub mute: bool,
    /// It paints the same frame for ever.
    pub frozen: bool,
}

impl Egress {
    pub fn runs(&self) -> bool {
        matches!(self.observed.phase, EgressPhase::Starting | EgressPhase::Active)
    }
}

/// How the platform treats the session.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Platform {
    Takes,
    Away,
    Refused,
}
