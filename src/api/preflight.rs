//! What the page for going live gets before a session: its first answer and the server's preflight checks.

use super::sessions::SessionView;
use crate::domain::{destination::Destination, overlay::OverlaySettings, video::VideoFormat};
use serde::{Deserialize, Serialize};

/// What the page for going live begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StudioSetup {
    /// The caller's running session, if any.
    pub session: Option<SessionView>,
    /// The overlay that their sessions begin with.
    pub overlay: OverlaySettings,
    /// Their saved destinations.
    pub saved: Vec<Destination>,
    /// The machine's default video format.
    pub video: VideoFormat,
    /// Why it is not 1080p30, if it is not.
    pub video_note: Option<String>,
}

/// One preflight check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightCheck {
    /// What was checked ("A free slot for the session").
    pub label: String,
    /// The result.
    #[serde(rename = "verdict")]
    pub result: PreflightResult,
    /// A short note ("2 left"), or what to do.
    pub note: String,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreflightResult {
    /// Fine.
    Pass,
    /// The session can start; look at it.
    Warn,
    /// The session cannot start.
    Fail,
}

/// The server's preflight checks before a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// LiveKit, the relay, free slots.
    pub lines: Vec<PreflightCheck>,
    /// LiveKit's address for browsers, for the page's own connection check.
    pub livekit_url: String,
    /// LiveKit's ports for media, as text ("UDP 7882 and TCP 7881").
    pub media_ports: String,
}
