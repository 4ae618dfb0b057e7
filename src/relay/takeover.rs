//! Replaces a running relay (`footlight relay --takeover`): the old one releases its addresses, keeps its streams
//! until the new one has them, and exits. They talk over a socket in the data folder. Stream keys are never
//! sent over it: the application sends the desired states to the new relay.

use super::RelayState;
use crate::domain::ids::SessionId;
use anyhow::Context as _;
use std::{
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{
        TcpListener, UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, sleep, timeout},
};

/// First line of the new relay.
const GREETING: &str = "take over";
/// How long the old relay may take to respond and to release its addresses.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the new relay waits for the application to put the streams.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(20);
/// Time between two checks for new streams.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Limit for the list of streams.
const MAX_LIST_BYTES: u64 = 1 << 20;

/// The relay that is being replaced: it has released its addresses and waits to hear which streams have moved.
pub struct Predecessor {
    streams: Vec<SessionId>,
    out: OwnedWriteHalf,
    lines: Lines<BufReader<tokio::io::Take<OwnedReadHalf>>>,
}

/// Asks the relay that uses this data folder to release its addresses; `None` if there is none.
///
/// # Errors
/// It does not respond like a relay.
pub async fn request(data: &Path) -> anyhow::Result<Option<Predecessor>> {
    let Ok(stream) = UnixStream::connect(socket(data)).await else { return Ok(None) };
    let (reader, mut out) = stream.into_split();
    let mut lines = BufReader::new(reader.take(MAX_LIST_BYTES)).lines();
    let received = async {
        out.write_all(format!("{GREETING}\n").as_bytes()).await?;
        let mut streams = Vec::new();
        loop {
            match lines.next_line().await? {
                Some(line) if line.is_empty() => return Ok::<_, anyhow::Error>(streams),
                Some(line) => streams.push(line.parse().ok().context("it sent a malformed session id")?),
                None => anyhow::bail!("it closed the connection early"),
            }
        }
    };
    let streams = timeout(RELEASE_TIMEOUT, received).await.context("the running relay does not answer")?.context("the running relay")?;
    tracing::info!(streams = streams.len(), "taking over from the running relay");
    Ok(Some(Predecessor { streams, out, lines }))
}

impl Predecessor {
    /// Reports each stream that exists here, so that the old relay ends its own. Returns when the old relay has exited.
    pub(super) async fn replace(mut self, relay: &RelayState) {
        let deadline = Instant::now() + HANDOVER_TIMEOUT;
        let mut left = std::mem::take(&mut self.streams);
        while !left.is_empty() && Instant::now() < deadline {
            let (known, unknown): (Vec<_>, Vec<_>) = left.into_iter().partition(|id| relay.stream(id).is_some());
            left = unknown;
            for id in known {
                if self.out.write_all(format!("{id}\n").as_bytes()).await.is_err() {
                    return;
                }
            }
            sleep(POLL_INTERVAL).await;
        }
        if !left.is_empty() {
            tracing::warn!(streams = left.len(), "streams were not put to this relay in time");
        }
        if self.out.shutdown().await.is_ok() {
            let _ = timeout(RELEASE_TIMEOUT, self.lines.next_line()).await;
        }
    }
}

/// Listens; after a takeover it waits until the old relay has released the address.
///
/// # Errors
/// The address is taken or cannot be used.
pub async fn listen(address: std::net::SocketAddr, after_takeover: bool) -> io::Result<TcpListener> {
    let deadline = Instant::now() + RELEASE_TIMEOUT;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if after_takeover && error.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                sleep(Duration::from_millis(5)).await;
            }
            other => return other,
        }
    }
}

/// Waits for a takeover until the relay ends.
pub async fn serve(relay: Arc<RelayState>) {
    let path = socket(&relay.config.data);
    let listener = match bind(&path).await {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%error, "takeover is not available"),
    };
    loop {
        let stream = tokio::select! {
            () = relay.ended.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (reader, mut out) = stream.into_split();
        let mut lines = BufReader::new(reader.take(MAX_LIST_BYTES)).lines();
        if !matches!(timeout(RELEASE_TIMEOUT, lines.next_line()).await, Ok(Ok(Some(line))) if line == GREETING) {
            continue;
        }
        tracing::info!("another relay is taking over");
        drop(listener);
        let _ = std::fs::remove_file(&path);
        relay.closing.cancel();
        relay.addresses_released.cancel();
        let streams: Vec<_> = relay.streams().iter().map(|stream| stream.id.to_string()).collect();
        let list = streams.into_iter().chain([String::new(), String::new()]).collect::<Vec<_>>().join("\n");
        if out.write_all(list.as_bytes()).await.is_ok() {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Ok(id) = line.parse() {
                    relay.end(&id).await;
                }
            }
        }
        // Streams that the new relay does not have end here, also if it crashed.
        relay.replaced.cancel();
        relay.ended.cancelled().await;
        return;
    }
    let _ = std::fs::remove_file(&path);
}

/// Removes the socket of a crashed relay, but not of a running one.
async fn bind(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).await.is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let folder = path.parent().expect("it lies in the data folder");
    std::fs::create_dir_all(folder)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn socket(data: &Path) -> PathBuf {
    data.join("relay.sock")
}
