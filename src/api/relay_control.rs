//! The relay's control API: desired sessions in, reports out. These are the only documents that carry stream keys, and they
//! leave the machine only encrypted.

use crate::domain::{
    destination::StreamKey,
    ids::{DestinationId, Generation, SessionId, UserId},
    timestamp::Timestamp,
    video::VideoFormat,
};
use serde::{Deserialize, Serialize};

/// The desired state of one session: `PUT /shows/{sessionId}`, idempotent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredSession {
    /// The session's id.
    pub session_id: SessionId,
    /// The egresses that may publish it; the highest generation that sends a keyframe is the one on air.
    pub ingests: Vec<DesiredIngest>,
    /// The destinations. One that is missing here and known to the relay is finished.
    pub destinations: Vec<DesiredDestination>,
    /// Whose session it is; the recordings of one account share the disk space. A studio of an earlier version does not say.
    #[serde(default)]
    pub account: Option<UserId>,
    /// The composite's format; the slate is made in it.
    pub video: VideoFormat,
    /// Whether "be right back" is sent while no composite arrives.
    pub slate: bool,
}

/// One egress that may publish the session, under the stream name `{sessionId}.{generation}.{token}` of application `show`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredIngest {
    /// The egress generation.
    pub generation: Generation,
    /// Its publish token: hexadecimal, compared in constant time, valid while it is part of the desired state.
    pub token: String,
}

impl std::fmt::Debug for DesiredIngest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DesiredIngest({})", self.generation)
    }
}

/// One desired destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DesiredDestination {
    /// The destination's id, also used in reports.
    pub id: DestinationId,
    /// The name shown to people ("Twitch", "custom"); used in messages.
    pub label: String,
    /// Whether the platform has accepted this session before, at another relay or before a restart: its refusals are retried.
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
    /// Record it as HLS (fMP4) in the data folder: a rehearsal.
    Record,
}

/// A server to be tried: `POST /test`. It is connected to as for a session, and nothing is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionTrial {
    /// `rtmp(s)://host[:port]/application[/more]`, without the stream key.
    pub address: String,
    /// Some servers read its parameters with `connect`; the rest of it is not sent.
    #[serde(with = "exposed_key")]
    pub stream_key: StreamKey,
}

/// What came of a trial. Reasons are continued in a sentence ("connection refused").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum TrialResult {
    /// The server has accepted `connect`.
    Connected,
    /// It may be a fault that passes.
    Doubtful {
        /// What happened.
        reason: String,
    },
    /// It will not work until somebody changes something.
    Refused {
        /// What happened, and what to change.
        reason: String,
    },
}

/// What the relay measures of one session: `GET /shows/{sessionId}`, and one server-sent event `show` for every change and every second on air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReport {
    /// The session's id.
    pub session_id: SessionId,
    /// When this was measured, by the relay's clock, which also gives all other times here: they are ages before this moment.
    pub at: Timestamp,
    /// The composite as it is received.
    pub ingest: IngestReport,
    /// One for each desired destination, in the same order.
    pub destinations: Vec<DestinationReport>,
}

impl SessionReport {
    /// The report with every time moved by `by_ms`, from the relay's clock to the reader's.
    #[must_use]
    pub fn moved(mut self, by_ms: i64) -> Self {
        let moved = |at: &mut Timestamp| *at = at.plus_millis(by_ms);
        moved(&mut self.at);
        match &mut self.ingest.state {
            IngestState::Waiting => {}
            IngestState::Receiving { since, .. } | IngestState::Held { since } => moved(since),
        }
        for destination in &mut self.destinations {
            destination.last_progress_at.iter_mut().for_each(moved);
            match &mut destination.state {
                DestinationState::Waiting => {}
                DestinationState::Connecting { since: at }
                | DestinationState::Live { since: at }
                | DestinationState::Failed { at, .. }
                | DestinationState::Finished { at } => moved(at),
                DestinationState::Retrying { since, next_at, .. } => [since, next_at].into_iter().for_each(moved),
            }
        }
        self
    }
}

/// The composite as the relay receives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestReport {
    /// Whether it is received.
    pub state: IngestState,
    /// Frames per second over the last 2 s.
    pub fps: f32,
    /// Video and audio together, kbit/s over the last 2 s.
    pub bitrate_kbps: u32,
    /// Between the last two keyframes.
    pub keyframe_interval_ms: Option<u32>,
    /// Whether audio arrived within the last 2 s.
    pub audio: bool,
    /// How long the audio has been digital silence; 0 otherwise and without audio.
    #[serde(default)]
    pub silent_ms: u32,
    /// Latest video minus latest audio timestamp.
    pub av_skew_ms: Option<i32>,
    /// Why the last publisher was refused or disconnected ("only H.264 and AAC are taken, this is …").
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

/// Whether the composite is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "name", rename_all = "camelCase")]
pub enum IngestState {
    /// Nothing was received yet.
    Waiting,
    /// Media arrived within the last 3 s.
    Receiving {
        /// The egress generation that sends it.
        generation: Generation,
        /// Since when without a break.
        since: Timestamp,
    },
    /// It stopped; the destinations stay connected, with the slate if it is on.
    Held {
        /// Since when.
        since: Timestamp,
    },
}

/// The state and statistics of one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationReport {
    /// Its id.
    pub id: DestinationId,
    /// The state of its connection.
    pub state: DestinationState,
    /// Bytes of media written to the socket.
    pub bytes_written: u64,
    /// Bytes that the server acknowledged, if it does so.
    pub bytes_acknowledged: Option<u64>,
    /// When the destination last accepted bytes; ON AIR depends on it.
    pub last_progress_at: Option<Timestamp>,
    /// kbit/s over the last 2 s.
    pub bitrate_kbps: u32,
    /// Number of reconnects.
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

/// The state of the connection to a destination.
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
    /// It receives the stream.
    Live {
        /// Since when without a break.
        since: Timestamp,
    },
    /// Lost while live; being retried.
    #[serde(rename_all = "camelCase")]
    Retrying {
        /// The next attempt, from 1.
        attempt: u32,
        /// When it was lost.
        since: Timestamp,
        /// When the next attempt begins.
        next_at: Timestamp,
        /// The platform's message, if it sent one.
        reason: String,
    },
    /// Failed for good.
    Failed {
        /// When it ended.
        at: Timestamp,
        /// The platform's message, if it sent one.
        reason: String,
    },
    /// Ended on request.
    Finished {
        /// When it ended.
        at: Timestamp,
    },
}

/// A stream key in plain text, only inside [`DesiredTarget::Publish`] and [`ConnectionTrial`].
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
