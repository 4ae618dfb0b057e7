//! "Be right back": one GOP with silence, encoded once per format and played in real time while no composite
//! arrives. It is a source like any other, with the lowest priority.

use super::{
    RelayState,
    recorder::isolated,
    stream::RelayStream,
    stream_hub::{SLATE, StreamHub},
};
use crate::{
    domain::video::VideoFormat,
    media::{flv, tag::Track},
};
use bytes::Bytes;
use std::{
    io,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    process::Command,
    time::{sleep, sleep_until, timeout},
};

const LOOP_MS: u32 = 2000;
const ENCODE_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// An encoded slate: track, timestamp in milliseconds, body.
pub type Slate = Vec<(Track, u32, Bytes)>;

/// Plays the slate of a stream whenever it is enabled and needed, until the stream ends.
pub async fn run(relay: Arc<RelayState>, stream: Arc<RelayStream>) {
    let mut prepared: Option<(VideoFormat, Arc<Slate>)> = None;
    while !stream.ended().is_cancelled() {
        sleep(POLL_INTERVAL).await;
        let Some(format) = stream.slate() else { continue };
        if prepared.as_ref().is_none_or(|(known, _)| *known != format) {
            match relay.slates.prepare(format).await {
                Ok(slate) => prepared = Some((format, slate)),
                Err(error) => {
                    tracing::warn!(session = %stream.id, %error, "no slate");
                    sleep(ENCODE_TIMEOUT).await;
                }
            }
        }
        if let Some((_, slate)) = prepared.as_ref().filter(|_| stream.hub.needs_slate(&relay.config.timeouts)) {
            tracing::info!(session = %stream.id, "slate on");
            play(&stream.hub, slate).await;
            tracing::info!(session = %stream.id, "slate off");
        }
    }
}

/// Plays until an egress is on air or the grace period is over.
async fn play(hub: &StreamHub, slate: &Slate) {
    let begin = Instant::now();
    hub.add_slate();
    for round in 0_u32.. {
        for (track, at, body) in slate {
            let at = at.wrapping_add(round.wrapping_mul(LOOP_MS));
            sleep_until((begin + Duration::from_millis(at.into())).into()).await;
            // Our own encoder produces only H.264 and AAC.
            let _ = hub.push_tag(SLATE, *track, at, body.clone());
            if !hub.slate_still_needed() {
                return;
            }
        }
    }
}

/// The encoded slates by format.
#[derive(Default)]
pub struct Slates(tokio::sync::Mutex<Vec<(VideoFormat, Arc<Slate>)>>);

impl Slates {
    /// The slate of a format, encoded on first use. One is encoded at a time.
    async fn prepare(&self, format: VideoFormat) -> io::Result<Arc<Slate>> {
        let mut known = self.0.lock().await;
        if let Some((_, slate)) = known.iter().find(|(of, _)| *of == format) {
            return Ok(slate.clone());
        }
        let text = format!(
            "drawtext=text='Be right back':fontcolor=0xe8e6f0:fontsize={}:x=(w-tw)/2:y=(h-th)/2",
            format.height.min(format.width) / 10
        );
        let slate = match encode(format, &text).await {
            Ok(slate) => slate,
            Err(_) => encode(format, "null").await?, // Without fonts there is no text.
        };
        let slate = Arc::new(slate);
        known.push((format, slate.clone()));
        if known.len() > 8 {
            known.remove(0);
        }
        Ok(slate)
    }
}

async fn encode(format: VideoFormat, filter: &str) -> io::Result<Slate> {
    let VideoFormat { width, height, framerate, bitrate_kbps } = format;
    let keyint = framerate * 2;
    let rate = format!("{bitrate_kbps}k");
    let mut command = Command::new("ffmpeg");
    command
        .args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i"])
        .arg(format!("color=c=0x17151f:size={width}x{height}:rate={framerate}"))
        .args(["-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo", "-t", "2", "-vf", filter])
        .args(["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-pix_fmt", "yuv420p", "-bf", "0"])
        .args(["-b:v", &rate, "-minrate", &rate, "-maxrate", &rate, "-bufsize", &rate])
        .arg("-x264-params")
        .arg(format!("nal-hrd=cbr:scenecut=0:keyint={keyint}:min-keyint={keyint}:threads=1"))
        .args(["-c:a", "aac", "-b:a", "128k", "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1"]);
    let child = isolated(&mut command).stdout(Stdio::piped()).spawn()?;
    let output = timeout(ENCODE_TIMEOUT, child.wait_with_output()).await.map_err(|_| io::ErrorKind::TimedOut)??;
    if !output.status.success() {
        return Err(io::Error::other("ffmpeg made no slate"));
    }
    let mut slate = flv::read_all(&output.stdout).await?;
    slate.retain(|(_, at, _)| *at < LOOP_MS);
    let pictures = slate.iter().filter(|(track, ..)| *track == Track::Video).count();
    if pictures > 1 { Ok(slate) } else { Err(io::Error::other("ffmpeg made no slate")) }
}
