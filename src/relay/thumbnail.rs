//! Thumbnails: decodes the latest keyframe with `ffmpeg`. The whole relay decodes one at a time.

use super::{recorder::isolated, recordings_limit::ACCOUNT_FILE};
use crate::media::{flv, tag::Tag};
use bytes::Bytes;
use std::{io, path::Path, process::Stdio, time::Duration};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

const DECODE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: u64 = 512 * 1024;

/// The last thumbnail of a stream that is over, in the folder of its recording, whether or not there is one. It is swept with it.
const KEPT_FILE: &str = "thumbnail.jpg";

/// Keeps the last thumbnail of a stream. It is small, and the relay that ends the stream is the only one that writes it.
///
/// # Errors
/// The folder cannot be written.
pub async fn keep(folder: &Path, account: Option<&str>, picture: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder).await?;
    let owner = folder.join(ACCOUNT_FILE);
    if let Some(account) = account
        && !fs::try_exists(&owner).await?
    {
        fs::write(owner, account).await?;
    }
    // Renamed when it is whole, so that nobody reads a part of it.
    let part = folder.join("thumbnail.part");
    fs::write(&part, picture).await?;
    fs::rename(part, folder.join(KEPT_FILE)).await
}

/// The thumbnail that was kept, if there is one.
pub async fn kept(folder: &Path) -> Option<Bytes> {
    fs::read(folder.join(KEPT_FILE)).await.ok().map(Bytes::from)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_thumbnail_is_kept_with_whose_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let session = folder.path().join("s1");
        assert_eq!(kept(&session).await, None);
        for picture in [&b"first"[..], b"second"] {
            keep(&session, Some("ada"), picture).await.expect("kept");
            assert_eq!(kept(&session).await.as_deref(), Some(picture));
        }
        assert_eq!(std::fs::read_to_string(session.join(ACCOUNT_FILE)).expect("written"), "ada");
        assert_eq!(std::fs::read_dir(&session).expect("a folder").count(), 2, "no part of it is left");
    }
}
