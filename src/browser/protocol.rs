//! What the bridge says through the one callback. Every type mirrors one `emit` there; nothing else crosses.

use crate::domain::media::{CaptureFailure, CaptureKind, DeviceId, MediaDevice};
use serde::Deserialize;

/// The devices there are now.
#[derive(Debug, Clone, Deserialize)]
pub struct DeviceList {
    /// Cameras, microphones and speakers, in the browser's order.
    pub devices: Vec<MediaDevice>,
}

/// What happens to a camera, microphone or screen that was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CaptureEvent {
    /// It runs.
    Opened {
        /// Which device it became.
        device_id: DeviceId,
        /// Its name.
        label: String,
        /// Whether sound comes with it.
        audio: bool,
    },
    /// It was not given.
    Failed {
        /// Why.
        failure: CaptureFailure,
    },
    /// It was pulled out, or the sharing was ended in the browser's own bar.
    Ended,
}

/// Whether a microphone is heard at all.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct MeterEvent {
    /// False after 4 s of silence.
    pub heard: bool,
}

/// How far away a server is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ProbeResult {
    /// There and back, in milliseconds; `None` if it does not answer.
    pub ms: Option<u32>,
}

/// What happens to the host's room.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum RoomEvent {
    /// Joined.
    Connected,
    /// The connection is lost; the library tries to bring it back.
    Reconnecting,
    /// It did.
    Reconnected,
    /// It gave up, or the server ended it: a fresh token is needed.
    Lost {
        /// Why.
        reason: DisconnectReason,
    },
    /// A track is up.
    Published {
        /// `camera`, `microphone`, `screen`, `screenAudio`.
        source: String,
    },
    /// LiveKit's opinion of the connection.
    Quality {
        /// See [`Quality`].
        quality: Quality,
    },
    /// What really goes up, every 2 s.
    Uplink(Uplink),
}

/// Why a room was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DisconnectReason {
    /// The network, or LiveKit.
    Network,
    /// This host joined in another tab or on another machine.
    TakenOver,
    /// The studio put the host out.
    Removed,
    /// The room was closed: the show is over.
    RoomClosed,
    /// This page left.
    Left,
}

/// LiveKit's four words for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Nothing to see.
    Excellent,
    /// Usable.
    Good,
    /// Viewers notice.
    Poor,
    /// Gone.
    Lost,
    /// Not measured yet.
    Unknown,
}

/// What really goes up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Uplink {
    /// kbit/s over the last 2 s.
    pub kbps: u32,
    /// Frames per second of the main picture.
    pub fps: u32,
    /// What holds the encoder back: `none`, `cpu`, `bandwidth`, `other`.
    pub limit: String,
}

/// One message of a feed.
#[derive(Debug, Clone, Deserialize)]
pub struct FeedMessage {
    /// `session`, `overlay`, `show`; `connection` with data `open` or `lost` is about the feed itself.
    pub event: String,
    /// The feed's sequence number so far.
    pub seq: u64,
    /// JSON.
    pub data: String,
}

/// The wire's word for a kind of capture.
pub(super) fn kind_name(kind: CaptureKind) -> &'static str {
    match kind {
        CaptureKind::Camera => "camera",
        CaptureKind::Microphone => "microphone",
        CaptureKind::Screen => "screen",
    }
}
