//! Thumbnails: decodes the latest keyframe with `ffmpeg`. The whole relay decodes one at a time.

use super::recorder::isolated;
use crate::media::{flv, tag::Tag};
use bytes::Bytes;
use std::{io, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

const DECODE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: u64 = 512 * 1024;

/// Decodes a header and a keyframe to a JPEG 320 pixels wide.
///
/// # Errors
/// `ffmpeg` is missing, fails, or takes longer than 5 s.
pub async fn decode(tags: &[Tag]) -> io::Result<Bytes> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-threads", "1", "-f", "flv", "-i", "pipe:0"]).args([
        "-frames:v",
        "1",
        "-vf",
        "scale=320:-2",
        "-q:v",
        "5",
        "-f",
        "mjpeg",
        "pipe:1",
    ]);
    let mut child = isolated(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    let output = child.stdout.take().expect("it is piped");
    let file = flv::still_file(tags);
    let work = async move {
        let write = async move {
            let written = input.write_all(&file).await;
            drop(input);
            written
        };
        let mut picture = Vec::new();
        let mut output = output.take(MAX_BYTES);
        let (_, read) = tokio::join!(write, output.read_to_end(&mut picture));
        read?;
        child.wait().await?;
        Ok::<_, io::Error>(picture)
    };
    let picture = timeout(DECODE_TIMEOUT, work).await.map_err(|_| io::ErrorKind::TimedOut)??;
    if picture.starts_with(&[0xff, 0xd8]) { Ok(picture.into()) } else { Err(io::Error::other("ffmpeg made no picture")) }
}
