//! What the composite page is loaded with and what it reports.

use crate::domain::{
    ids::{Generation, SessionId},
    overlay::{Media, OverlaySettings},
    overlay_state::OverlayEvent,
    room::RoomAccess,
    session::StreamType,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Everything the composite knows at load, server-rendered into the page: it is right at the first frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverlaySnapshot {
    /// Whose show.
    pub session_id: SessionId,
    /// Which egress renders it; `None` in an owner's preview, which never says `START_RECORDING`.
    pub generation: Option<Generation>,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The name on the picture.
    pub entity_name: String,
    /// The address of the picture beside the name, on our own origin, where there is one.
    pub avatar: Option<String>,
    /// The title on the picture.
    pub title: String,
    /// What is shown.
    pub settings: OverlaySettings,
    /// A made-up show: what would arrive from the room. Nothing is joined, nothing moves, stand-ins are in the pictures' place.
    pub made_up: Option<Media>,
    /// For joining hidden and subscribe-only; none for a data-only show.
    pub room: Option<RoomAccess>,
    /// When the show went live, if it did.
    pub live_since: Option<Timestamp>,
    /// The events that still show, oldest first.
    #[serde(rename = "told")]
    pub history: Vec<SequencedEvent>,
    /// The feed's sequence number behind this snapshot; the feed is read from here on.
    pub seq: u64,
    /// The server's time, at which the first picture is drawn.
    pub now: Timestamp,
}

/// One made-up show, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewSnapshot {
    /// As it is called in `/stream/overlay?preview=…`.
    pub name: String,
    /// As it is called on a page.
    pub label: String,
    /// What its page is loaded with.
    #[serde(rename = "stage")]
    pub snapshot: OverlaySnapshot,
}

/// One event of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SequencedEvent {
    /// Its number in the feed.
    pub seq: u64,
    /// When it came.
    pub at: Timestamp,
    /// What it was.
    pub event: OverlayEvent,
}

/// `POST /api/streaming/heartbeat`, every 2 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "four facts of the page, each named on the wire")]
pub struct Heartbeat {
    /// Frames counted since load, some a second: what matters is that they grow.
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
