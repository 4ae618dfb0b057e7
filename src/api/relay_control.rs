//! What the application asks of a relay, and what the relay reports back. Spoken over the relay's control API only:
//! these are the only documents that carry stream keys, and they never leave the machine in the clear.

use crate::domain::{
    destination::StreamKey,
    ids::{DestinationId, Generation, SessionId},
    timestamp::Timestamp,
    video::VideoFormat,
};
use serde::{Deserialize, Serialize};

/// The whole wanted state of one show: `PUT /shows/{sessionId}`, idempotent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredSession {
    /// Whose show.
    pub session_id: SessionId,
    /// The egresses that may publish it; the highest generation that sends a keyframe is the one on air.
    pub ingests: Vec<DesiredIngest>,
    /// Where it plays. One that is missing here and known to the relay is finished.
    pub destinations: Vec<DesiredDestination>,
    /// The composite's format; the slate is made in it.
    pub video: VideoFormat,
    /// Whether "be right back" is sent while no composite arrives.
    pub slate: bool,
}

/// One egress that may publish the show, under the stream name `{sessionId}.{generation}.{token}` of application `show`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredIngest {
    /// Which egress of the session.
    pub generation: Generation,
    /// Its publish token: hexadecimal, compared in constant time, valid until it is missing from the wanted state.
    pub token: String,
}

impl std::fmt::Debug for DesiredIngest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DesiredIngest({})", self.generation)
    }
}

/// One place where the show shall play.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredDestination {
    /// The session's name for it, also in reports.
    pub id: DestinationId,
    /// How people call it ("Twitch", "custom"); used in reasons.
    pub label: String,
    /// Whether the platform has accepted this show before, at another relay or before a restart: its refusals are retried.
    #[serde(default)]
    pub accepted_before: bool,
    /// What to do with the composite.
    pub target: DesiredTarget,
}

/// What the relay does with the composite for one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum DesiredTarget {
    /// Publish it to an RTMP or RTMPS server.
    #[serde(rename_all = "camelCase")]
    Publish {
        /// `rtmp(s)://host[:port]/application[/more]`, without the stream key.
        address: String,
        /// May be empty; appended as the stream name, parameters and all.
        #[serde(with = "exposed_key")]
        stream_key: StreamKey,
    },
    /// Keep it as HLS (fMP4) in the data folder: the rehearsal.
    Record,
}

/// What the relay measures of one show: `GET /shows/{sessionId}`, and one server-sent event `show` for every change and every second on air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReport {
    /// Whose show.
    pub session_id: SessionId,
    /// When this was measured, by the relay's clock.
    pub at: Timestamp,
    /// The composite as it comes in.
    pub ingest: IngestReport,
    /// One for each wanted destination, in its order.
    pub destinations: Vec<DestinationReport>,
}

/// The composite as the relay receives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestReport {
    /// Whether it arrives.
    pub state: IngestState,
    /// Frames per second over the last 2 s.
    pub fps: f32,
    /// Video and audio together, kbit/s over the last 2 s.
    pub bitrate_kbps: u32,
    /// Between the last two keyframes.
    pub keyframe_interval_ms: Option<u32>,
    /// Whether audio arrived within the last 2 s.
    pub audio: bool,
    /// How long the sound has been digital silence: 0 while anything is heard, and without audio.
    #[serde(default)]
    pub silent_ms: u32,
    /// Latest video minus latest audio timestamp.
    pub av_skew_ms: Option<i32>,
    /// Why the last publisher was refused or cut ("only H.264 and AAC are taken, this is …").
    pub refusal: Option<String>,
}

impl IngestReport {
    /// Nothing has arrived yet.
    pub const fn nothing() -> Self {
        Self {
            state: IngestState::Waiting,
            fps: 0.0,
            bitrate_kbps: 0,
            keyframe_interval_ms: None,
            audio: false,
            silent_ms: 0,
            av_skew_ms: None,
            refusal: None,
        }
    }
}

/// Whether the composite arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum IngestState {
    /// Nothing yet.
    Waiting,
    /// Tags arrive (within the last 3 s).
    Receiving {
        /// Which egress sends them.
        generation: Generation,
        /// Since when without a break.
        since: Timestamp,
    },
    /// It went away; the destinations are held open, with the slate if there is one.
    Held {
        /// Since when.
        since: Timestamp,
    },
}

/// How one destination does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationReport {
    /// Which one.
    pub id: DestinationId,
    /// Where its connection stands.
    pub state: DestinationState,
    /// Bytes of media handed to the socket and taken by it.
    pub bytes_written: u64,
    /// Bytes the server acknowledged, where it does.
    pub bytes_acknowledged: Option<u64>,
    /// When the destination last took bytes: the evidence behind ON AIR.
    pub last_progress_at: Option<Timestamp>,
    /// kbit/s over the last 2 s.
    pub bitrate_kbps: u32,
    /// Times it was lost and came back.
    pub reconnects: u32,
    /// Groups of pictures it lost because it was too slow.
    pub dropped_groups: u32,
    /// Milliseconds it has been live, over all connections.
    pub uptime_ms: u64,
}

impl DestinationReport {
    /// Nothing was sent to it yet.
    pub const fn waiting(id: DestinationId) -> Self {
        Self {
            id,
            state: DestinationState::Waiting,
            bytes_written: 0,
            bytes_acknowledged: None,
            last_progress_at: None,
            bitrate_kbps: 0,
            reconnects: 0,
            dropped_groups: 0,
            uptime_ms: 0,
        }
    }
}

/// Where the connection to a destination stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum DestinationState {
    /// Nothing to send yet.
    Waiting,
    /// Connection, handshake or publish under way for the first time.
    Connecting {
        /// Since when.
        since: Timestamp,
    },
    /// It takes the show.
    Live {
        /// Since when without a break.
        since: Timestamp,
    },
    /// Lost in mid-show; tried again.
    #[serde(rename_all = "camelCase")]
    Retrying {
        /// The coming try, from 1.
        attempt: u32,
        /// When it was lost.
        since: Timestamp,
        /// When the coming try begins.
        next_at: Timestamp,
        /// In the platform's own words where it said any.
        reason: String,
    },
    /// Given up, for good.
    Failed {
        /// When.
        at: Timestamp,
        /// In the platform's own words where it said any.
        reason: String,
    },
    /// Ended because it was asked to.
    Finished {
        /// When.
        at: Timestamp,
    },
}

/// A stream key in the clear: deliberately only inside [`DesiredTarget::Publish`].
mod exposed_key {
    use super::StreamKey;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(key: &StreamKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamKey, D::Error> {
        String::deserialize(deserializer).map(StreamKey::new)
    }
}
