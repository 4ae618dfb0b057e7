//! The port to LiveKit: rooms, tokens, Web Egress. A LiveKit fleet and the local egress implement the same calls.

pub mod client;
pub mod timed;
pub mod tokens;

use crate::domain::{ids::EgressId, timestamp::Timestamp, video::VideoFormat};
use async_trait::async_trait;
use std::time::Duration;

/// Why a LiveKit call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LiveKitError {
    /// No egress has a free slot.
    #[error("no egress slot is free")]
    NoSlot,
    /// The connection was refused: the request had no effect.
    #[error("LiveKit is down")]
    Down(#[source] Reason),
    /// No response in time: the request may still take effect.
    #[error("LiveKit does not answer")]
    Unreachable(#[source] Reason),
    /// LiveKit refused the request.
    #[error("LiveKit refused: {0}")]
    Refused(Reason),
    /// LiveKit took no token, and its clock is minutes from this machine's; a sentence about both.
    #[error("LiveKit refused: {0}")]
    OtherTime(String),
}

/// LiveKit's message, kept for the log.
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
    pub video: VideoFormat,
}

impl std::fmt::Debug for EgressRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EgressRequest({:?})", self.video)
    }
}

/// The phase of an egress, from LiveKit's list or a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EgressPhase {
    Starting,
    /// It encodes, which does not mean that anything arrives.
    Active,
    Ending,
    /// Over: complete, failed, aborted or at a limit.
    Over,
}

/// One egress as LiveKit reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedEgress {
    pub id: EgressId,
    /// Its phase.
    pub phase: EgressPhase,
    /// The page it captures: names deployment, session and generation.
    pub page_url: String,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// When LiveKit last changed it.
    pub updated_at: Timestamp,
}

/// Slots of the egress engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    pub total: u32,
    pub used: u32,
    pub sandbox: Sandbox,
}

/// Whether the egress engine's browser runs in its sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    On,
    /// The operator turned it off.
    Off,
    /// It does not work there, so no capture is started.
    Missing,
    /// The engine does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Sandbox {
    /// What administrators must know of it.
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::On | Self::Unknown => None,
            Self::Off => Some(
                "Captures run without Chromium's sandbox (FOOTLIGHT_EGRESS_NO_SANDBOX=1): a streamer's video that breaks the browser \
                 has the rights of the egress's account.",
            ),
            Self::Missing => Some(
                "No capture can start: Chromium's sandbox does not work on the egress's machine. Allow unprivileged user namespaces \
                 there, install Chromium's sandbox helper, or set FOOTLIGHT_EGRESS_NO_SANDBOX=1 to capture without it.",
            ),
        }
    }
}

/// The calls that Footlight makes to LiveKit.
#[async_trait]
pub trait LiveKit: Send + Sync + 'static {
    /// Succeeds if LiveKit answers.
    async fn ping(&self) -> Result<(), LiveKitError>;
    /// Creates a room that stays open for `empty` without anybody and for `departure` after the last host left.
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
    /// Total and used slots; `None` if the engine does not report them.
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError>;
}
