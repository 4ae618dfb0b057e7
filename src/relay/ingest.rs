//! The RTMP ingest: accepts publishers with a valid stream name and refuses everyone else.

use super::{RelayState, stream::Admission};
use crate::{
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
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

const APPLICATION: &str = "show";
/// A new connection must ask to publish within this time.
const NEGOTIATION_TIMEOUT: Duration = Duration::from_secs(10);
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
}

/// Accepts publishers until the relay ends.
pub async fn serve(relay: Arc<RelayState>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let permits = Arc::new(Semaphore::new(relay.config.limits.ingest_connections));
    loop {
        let accepted = tokio::select! {
            () = relay.addresses_released.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((tcp, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await; // There are no file descriptors left: other connections must end first.
            continue;
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            relay.metrics.ingest_refused.increment(1);
            continue;
        };
        let (relay, tls) = (relay.clone(), tls.clone());
        tokio::spawn(async move {
            let _permit = permit;
            if tcp.set_nodelay(true).is_err() {
                return;
            }
            let transport: Box<dyn Transport> = match tls {
                None => Box::new(tcp),
                Some(tls) => match timeout(NEGOTIATION_TIMEOUT, tls.accept(tcp)).await {
                    Ok(Ok(stream)) => Box::new(stream),
                    _ => return relay.metrics.ingest_refused.increment(1),
                },
            };
            run_connection(&relay, transport, peer).await;
        });
    }
}

async fn run_connection(relay: &Arc<RelayState>, mut transport: Box<dyn Transport>, peer: SocketAddr) {
    let mut session = ServerSession::default();
    let admission = match negotiate(relay, &mut transport, &mut session).await {
        Ok(admission) => admission,
        Err(reason) => {
            relay.metrics.ingest_refused.increment(1);
            return tracing::warn!(%peer, reason = %reason, "ingest refused");
        }
    };
    relay.metrics.ingest_accepted.increment(1);
    tracing::info!(session = %admission.stream.id, source = admission.id.0, "composite is being published");
    let end = read_media(&mut transport, &mut session, &admission).await;
    admission.stream.leave(admission.id);
    if let Err(DisconnectReason::Refused(reason)) = &end {
        admission.stream.hub.set_refusal(reason.clone());
    }
    let reason = end.err().map(|reason| reason.to_string());
    tracing::info!(session = %admission.stream.id, source = admission.id.0, reason, "composite ended");
}

/// Runs a connection from the handshake to an accepted publish.
async fn negotiate(
    relay: &Arc<RelayState>,
    transport: &mut Box<dyn Transport>,
    session: &mut ServerSession,
) -> Result<Admission, DisconnectReason> {
    let deadline = Instant::now() + NEGOTIATION_TIMEOUT;
    timeout_at(deadline, handshake::as_server(transport)).await??;
    loop {
        while let Some(event) = session.take()? {
            let Event::Publish { application, name } = event else { continue };
            return match authorize(relay, &application, &name).await {
                Ok(admission) => {
                    session.accept();
                    if let Err(error) = timeout(NEGOTIATION_TIMEOUT, flush(transport, session)).await? {
                        admission.stream.leave(admission.id);
                        return Err(error.into());
                    }
                    Ok(admission)
                }
                Err(reason) => {
                    session.refuse(reason);
                    timeout(NEGOTIATION_TIMEOUT, flush(transport, session)).await??;
                    transport.shutdown().await?;
                    Err(DisconnectReason::Refused(reason.to_owned()))
                }
            };
        }
        timeout_at(deadline, flush(transport, session)).await??;
        read(transport, session, deadline).await?;
    }
}

/// Checks a stream name. Waits a while for an unknown stream, because the relay may have just been restarted.
async fn authorize(relay: &Arc<RelayState>, application: &str, name: &str) -> Result<Admission, &'static str> {
    const INVALID: &str = "this stream name is not valid";
    let mut parts = name.split('?').next().unwrap_or_default().splitn(3, '.');
    let (Some(id), Some(generation), Some(token)) = (parts.next(), parts.next(), parts.next()) else { return Err(INVALID) };
    let id: SessionId = id.parse().map_err(|_| INVALID)?;
    let generation = Generation(generation.parse().map_err(|_| INVALID)?);
    if application != APPLICATION {
        return Err(INVALID);
    }
    let stream = timeout(relay.config.timeouts.unknown_stream, relay.wait_for_stream(&id)).await.map_err(|_| "unknown stream")?;
    stream.admit(generation, token)
}

/// Reads the composite until it ends; `Ok` means a clean end.
async fn read_media(
    transport: &mut Box<dyn Transport>,
    session: &mut ServerSession,
    admission: &Admission,
) -> Result<(), DisconnectReason> {
    loop {
        while let Some(event) = session.take()? {
            *admission.last_heard.lock().expect("never held across a panic") = std::time::Instant::now();
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
                timeout(NEGOTIATION_TIMEOUT, flush(transport, session)).await??;
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
