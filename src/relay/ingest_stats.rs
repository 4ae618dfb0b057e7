//! Statistics of the incoming composite.

use super::rate::Rate;
use crate::{
    api::relay_control::{IngestReport, IngestState},
    domain::ids::Generation,
    media::{
        aac,
        tag::{Role, Tag, Track},
    },
    net::clock::now,
};
use std::time::{Duration, Instant};

const AUDIO_TIMEOUT: Duration = Duration::from_secs(2);

/// Statistics of one stream's composite.
pub struct IngestStats {
    state: IngestState,
    lost_since: Option<Instant>,
    last: Option<Instant>,
    bytes: Rate,
    frames: Rate,
    keyframe_at: Option<u64>,
    keyframe_interval: Option<u64>,
    latest: [Option<u64>; 2],
    last_audio: Option<Instant>,
    /// Timestamp since which the audio is silent, in milliseconds.
    silent_since: Option<u64>,
    /// Why the last publisher was refused or disconnected.
    pub refusal: Option<String>,
}

impl Default for IngestStats {
    fn default() -> Self {
        Self {
            state: IngestState::Waiting,
            lost_since: None,
            last: None,
            bytes: Rate::default(),
            frames: Rate::default(),
            keyframe_at: None,
            keyframe_interval: None,
            latest: [None, None],
            last_audio: None,
            silent_since: None,
            refusal: None,
        }
    }
}

impl IngestStats {
    /// Records that the generation on air sends; returns whether the state changed.
    pub fn receives(&mut self, generation: Generation) -> bool {
        self.last = Some(Instant::now());
        let (is_news, since) = match self.state {
            IngestState::Receiving { generation: before, since } => (before != generation, since),
            _ => (true, now()),
        };
        if is_news {
            self.state = IngestState::Receiving { generation, since };
            self.lost_since = None;
            self.keyframe_at = None;
            self.refusal = None;
        }
        is_news
    }

    /// Records that the composite stopped arriving.
    pub fn lost(&mut self) {
        if let IngestState::Receiving { .. } = self.state {
            self.state = IngestState::Held { since: now() };
            self.lost_since = Some(Instant::now());
        }
    }

    /// Whether it should be arriving but has not for `silence`.
    pub fn is_silent(&self, silence: Duration) -> bool {
        matches!(self.state, IngestState::Receiving { .. }) && self.last.is_some_and(|last| last.elapsed() >= silence)
    }

    /// Time since the last tag.
    pub fn silent_for(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |last| last.elapsed())
    }

    /// How long it has been lost, if it is.
    pub fn lost_for(&self) -> Option<Duration> {
        self.lost_since.map(|since| since.elapsed())
    }

    /// Updates the statistics with a tag.
    pub fn measure(&mut self, tag: &Tag) {
        self.bytes.add(tag.body.len());
        if tag.role == Role::Header {
            return;
        }
        self.latest[tag.track as usize] = Some(tag.at);
        match tag.track {
            Track::Audio => {
                self.last_audio = Some(Instant::now());
                let silent = tag.body.get(2..).is_some_and(aac::is_silent);
                self.silent_since = if silent { self.silent_since.or(Some(tag.at)) } else { None };
            }
            Track::Video => self.frames.add(1),
        }
        if tag.is_key() {
            self.keyframe_interval = self.keyframe_at.map(|before| tag.at - before).or(self.keyframe_interval);
            self.keyframe_at = Some(tag.at);
        }
    }

    /// The report for the control API.
    pub fn report(&mut self) -> IngestReport {
        let [video, audio] = self.latest.map(|at| at.and_then(|at| i64::try_from(at).ok()));
        let skew = video.zip(audio).map(|(video, audio)| video - audio);
        IngestReport {
            state: self.state,
            fps: self.frames.per_second(),
            bitrate_kbps: self.bytes.kbps(),
            keyframe_interval_ms: self.keyframe_interval.and_then(|interval| u32::try_from(interval).ok()),
            silent_ms: self
                .silent_since
                .zip(self.latest[Track::Audio as usize])
                .map_or(0, |(since, at)| u32::try_from(at.saturating_sub(since)).unwrap_or(u32::MAX)),
            audio: self.last_audio.is_some_and(|last| last.elapsed() < AUDIO_TIMEOUT),
            av_skew_ms: skew.and_then(|skew| i32::try_from(skew).ok()),
            refusal: self.refusal.clone(),
        }
    }
}
