//! Distributes the encoder's FLV to any number of outputs, and keeps the latest GOP for new ones.

use crate::media::{
    flv,
    gop::GopCache,
    tag::{Role, Tag, Track, inspect},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::{io::AsyncRead, sync::broadcast};

/// In tags: about seven seconds at 30 fps. An output that is further behind has stalled.
const BACKLOG: usize = 512;

/// Twice the largest GOP that can be asked for: 10 s at 12 Mbit/s.
const MAX_GOP_BYTES: usize = 32 * 1024 * 1024;

/// Window over which the pace is measured.
const PACE_WINDOW: Duration = Duration::from_secs(5);

struct Latest {
    gop: GopCache,
    last_video: Option<Instant>,
    last_audio: Option<Instant>,
    /// Arrival time and timestamp in milliseconds of the latest video frames.
    recent: VecDeque<(Instant, u64)>,
}

/// Speed of the encoder over the last seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Video frames per second.
    pub fps: f64,
    /// Media time divided by wall time: below 1 the encoder falls behind.
    pub speed: f64,
}

/// The encoder's output, shared by all RTMP outputs.
pub struct EncoderOutput {
    latest: Mutex<Latest>,
    live: broadcast::Sender<Tag>,
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
    /// Tags that an output skipped because it was too slow.
    pub skipped: AtomicU64,
}

impl Default for EncoderOutput {
    fn default() -> Self {
        let live = broadcast::channel(BACKLOG).0;
        let latest = Latest { gop: GopCache::new(MAX_GOP_BYTES), last_video: None, last_audio: None, recent: VecDeque::new() };
        Self { latest: Mutex::new(latest), live, frames: AtomicU64::new(0), bytes: AtomicU64::new(0), skipped: AtomicU64::new(0) }
    }
}

impl EncoderOutput {
    pub fn push(&self, tag: Tag) {
        let mut latest = self.latest.lock();
        self.bytes.fetch_add(tag.body.len() as u64, Ordering::Relaxed);
        if tag.role != Role::Header {
            let now = Instant::now();
            match tag.track {
                Track::Video => {
                    self.frames.fetch_add(1, Ordering::Relaxed);
                    latest.last_video = Some(now);
                    latest.recent.push_back((now, tag.at));
                    while latest.recent.front().is_some_and(|(at, _)| now - *at > PACE_WINDOW) {
                        latest.recent.pop_front();
                    }
                }
                Track::Audio => latest.last_audio = Some(now),
            }
        }
        latest.gop.push(&tag);
        // There may be no output.
        let _ = self.live.send(tag);
    }

    /// The tags a new output must send first, and a receiver that continues without a gap.
    pub fn subscribe(&self) -> (Vec<Tag>, broadcast::Receiver<Tag>) {
        let latest = self.latest.lock();
        (latest.gop.start_tags(), self.live.subscribe())
    }

    /// The current pace; `None` until there are enough frames.
    pub fn pace(&self) -> Option<Pace> {
        let latest = self.latest.lock();
        let ((first, from), (last, to)) = (latest.recent.front()?, latest.recent.back()?);
        let wall = last.duration_since(*first).as_secs_f64();
        // If the encoder has stopped, its last frames alone would look too fast.
        let wall = wall.max(first.elapsed().as_secs_f64() - 0.5);
        if wall < 0.5 {
            return None;
        }
        let pictures = u32::try_from(latest.recent.len() - 1).unwrap_or(u32::MAX);
        let media_ms = u32::try_from(to.saturating_sub(*from)).unwrap_or(u32::MAX);
        Some(Pace { fps: f64::from(pictures) / wall, speed: f64::from(media_ms) / 1000.0 / wall })
    }

    /// Arrival times of the last video and the last audio tag.
    pub fn last(&self) -> (Option<Instant>, Option<Instant>) {
        let latest = self.latest.lock();
        (latest.last_video, latest.last_audio)
    }
}

/// Reads the encoder's FLV until its end, calling `each` for every tag.
///
/// # Errors
/// The stream is not FLV, is neither H.264 nor AAC, or ends inside a tag.
pub async fn read_flv(source: impl AsyncRead + Unpin, mut each: impl FnMut(Tag)) -> io::Result<()> {
    let mut reader = flv::Reader::new(source);
    while let Some((track, at, body)) = reader.next().await? {
        if let Some(role) = inspect(track, &body).map_err(io::Error::other)? {
            each(Tag { track, role, at: at.into(), body });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::{Bytes, BytesMut};

    fn tag(track: Track, role: Role, at: u64, body: &'static [u8]) -> Tag {
        Tag { track, role, at, body: Bytes::from_static(body) }
    }

    #[tokio::test]
    async fn new_subscriber_starts_with_headers_and_latest_keyframe() {
        let sent = [
            tag(Track::Video, Role::Header, 0, &[0x17, 0, 1]),
            tag(Track::Audio, Role::Header, 0, &[0xaf, 0, 1]),
            tag(Track::Video, Role::Key, 0, &[0x17, 1, 1]),
            tag(Track::Video, Role::Plain, 33, &[0x27, 1, 1]),
            tag(Track::Video, Role::Key, 2000, &[0x17, 1, 1]),
            tag(Track::Audio, Role::Plain, 2010, &[0xaf, 1, 1]),
        ];
        let mut file = BytesMut::from(flv::FILE_HEADER);
        for tag in &sent {
            flv::tag(tag, tag.at, &mut file);
        }
        let (encoder_output, mut read) = (EncoderOutput::default(), Vec::new());
        read_flv(&file[..], |tag| {
            read.push(tag.clone());
            encoder_output.push(tag);
        })
        .await
        .expect("FLV");
        assert_eq!(read, sent);
        let (first, mut live) = encoder_output.subscribe();
        assert_eq!(first.iter().map(|tag| tag.at).collect::<Vec<_>>(), [2000, 2000, 2000, 2010]);
        assert_eq!(first.iter().map(|tag| tag.role).collect::<Vec<_>>(), [Role::Header, Role::Header, Role::Key, Role::Plain]);
        encoder_output.push(tag(Track::Audio, Role::Plain, 2033, &[0xaf, 1, 1]));
        assert_eq!(live.try_recv().expect("follows").at, 2033);
        assert_eq!(encoder_output.frames.load(Ordering::Relaxed), 3);
    }
}
