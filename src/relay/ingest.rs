//! Where the composite comes in: an RTMP server that takes publishers with a valid stream name and nobody else.

use super::{
    House,
    connect::Link,
    rtmp::{
        Violation, handshake, kind,
        server::{Event, ServerSession},
    },
    show::Admission,
    tag::Track,
    words::metadata_body,
};
use crate::domain::ids::{Generation, SessionId};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

const APPLICATION: &str = "show";
/// A stranger has so long to say what it wants.
const INTRODUCTION: Duration = Duration::from_secs(10);
/// A publisher that says nothing at all for so long is gone.
const DEAD: Duration = Duration::from_secs(20);

/// Why a connection ended; for the log.
#[derive(Debug, thiserror::Error)]
enum Over {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error("refused: {0}")]
    Refused(String),
    #[error("too slow")]
    Slow(#[from] tokio::time::error::Elapsed),
}

/// Takes publishers until the relay ends.
pub async fn serve(house: Arc<House>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let seats = Arc::new(Semaphore::new(house.config.limits.ingest_connections));
    loop {
        let accepted = tokio::select! {
            () = house.yielded.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((tcp, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await; // Out of descriptors: others must end first.
            continue;
        };
        let Ok(seat) = seats.clone().try_acquire_owned() else {
            house.metrics.ingest_refused.add(1);
            continue;
        };
        let (house, tls) = (house.clone(), tls.clone());
        tokio::spawn(async move {
            let _seat = seat;
            if tcp.set_nodelay(true).is_err() {
                return;
            }
            let link: Box<dyn Link> = match tls {
                None => Box::new(tcp),
                Some(tls) => match timeout(INTRODUCTION, tls.accept(tcp)).await {
                    Ok(Ok(stream)) => Box::new(stream),
                    _ => return house.metrics.ingest_refused.add(1),
                },
            };
            converse(&house, link, peer).await;
        });
    }
}

async fn converse(house: &Arc<House>, mut link: Box<dyn Link>, peer: SocketAddr) {
    let mut session = ServerSession::default();
    let admission = match introduce(house, &mut link, &mut session).await {
        Ok(admission) => admission,
        Err(over) => {
            house.metrics.ingest_refused.add(1);
            return tracing::warn!(%peer, reason = %over, "ingest refused");
        }
    };
    house.metrics.ingest_accepted.add(1);
    tracing::info!(session = %admission.show.id, source = admission.id.0, "composite arrives");
    let end = receive(&mut link, &mut session, &admission).await;
    admission.show.leave(admission.id);
    if let Err(Over::Refused(reason)) = &end {
        admission.show.program.refused(reason.clone());
    }
    let reason = end.err().map(|over| over.to_string());
    tracing::info!(session = %admission.show.id, source = admission.id.0, reason, "composite ends");
}

/// From the handshake to an accepted publish.
async fn introduce(house: &Arc<House>, link: &mut Box<dyn Link>, session: &mut ServerSession) -> Result<Admission, Over> {
    let deadline = Instant::now() + INTRODUCTION;
    timeout_at(deadline, handshake::as_server(link)).await??;
    loop {
        while let Some(event) = session.take()? {
            let Event::Publish { application, name } = event else { continue };
            return match admit(house, &application, &name).await {
                Ok(admission) => {
                    session.accept();
                    if let Err(error) = timeout(INTRODUCTION, answer(link, session)).await? {
                        admission.show.leave(admission.id);
                        return Err(error.into());
                    }
                    Ok(admission)
                }
                Err(reason) => {
                    session.refuse(reason);
                    timeout(INTRODUCTION, answer(link, session)).await??;
                    link.shutdown().await?;
                    Err(Over::Refused(reason.to_owned()))
                }
            };
        }
        timeout_at(deadline, answer(link, session)).await??;
        read(link, session, deadline).await?;
    }
}

/// Checks a stream name. A show that is not known yet may be about to be: the relay was restarted, and so waits a while.
async fn admit(house: &Arc<House>, application: &str, name: &str) -> Result<Admission, &'static str> {
    const INVALID: &str = "this stream name is not valid";
    let mut parts = name.split('?').next().unwrap_or_default().splitn(3, '.');
    let (Some(id), Some(generation), Some(token)) = (parts.next(), parts.next(), parts.next()) else { return Err(INVALID) };
    let id: SessionId = id.parse().map_err(|_| INVALID)?;
    let generation = Generation(generation.parse().map_err(|_| INVALID)?);
    if application != APPLICATION {
        return Err(INVALID);
    }
    let show = timeout(house.config.patience.unknown_show, house.arrival(&id)).await.map_err(|_| "this show is not known")?;
    show.admit(generation, token)
}

/// Takes the composite until it ends; `Ok` is a proper end.
async fn receive(link: &mut Box<dyn Link>, session: &mut ServerSession, admission: &Admission) -> Result<(), Over> {
    loop {
        while let Some(event) = session.take()? {
            *admission.heard.lock().expect("never held across a panic") = std::time::Instant::now();
            match event {
                Event::Media(message) => {
                    let track = if message.kind == kind::VIDEO { Track::Video } else { Track::Audio };
                    let superseded = admission
                        .show
                        .program
                        .offer(admission.id, track, message.timestamp, message.body)
                        .map_err(|codec| Over::Refused(codec.to_string()))?;
                    if !superseded.is_empty() {
                        admission.show.cut(&superseded);
                    }
                }
                Event::Metadata(pairs) => admission.show.program.describe(admission.id, metadata_body(pairs)),
                Event::Unpublish => return Ok(()),
                Event::Publish { .. } => {}
            }
        }
        timeout(DEAD, answer(link, session)).await??;
        tokio::select! {
            () = admission.cut.cancelled() => {
                session.refuse("the show has no use for this publisher any more");
                timeout(INTRODUCTION, answer(link, session)).await??;
                return Ok(());
            }
            read = read(link, session, Instant::now() + DEAD) => read?,
        }
    }
}

async fn answer(link: &mut Box<dyn Link>, session: &mut ServerSession) -> io::Result<()> {
    let out = session.output();
    if out.is_empty() {
        return Ok(());
    }
    link.write_all(&out).await?;
    link.flush().await
}

async fn read(link: &mut Box<dyn Link>, session: &mut ServerSession, deadline: Instant) -> Result<(), Over> {
    let input = session.input();
    input.reserve(16 * 1024);
    let count = timeout_at(deadline, link.read_buf(input)).await??;
    if count == 0 {
        return Err(Over::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    session.count(count)?;
    Ok(())
}
