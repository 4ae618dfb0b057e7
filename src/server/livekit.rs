//! The port to LiveKit: rooms, tokens, Web Egress. Above it nobody knows whether a fleet or the local engine answers.

pub mod client;
pub mod fake;
pub mod signature;
pub mod timed;
pub mod tokens;

use crate::domain::{ids::EgressId, timestamp::Timestamp, video::VideoFormat};
use async_trait::async_trait;
use std::time::Duration;

/// Why LiveKit did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveKitError {
    /// No egress has room for another show.
    #[error("no egress slot is free")]
    NoSlot,
    /// Nobody listens there: what was asked has not happened.
    #[error("LiveKit is down")]
    Down(#[source] Reason),
    /// It does not answer in time: what was asked may still happen.
    #[error("LiveKit does not answer")]
    Unreachable(#[source] Reason),
    /// It said no.
    #[error("LiveKit refused: {0}")]
    Refused(Reason),
}

/// LiveKit's own words, kept for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

/// One Web Egress to be started: a page, and the relay it goes to.
#[derive(Clone)]
pub struct EgressRequest {
    /// The overlay page with its token, the session and the deployment's mark.
    pub page_url: String,
    /// The relay's ingest with the publish token.
    pub output_url: String,
    /// The picture.
    pub video: VideoFormat,
}

impl std::fmt::Debug for EgressRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EgressRequest({:?})", self.video)
    }
}

/// How far an egress is, as LiveKit's list or a webhook says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EgressPhase {
    /// Accepted.
    Starting,
    /// It encodes. Says nothing about what arrives.
    Active,
    /// Asked to stop.
    Ending,
    /// Over: complete, failed, aborted or at a limit.
    Over,
}

/// One egress as LiveKit knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEgress {
    /// Which one.
    pub id: EgressId,
    /// How far it is.
    pub phase: EgressPhase,
    /// The page it captures: names deployment, session and generation.
    pub page_url: String,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// When LiveKit last changed it.
    pub updated_at: Timestamp,
}

/// How many shows the egress engine can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// In all.
    pub total: u32,
    /// Taken.
    pub used: u32,
}

/// What Footlight asks of LiveKit.
#[async_trait]
pub trait LiveKit: Send + Sync + 'static {
    /// Answers if LiveKit does.
    async fn ping(&self) -> Result<(), LiveKitError>;
    /// Makes a room that stays open `empty` without anybody and `departure` after the last host left.
    async fn create_room(&self, name: &str, empty: Duration, departure: Duration) -> Result<(), LiveKitError>;
    /// Deletes a room; one that is not there is deleted.
    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError>;
    /// The names of all rooms.
    async fn rooms(&self) -> Result<Vec<String>, LiveKitError>;
    /// The identities in a room that are not hidden; none for a room that is not there.
    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError>;
    /// Starts a Web Egress that waits for the page's start signal.
    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError>;
    /// Asks an egress to stop; one that is over or unknown is stopped.
    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError>;
    /// Every egress that is not over, and ended ones as long as LiveKit remembers.
    async fn egresses(&self) -> Result<Vec<ObservedEgress>, LiveKitError>;
    /// Free and taken slots; `None` where the engine does not tell.
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError>;
}
