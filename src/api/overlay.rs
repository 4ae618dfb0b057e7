//! What the overlay page is loaded with and what it reports.

use crate::domain::{
    destination::Platform,
    ids::{Generation, SessionId},
    overlay::{Media, OverlaySettings},
    overlay_state::OverlayEvent,
    room::RoomAccess,
    session::StreamType,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The overlay's initial data, server-rendered into the page so that the first frame is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverlaySnapshot {
    /// The session's id.
    pub session_id: SessionId,
    /// Which egress renders it; `None` in an owner's preview, which never sends `START_RECORDING`.
    pub generation: Option<Generation>,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The name shown on the overlay.
    pub entity_name: String,
    /// The address of the avatar, on our own origin, if there is one.
    pub avatar: Option<String>,
    /// The title shown on the overlay.
    pub title: String,
    /// The platforms of its destinations.
    #[serde(default)]
    pub platforms: Vec<Platform>,
    /// The overlay settings.
    pub settings: OverlaySettings,
    /// Set for a sample: the media states to pretend. Nothing is joined, and placeholders replace the tracks.
    pub made_up: Option<Media>,
    /// Access to join hidden and subscribe-only; `None` for a data-only session.
    pub room: Option<RoomAccess>,
    /// When the session went live, if it did.
    pub live_since: Option<Timestamp>,
    /// The events that are still visible, oldest first.
    #[serde(rename = "told")]
    pub history: Vec<SequencedEvent>,
    /// The feed's sequence number behind this snapshot; the feed is read from here on.
    pub seq: u64,
    /// The server's time, for the first frame.
    pub now: Timestamp,
}

/// One sample overlay, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewSnapshot {
    /// The name in `/stream/overlay?preview=…`.
    pub name: String,
    /// The name shown on a page.
    pub label: String,
    /// The overlay's initial data.
    #[serde(rename = "stage")]
    pub snapshot: OverlaySnapshot,
}

/// A past event with its sequence number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencedEvent {
    /// Its number in the feed.
    pub seq: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The event.
    pub event: OverlayEvent,
}

/// `POST /api/streaming/heartbeat`, every 2 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "four observations of the page, each named on the wire")]
pub struct Heartbeat {
    /// Frames counted since the page was loaded, several a second. Only their growth matters.
    pub frames: u64,
    /// Whether a decoded screen frame is on the page.
    pub screen: bool,
    /// Whether a decoded webcam frame is on the page.
    pub camera: bool,
    /// Whether an audio track plays.
    pub audio: bool,
    /// Whether the room is connected.
    pub connected: bool,
}
