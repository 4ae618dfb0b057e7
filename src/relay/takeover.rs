//! One relay in place of another (`footlight relay --takeover`): the old one gives up its addresses, goes on with its shows
//! until the new one knows them, and ends. They speak over a socket in the data folder. Wanted states, and with them stream
//! keys, do not pass this way: the application puts them to the new one.

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

/// What the new one says first.
const GREETING: &str = "take over";
/// How long the old one may take to answer and to let go of its addresses.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the new one waits for the application to put the shows.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks at which shows are known.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// More than any list of shows.
const MAX_LIST_BYTES: u64 = 1 << 20;

/// The relay that is to be replaced: it has let go of its addresses, and waits to hear which shows are taken care of.
pub struct Predecessor {
    streams: Vec<SessionId>,
    out: OwnedWriteHalf,
    lines: Lines<BufReader<tokio::io::Take<OwnedReadHalf>>>,
}

/// Asks the relay that works with this data folder to make room; `None` if there is none.
///
/// # Errors
/// It does not answer as one.
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
                Some(line) => streams.push(line.parse().ok().context("it names a show that is none")?),
                None => anyhow::bail!("it said nothing to the end"),
            }
        }
    };
    let streams = timeout(RELEASE_TIMEOUT, received).await.context("the running relay does not answer")?.context("the running relay")?;
    tracing::info!(streams = streams.len(), "takes over from the running relay");
    Ok(Some(Predecessor { streams, out, lines }))
}

impl Predecessor {
    /// Tells it of each show that is known here, so that it lets go of it; then of the end. Returns when it is gone.
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
            tracing::warn!(streams = left.len(), "not put to this relay in time");
        }
        if self.out.shutdown().await.is_ok() {
            let _ = timeout(RELEASE_TIMEOUT, self.lines.next_line()).await;
        }
    }
}

/// Listens, also where a predecessor is just letting go.
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

/// Waits to be replaced, until the relay ends.
pub async fn serve(relay: Arc<RelayState>) {
    let path = socket(&relay.config.data);
    let listener = match bind(&path).await {
        Ok(listener) => listener,
        Err(error) => return tracing::warn!(%error, "this relay cannot be taken over from"),
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
        tracing::info!("another relay takes over");
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
        // Whatever the new one does not know ends here; and so it does if the new one died.
        relay.replaced.cancel();
        relay.ended.cancelled().await;
        return;
    }
    let _ = std::fs::remove_file(&path);
}

/// A socket that a dead relay left behind is swept away; a living one's is not.
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
