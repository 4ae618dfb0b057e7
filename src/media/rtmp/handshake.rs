//! The RTMP handshake: version 3, 1536 bytes each way, echoed. No server verifies more than that today.

use super::Violation;
use rand::RngCore;
use std::{io, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const SIZE: usize = 1536;
/// Bytes by which other protocols are recognised, and how long is waited for the rest of them.
const MARK: usize = 5;
const MARK_TIMEOUT: Duration = Duration::from_millis(300);

/// What answers instead of an RTMP server. The message is for the person who typed the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRtmp {
    #[error("a web server answers there, not an RTMP server: check the port behind the host")]
    Web,
    #[error("this port speaks TLS: use rtmps:// instead of rtmp://")]
    Tls,
    #[error("an SSH server answers there, not an RTMP server: check the port behind the host")]
    Ssh,
    #[error("what answers there is not an RTMP server: check the host and the port behind it")]
    Other,
}

impl NotRtmp {
    /// By the first bytes that were received.
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [b'H', b'T', ..] | [b'<', ..] => Self::Web,
            [b'S', b'S', ..] => Self::Ssh,
            [0x14..=0x17, 3, 0..=4, ..] => Self::Tls, // A TLS record: an alert, as a rule.
            _ => Self::Other,
        }
    }

    /// If this is why a handshake failed.
    pub fn in_error(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|error| error.downcast_ref()).copied()
    }
}

fn opening() -> [u8; SIZE + 1] {
    let mut bytes = [0; SIZE + 1];
    rand::rng().fill_bytes(&mut bytes[9..]);
    bytes[0] = 3;
    bytes // Time and version stay zero, which selects the plain handshake without digests.
}

/// The publisher's side.
///
/// # Errors
/// The connection breaks, or the other side does not speak RTMP: [`NotRtmp::in_error`] then has what it speaks.
pub async fn as_client<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    // A server of another kind may answer and hang up before it has read everything: its answer is read all the same.
    let sent = async {
        stream.write_all(&opening()).await?;
        stream.flush().await
    }
    .await;
    let mut theirs = [0; 1 + 2 * SIZE];
    let mut filled = 0;
    while filled < theirs.len() {
        let count = match stream.read(&mut theirs[filled..]).await {
            Ok(0) => return Err(sent.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
            read => read?,
        };
        filled += count;
        if theirs[0] != 3 {
            let rest = stream.read_exact(&mut theirs[filled..MARK.max(filled)]);
            let whole = matches!(tokio::time::timeout(MARK_TIMEOUT, rest).await, Ok(Ok(_)));
            let known = if whole { MARK.max(filled) } else { filled };
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotRtmp::of(&theirs[..known])));
        }
    }
    sent?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_rtmp_is_named() {
        for (bytes, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], NotRtmp::Web),
            (b"SSH-2.0-x\r\n", NotRtmp::Ssh),
            (&[0x15, 3, 1, 0, 2, 2, 70], NotRtmp::Tls),
            (b"220 mail.example ESMTP\r\n", NotRtmp::Other),
            (&[6], NotRtmp::Other),
        ] {
            for piece in [1, 100] {
                let (mut near, mut far) = tokio::io::duplex(4096);
                let server = async {
                    for piece in bytes.chunks(piece) {
                        far.write_all(piece).await.expect("room for it");
                        tokio::task::yield_now().await;
                    }
                };
                let (result, ()) = tokio::join!(as_client(&mut near), server);
                assert_eq!(NotRtmp::in_error(&result.expect_err("not RTMP")), Some(expected), "{bytes:?}");
            }
        }
        let (mut near, far) = tokio::io::duplex(4096);
        drop(far);
        assert_eq!(NotRtmp::in_error(&as_client(&mut near).await.expect_err("closed")), None);
    }
}
