//! Records a rehearsal as HLS (fMP4) with `ffmpeg -c copy`, which reads the composite from a pipe.

use super::{
    connection_error::os_message,
    queue::Queue,
    recording_disk,
    recordings::Quota,
    recordings_limit::ACCOUNT_FILE,
    status::Status,
    stream_hub::{Flow, StreamHub},
};
use crate::{api::relay_control::DestinationState, config::relay::Timeouts, media::flv, net::clock::now};
use bytes::{Buf, BytesMut};
use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    sync::watch,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// No segment for this long although bytes are written: the disk or `ffmpeg` has a problem.
const SEGMENT_TIMEOUT: Duration = Duration::from_secs(15);
const DISK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long `ffmpeg` may take to finish its playlist.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);
pub const PLAYLIST: &str = "index.m3u8";

pub struct Recorder {
    /// Folder of the playlist and its segments.
    pub folder: PathBuf,
    /// Whose disk space it takes.
    pub account: Option<String>,
    pub label: String,
    pub hub: Arc<StreamHub>,
    /// Tags waiting to be written.
    pub queue: Arc<Queue>,
    /// Its state and statistics.
    pub status: Arc<Status>,
    /// Whether the composite arrives.
    pub flow: watch::Receiver<Flow>,
    /// Cancelled when the recording is no longer desired.
    pub stop: CancellationToken,
    pub timeouts: Timeouts,
    /// Whether the recordings may take more disk space.
    pub quota: Arc<Quota>,
    /// Bytes that stay free on the disk.
    pub disk_reserve: u64,
}

enum End {
    Stopped,
    NothingToRecord,
    QuotaExceeded,
    DiskFull(String),
}

impl Recorder {
    /// Records until it is stopped; if `ffmpeg` crashes it is restarted and continues the playlist.
    pub async fn run(mut self) {
        let mut attempt = 0;
        let end = loop {
            let stop = self.stop.clone();
            tokio::select! {
                () = stop.cancelled() => break DestinationState::Finished { at: now() },
                flowing = self.flow.wait_for(|flow| *flow == Flow::Flowing) => if flowing.is_err() {
                    break DestinationState::Finished { at: now() };
                },
            }
            if attempt == 0 {
                self.status.set(DestinationState::Connecting { since: now() });
            }
            let began = Instant::now();
            let ended = self.record().await;
            self.queue.close();
            match ended {
                Ok(End::Stopped) => break DestinationState::Finished { at: now() },
                Ok(End::QuotaExceeded) => {
                    let reason =
                        "the recordings have used up their disk space (FOOTLIGHT_RECORDINGS_GB), or the disk is nearly full".to_owned();
                    break DestinationState::Failed { at: now(), reason };
                }
                Ok(End::DiskFull(reason)) => {
                    tracing::error!(destination = %self.label, %reason, "recording ended");
                    break DestinationState::Failed { at: now(), reason };
                }
                Ok(End::NothingToRecord) => {
                    attempt = 0;
                    self.status.set(DestinationState::Waiting);
                }
                Err(error) => {
                    let problem = recording_disk::problem(&self.folder);
                    // A disk that takes nothing makes every attempt long: that is no success.
                    attempt = if began.elapsed() > SEGMENT_TIMEOUT && problem.is_none() { 1 } else { attempt + 1 };
                    let reason = format!("the recording stopped: {}", problem.unwrap_or_else(|| os_message(&error)));
                    tracing::warn!(destination = %self.label, %reason, "recording failed");
                    if attempt > 5 {
                        break DestinationState::Failed { at: now(), reason };
                    }
                    let next_at = now().plus_millis(1000);
                    self.status.set(DestinationState::Retrying { attempt, since: now(), next_at, reason });
                    tokio::time::sleep(self.timeouts.first_retry_delay).await;
                }
            }
        };
        self.queue.close();
        self.status.set(end);
    }

    async fn record(&mut self) -> io::Result<End> {
        recording_disk::prepare(&self.folder)?;
        if let Some(reason) = recording_disk::full(&self.folder, self.disk_reserve) {
            return Ok(End::DiskFull(reason));
        }
        if let Some(account) = &self.account {
            tokio::fs::write(self.folder.join(ACCOUNT_FILE), account).await?;
        }
        let began = self.last_modified();
        let mut child = start(&self.folder)?;
        let mut pipe = child.stdin.take().expect("stdin is piped");
        self.hub.subscribe(&self.queue);
        let end = self.write_tags(&mut child, &mut pipe, began).await;
        drop(pipe);
        if end.is_ok() && timeout(FINISH_TIMEOUT, child.wait()).await.is_err() {
            tracing::warn!(destination = %self.label, "recording was not finished in time");
        }
        end
    }

    async fn write_tags(&mut self, child: &mut Child, pipe: &mut ChildStdin, began: Option<SystemTime>) -> io::Result<End> {
        let mut out = BytesMut::from(flv::FILE_HEADER);
        let mut base = None;
        let mut taken_before_start = 0;
        let mut segment_at = Instant::now();
        let (mut newest, mut started) = (began, false);
        let mut check = tokio::time::interval(Duration::from_millis(100));
        let mut last_fed = Instant::now();
        let mut disk_checked = Instant::now();
        loop {
            while out.len() < 64 * 1024 {
                let Some(tag) = self.queue.pop() else { break };
                let base = *base.get_or_insert(tag.at);
                flv::tag(&tag, tag.at.saturating_sub(base), &mut out);
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(End::Stopped),
                exit = child.wait() => return Err(io::Error::other(format!("ffmpeg ended with {}", exit?))),
                taken = pipe.write(&out), if !out.is_empty() => {
                    let taken = taken?;
                    out.advance(taken);
                    last_fed = Instant::now();
                    if started {
                        self.status.progress(taken);
                    } else {
                        taken_before_start += taken;
                    }
                }
                () = self.queue.ready(), if out.is_empty() => {}
                () = wait_until_over(&mut self.flow) => { return Ok(End::NothingToRecord); }
                _ = check.tick() => {
                    if self.is_over_quota() {
                        return Ok(End::QuotaExceeded);
                    }
                    if disk_checked.elapsed() > DISK_CHECK_INTERVAL {
                        disk_checked = Instant::now();
                        if let Some(reason) = recording_disk::full(&self.folder, self.disk_reserve) {
                            return Ok(End::DiskFull(reason));
                        }
                    }
                    let last_modified = self.last_modified();
                    // Another time, not a later one: the clock may be set while it runs.
                    if last_modified.is_some() && last_modified != newest {
                        newest = last_modified;
                        if recording_disk::has_empty_segment(&self.folder) {
                            return Err(io::Error::other("a segment could not be written"));
                        }
                        segment_at = Instant::now();
                        if !started {
                            started = true;
                            self.status.progress(taken_before_start);
                        }
                    }
                    let idle = last_fed.elapsed() > Duration::from_secs(1) && out.is_empty();
                    if idle {
                        segment_at = Instant::now();
                    } else if segment_at.elapsed() > SEGMENT_TIMEOUT {
                        return Err(io::Error::other("no segment appears"));
                    }
                }
            }
        }
    }

    fn is_over_quota(&self) -> bool {
        self.folder.file_name().is_some_and(|stream| self.quota.is_exceeded(&stream.to_string_lossy()))
    }

    /// When the folder last changed; each segment is a new file.
    fn last_modified(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.folder).and_then(|folder| folder.modified()).ok()
    }
}

async fn wait_until_over(flow: &mut watch::Receiver<Flow>) {
    drop(flow.wait_for(|flow| *flow == Flow::Ended).await);
}

fn start(folder: &Path) -> io::Result<Child> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-hide_banner", "-loglevel", "error", "-probesize", "500000", "-analyzeduration", "1000000", "-f", "flv", "-i", "pipe:0"])
        .args(["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "event", "-hls_segment_type", "fmp4"])
        .args(["-hls_flags", "independent_segments+append_list+temp_file", "-hls_fmp4_init_filename", "init.mp4"])
        .args(["-hls_segment_filename", "%05d.m4s", PLAYLIST])
        .current_dir(folder);
    isolated(&mut command).stdin(Stdio::piped()).spawn()
}

/// A child without our environment and without output that is killed when its handle is dropped.
pub fn isolated(command: &mut Command) -> &mut Command {
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true)
}
