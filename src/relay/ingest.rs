//! The RTMP ingest: accepts publishers with a valid stream name and refuses everyone else.

use super::{
    RelayState,
    ingest_seats::Seats,
    stream::{Admission, RelayStream},
};
use crate::{
    config::relay::publish_token,
    domain::ids::{Generation, SessionId},
    media::{
        rtmp::{
            Violation, handshake, kind,
            publisher::Transport,
            server::{Event, ServerSession},
            text::metadata_body,
        },
        tag::Track,
    },
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use subtle::ConstantTimeEq;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

const APPLICATION: &str = "show";
/// Time limit for writing the last words to a publisher.
const REFUSE_TIMEOUT: Duration = Duration::from_secs(1);
/// A publisher that sends nothing for this long is disconnected.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a connection ended, for the log.
#[derive(Debug, thiserror::Error)]
enum DisconnectReason {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error("refused: {0}")]
    Refused(String),
    #[error("too slow")]
    Slow(#[from] tokio::time::error::Elapsed),
    #[error("it had not asked to publish yet when its place was needed")]
    Displaced,
}

/// A publisher that has a token of ours.
struct Proven {
    session: SessionId,
    generation: Generation,
    token: String,
}

const INVALID: &str = "this stream name is not valid";

/// Accepts publishers until the relay ends.
pub async fn serve(relay: Arc<RelayState>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let limits = relay.config.limits;
    let seats = Arc::new(Seats::new(limits.ingest_unproven, limits.ingest_unproven_per_network));
    let permits = Arc::new(Semaphore::new(limits.ingest_connections));
    loop {
        let accepted = tokio::select! {
            () = relay.addresses_released.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((tcp, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await; // There are no file descriptors left: other connections must end first.
            continue;
        };
        let seat = seats.take(peer.ip());
        let (relay, tls, permits) = (relay.clone(), tls.clone(), permits.clone());
        tokio::spawn(async move {
            let lost = seat.lost.clone();
            let mut session = ServerSession::default();
            let proven = tokio::select! {
                () = lost.cancelled() => Err(DisconnectReason::Displaced),
                proven = prove(&relay, tcp, tls, &mut session) => proven,
            };
            drop(seat);
            let outcome = match proven {
                Ok((transport, proven)) => run_publisher(&relay, transport, session, &proven, &permits, peer).await,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = outcome {
                relay.metrics.ingest_refused.increment(1);
                tracing::warn!(%peer, %reason, "ingest refused");
            }
        });
    }
}

/// Runs a connection up to a publish with a valid token.
async fn prove(
    relay: &RelayState,
    tcp: TcpStream,
    tls: Option<TlsAcceptor>,
    session: &mut ServerSession,
) -> Result<(Box<dyn Transport>, Proven), DisconnectReason> {
    let deadline = Instant::now() + relay.config.timeouts.negotiation;
    tcp.set_nodelay(true)?;
    let mut transport: Box<dyn Transport> = match tls {
        None => Box::new(tcp),
        Some(tls) => Box::new(timeout_at(deadline, tls.accept(tcp)).await??),
    };
    timeout_at(deadline, handshake::as_server(&mut transport)).await??;
    loop {
        while let Some(event) = session.take()? {
            let Event::Publish { application, name } = event else { continue };
            let Some(proven) = verify(relay, &application, &name) else { return refuse(&mut transport, session, INVALID).await };
            return Ok((transport, proven));
        }
        timeout_at(deadline, flush(&mut transport, session)).await??;
        read(&mut transport, session, deadline).await?;
    }
}

/// Checks a stream name. The token of an unknown stream is checked as well before anything waits for it: it is derived from the
/// secret that the relay has.
fn verify(relay: &RelayState, application: &str, name: &str) -> Option<Proven> {
    let mut parts = name.split('?').next().unwrap_or_default().splitn(3, '.');
    let session: SessionId = parts.next()?.parse().ok()?;
    let generation = Generation(parts.next()?.parse().ok()?);
    let token = parts.next()?.to_owned();
    let valid = match relay.stream(&session) {
        Some(stream) => stream.authorizes(generation, &token),
        None => publish_token(&relay.config.secret, &session, generation).as_bytes().ct_eq(token.as_bytes()).into(),
    };
    (valid && application == APPLICATION).then_some(Proven { session, generation, token })
}

/// Runs a publisher from its proof to its end. An error is why it did not become one.
async fn run_publisher(
    relay: &Arc<RelayState>,
    mut transport: Box<dyn Transport>,
    mut session: ServerSession,
    proven: &Proven,
    permits: &Arc<Semaphore>,
    peer: SocketAddr,
) -> Result<(), DisconnectReason> {
    let Ok(_permit) = permits.clone().try_acquire_owned() else {
        return refuse(&mut transport, &mut session, "this relay has too many publishers").await;
    };
    let stream = wait_for_stream(relay, &mut transport, &mut session, proven).await?;
    let admission = match stream.admit(proven.generation, &proven.token) {
        Ok(admission) => admission,
        Err(reason) => return refuse(&mut transport, &mut session, reason).await,
    };
    session.accept();
    let accepted = timeout(relay.config.timeouts.negotiation, flush(&mut transport, &mut session)).await;
    if !matches!(accepted, Ok(Ok(()))) {
        admission.stream.leave(admission.id);
        return Ok(accepted??);
    }
    publish(relay, &mut transport, &mut session, &admission, peer).await;
    Ok(())
}

/// Waits a while for an unknown stream, because the relay may have just been restarted; not for a publisher that hangs up.
async fn wait_for_stream(
    relay: &Arc<RelayState>,
    transport: &mut Box<dyn Transport>,
    session: &mut ServerSession,
    proven: &Proven,
) -> Result<Arc<RelayStream>, DisconnectReason> {
    let deadline = Instant::now() + relay.config.timeouts.unknown_stream;
    loop {
        tokio::select! {
            stream = relay.wait_for_stream(&proven.session) => return Ok(stream),
            read = read(transport, session, deadline) => match read {
                Err(DisconnectReason::Slow(_)) => return refuse(transport, session, "unknown stream").await,
                read => read?,
            },
        }
    }
}

async fn publish(
    relay: &RelayState,
    transport: &mut Box<dyn Transport>,
    session: &mut ServerSession,
    admission: &Admission,
    peer: SocketAddr,
) {
    relay.metrics.ingest_accepted.increment(1);
    tracing::info!(session = %admission.stream.id, source = admission.id.0, %peer, "composite is being published");
    let end = read_media(transport, session, admission).await;
    admission.stream.leave(admission.id);
    if let Err(DisconnectReason::Refused(reason)) = &end {
        admission.stream.hub.set_refusal(reason.clone());
    }
    let reason = end.err().map(|reason| reason.to_string());
    tracing::info!(session = %admission.stream.id, source = admission.id.0, reason, "composite ended");
}

/// Tells a publisher why it may not publish.
async fn refuse<T>(transport: &mut Box<dyn Transport>, session: &mut ServerSession, reason: &str) -> Result<T, DisconnectReason> {
    session.refuse(reason);
    timeout(REFUSE_TIMEOUT, flush(transport, session)).await??;
    timeout(REFUSE_TIMEOUT, transport.shutdown()).await??;
    Err(DisconnectReason::Refused(reason.to_owned()))
}

/// Reads the composite until it ends; `Ok` means a clean end.
async fn read_media(
    transport: &mut Box<dyn Transport>,
    session: &mut ServerSession,
    admission: &Admission,
) -> Result<(), DisconnectReason> {
    loop {
        while let Some(event) = session.take()? {
            *admission.last_heard.lock() = std::time::Instant::now();
            match event {
                Event::Media(message) => {
                    let track = if message.kind == kind::VIDEO { Track::Video } else { Track::Audio };
                    let superseded = admission
                        .stream
                        .hub
                        .push_tag(admission.id, track, message.timestamp, message.body)
                        .map_err(|codec| DisconnectReason::Refused(codec.to_string()))?;
                    if !superseded.is_empty() {
                        admission.stream.disconnect_sources(&superseded);
                    }
                }
                Event::Metadata(pairs) => admission.stream.hub.set_metadata(admission.id, metadata_body(pairs)),
                Event::Unpublish => return Ok(()),
                Event::Publish { .. } => {}
            }
        }
        timeout(IDLE_TIMEOUT, flush(transport, session)).await??;
        tokio::select! {
            () = admission.disconnect.cancelled() => {
                session.refuse("this publisher was replaced or removed");
                timeout(REFUSE_TIMEOUT, flush(transport, session)).await??;
                return Ok(());
            }
            read = read(transport, session, Instant::now() + IDLE_TIMEOUT) => read?,
        }
    }
}

async fn flush(transport: &mut Box<dyn Transport>, session: &mut ServerSession) -> io::Result<()> {
    let out = session.output();
    if out.is_empty() {
        return Ok(());
    }
    transport.write_all(&out).await?;
    transport.flush().await
}

async fn read(transport: &mut Box<dyn Transport>, session: &mut ServerSession, deadline: Instant) -> Result<(), DisconnectReason> {
    let input = session.input();
    input.reserve(16 * 1024);
    let count = timeout_at(deadline, transport.read_buf(input)).await??;
    if count == 0 {
        return Err(DisconnectReason::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    session.count(count)?;
    Ok(())
}
