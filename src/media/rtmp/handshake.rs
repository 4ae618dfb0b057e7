//! The RTMP handshake: version 3, 1536 bytes each way, echoed. No server verifies more than that today.

use super::Violation;
use rand::RngCore;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const SIZE: usize = 1536;

fn opening() -> [u8; SIZE + 1] {
    let mut bytes = [0; SIZE + 1];
    rand::rng().fill_bytes(&mut bytes[9..]);
    bytes[0] = 3;
    bytes // Time and version stay zero, which selects the plain handshake without digests.
}

/// The publisher's side.
///
/// # Errors
/// The connection breaks or the other side does not speak RTMP.
pub async fn as_client<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.write_all(&opening()).await?;
    stream.flush().await?;
    let mut theirs = [0; 1 + 2 * SIZE];
    stream.read_exact(&mut theirs).await?;
    check_version(theirs[0])?;
    stream.write_all(&theirs[1..=SIZE]).await?;
    stream.flush().await
}

/// The server's side.
///
/// # Errors
/// The connection breaks or the other side does not speak RTMP.
pub async fn as_server<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let version = stream.read_u8().await?;
    check_version(version)?;
    let mut theirs = [0; SIZE];
    stream.read_exact(&mut theirs).await?;
    let mut answer = opening().to_vec();
    answer.extend_from_slice(&theirs);
    stream.write_all(&answer).await?;
    stream.flush().await?;
    stream.read_exact(&mut theirs).await?;
    Ok(())
}

fn check_version(version: u8) -> io::Result<()> {
    if version == 3 { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, Violation("not version 3"))) }
}
