//! Distributes the encoder's FLV to any number of outputs, and keeps the latest GOP for new ones.

use bytes::{Bytes, BytesMut};
use std::{
    collections::VecDeque,
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::broadcast,
};

/// In tags: about seven seconds at 30 fps. An output that is further behind has stalled.
const BACKLOG: usize = 512;

/// Window over which the pace is measured.
const PACE_WINDOW: Duration = Duration::from_secs(5);

/// The media of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// AAC.
    Audio,
    /// H.264.
    Video,
}

#[derive(Debug, Clone)]
pub struct Tag {
    pub kind: Kind,
    /// Milliseconds since the first tag.
    pub at_ms: u32,
    /// The tag's body, as RTMP carries it.
    pub data: Bytes,
    pub key: bool,
    pub header: bool,
}

#[derive(Default)]
struct Latest {
    video_header: Option<Tag>,
    audio_header: Option<Tag>,
    gop: Vec<Tag>,
    last_video: Option<Instant>,
    last_audio: Option<Instant>,
    /// Arrival time and timestamp in milliseconds of the latest video frames.
    recent: VecDeque<(Instant, u32)>,
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
        Self { latest: Mutex::default(), live, frames: AtomicU64::new(0), bytes: AtomicU64::new(0), skipped: AtomicU64::new(0) }
    }
}

impl EncoderOutput {
    pub fn push(&self, tag: Tag) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        self.bytes.fetch_add(tag.data.len() as u64, Ordering::Relaxed);
        if tag.header {
            match tag.kind {
                Kind::Video => latest.video_header = Some(tag.clone()),
                Kind::Audio => latest.audio_header = Some(tag.clone()),
            }
        } else {
            match tag.kind {
                Kind::Video => {
                    self.frames.fetch_add(1, Ordering::Relaxed);
                    let now = Instant::now();
                    latest.last_video = Some(now);
                    latest.recent.push_back((now, tag.at_ms));
                    while latest.recent.front().is_some_and(|(at, _)| now - *at > PACE_WINDOW) {
                        latest.recent.pop_front();
                    }
                }
                Kind::Audio => latest.last_audio = Some(Instant::now()),
            }
            if tag.key {
                latest.gop.clear();
            }
            if tag.key || !latest.gop.is_empty() {
                latest.gop.push(tag.clone());
            }
        }
        // There may be no output.
        let _ = self.live.send(tag);
    }

    /// The tags a new output must send first, and a receiver that continues without a gap.
    pub fn subscribe(&self) -> (Vec<Tag>, broadcast::Receiver<Tag>) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let start = latest.gop.first().map_or(0, |tag| tag.at_ms);
        let headers = [&latest.video_header, &latest.audio_header].into_iter().flatten();
        let headers = headers.map(|tag| Tag { at_ms: start, ..tag.clone() });
        (headers.chain(latest.gop.iter().cloned()).collect(), self.live.subscribe())
    }

    /// The current pace; `None` until there are enough frames.
    pub fn pace(&self) -> Option<Pace> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let ((first, from), (last, to)) = (latest.recent.front()?, latest.recent.back()?);
        let wall = last.duration_since(*first).as_secs_f64();
        // If the encoder has stopped, its last frames alone would look too fast.
        let wall = wall.max(first.elapsed().as_secs_f64() - 0.5);
        if wall < 0.5 {
            return None;
        }
        let pictures = u32::try_from(latest.recent.len() - 1).unwrap_or(u32::MAX);
        Some(Pace { fps: f64::from(pictures) / wall, speed: f64::from(to.saturating_sub(*from)) / 1000.0 / wall })
    }

    /// Arrival times of the last video and the last audio tag.
    pub fn last(&self) -> (Option<Instant>, Option<Instant>) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        (latest.last_video, latest.last_audio)
    }
}

/// Reads FLV until its end, calling `each` for every tag.
///
/// # Errors
/// The stream is not FLV or ends inside a tag.
pub async fn read_flv(mut source: impl AsyncRead + Unpin, mut each: impl FnMut(Tag)) -> io::Result<()> {
    let mut signature = [0; 13];
    if source.read_exact(&mut signature).await.is_err() {
        return Ok(());
    }
    if &signature[..3] != b"FLV" {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the encoder did not write FLV"));
    }
    loop {
        let mut head = [0; 11];
        match source.read_exact(&mut head).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let mut body = BytesMut::zeroed(length + 4);
        source.read_exact(&mut body).await?;
        body.truncate(length);
        let at_ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let data = body.freeze();
        let (Some(first), second) = (data.first().copied(), data.get(1).copied()) else { continue };
        let kind = match head[0] {
            8 => Kind::Audio,
            9 => Kind::Video,
            _ => continue,
        };
        let header = second == Some(0) && (kind == Kind::Video || first >> 4 == 10);
        each(Tag { kind, at_ms, data, key: kind == Kind::Video && first >> 4 == 1 && !header, header });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: Kind, at_ms: u32, key: bool, header: bool) -> Tag {
        Tag { kind, at_ms, data: Bytes::from_static(b"x"), key, header }
    }

    #[test]
    fn new_subscriber_starts_with_headers_and_latest_keyframe() {
        let encoder_output = EncoderOutput::default();
        for tag in [
            tag(Kind::Video, 0, false, true),
            tag(Kind::Audio, 0, false, true),
            tag(Kind::Video, 0, true, false),
            tag(Kind::Video, 33, false, false),
            tag(Kind::Video, 2000, true, false),
            tag(Kind::Audio, 2010, false, false),
        ] {
            encoder_output.push(tag);
        }
        let (first, mut live) = encoder_output.subscribe();
        assert_eq!(first.iter().map(|tag| tag.at_ms).collect::<Vec<_>>(), [2000, 2000, 2000, 2010]);
        assert!(first[0].header && first[1].header && first[2].key);
        encoder_output.push(tag(Kind::Audio, 2033, false, false));
        assert_eq!(live.try_recv().expect("follows").at_ms, 2033);
    }
}
