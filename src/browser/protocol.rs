//! The events of the bridge. Every type mirrors an `emit` there.

use crate::domain::media::{CaptureFailure, CaptureKind, DeviceId, MediaDevice};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct DeviceList {
    /// Cameras, microphones and speakers, in the browser's order.
    pub devices: Vec<MediaDevice>,
}

/// What happens to a camera, microphone or screen.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CaptureEvent {
    Opened {
        /// The device that was opened.
        device_id: DeviceId,
        label: String,
        /// Whether it has audio.
        audio: bool,
    },
    Failed {
        failure: CaptureFailure,
    },
    /// It was unplugged, or the sharing was ended in the browser's own bar.
    Ended,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub struct MeterEvent {
    /// False after 4 s of silence.
    pub heard: bool,
}

/// Whether a server can be reached.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ProbeResult {
    /// The round trip in milliseconds; `None` if it does not answer.
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
    Reconnected,
    /// The library gave up, or the server disconnected: a new token is needed.
    Lost {
        reason: DisconnectReason,
    },
    /// A track is published.
    Published {
        /// `camera`, `microphone`, `screen`, `screenAudio`.
        source: String,
    },
    /// The connection quality as LiveKit reports it.
    Quality {
        /// See [`Quality`].
        quality: Quality,
    },
    /// The measured upload, every 2 s.
    Uplink(Uplink),
}

/// Why the room was disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DisconnectReason {
    /// The network, or LiveKit.
    Network,
    /// This host joined in another tab or on another machine.
    TakenOver,
    /// The server removed the host.
    Removed,
    /// The room was closed: the session is over.
    RoomClosed,
    /// This page left.
    Left,
}

/// LiveKit's levels of connection quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    Excellent,
    Good,
    Poor,
    Lost,
    /// Not measured yet.
    Unknown,
}

/// The measured upload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Uplink {
    /// kbit/s over the last 2 s.
    pub kbps: u32,
    /// Frames per second of the screen, else of the camera.
    pub fps: u32,
    /// What limits the encoder: `none`, `cpu`, `bandwidth`, `other`.
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

/// The name that the bridge has for a kind of capture.
pub(super) fn kind_name(kind: CaptureKind) -> &'static str {
    match kind {
        CaptureKind::Camera => "camera",
        CaptureKind::Microphone => "microphone",
        CaptureKind::Screen => "screen",
    }
}
