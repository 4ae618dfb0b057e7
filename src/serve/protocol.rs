//! What is spoken on the connections of each listener: HTTP, or TLS with HTTP in it.

use super::{connections::HeldPlace, tls::Handshakes, turn};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{future::poll_fn, io, net::SocketAddr, pin::pin, task::Poll, time::Duration};
use tokio::{
    io::{AsyncBufRead, AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Also closes connections on which nothing is asked: hyper counts from the end of the answer before.
pub const HEADER_WITHIN: Duration = Duration::from_secs(20);
/// How long a reader may take nothing of an answer. Feeds send something every 10 s.
const UNREAD_FOR: Duration = Duration::from_secs(30);
/// From the connection to the end of the TLS handshake.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection (RFC 8446, 5.1: a record of the type `handshake`). No HTTP request begins with it.
const TLS_RECORD: u8 = 22;

/// Sockets, each with what is spoken there.
pub struct Listeners(Vec<(TcpListener, Protocol)>);

impl Listeners {
    pub fn new(sockets: Vec<(TcpListener, Protocol)>) -> Self {
        Self(sockets)
    }

    /// One socket without TLS.
    pub fn plain(socket: TcpListener, router: Router) -> Self {
        Self::new(vec![(socket, Protocol::Plain(router))])
    }

    /// The next connection of any of them.
    ///
    /// # Errors
    /// A socket cannot accept it.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Protocol)> {
        poll_fn(|context| {
            for (socket, protocol) in &self.0 {
                if let Poll::Ready(accepted) = socket.poll_accept(context) {
                    return Poll::Ready(accepted.map(|(stream, peer)| (stream, peer, protocol.clone())));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// What is spoken on a connection. Cheap to clone.
#[derive(Clone)]
pub enum Protocol {
    /// HTTP.
    Plain(Router),
    /// TLS, and HTTP in it; or TURN, where there is a server for it. Who begins without TLS gets `plain`.
    Tls { handshakes: Handshakes, secure: Router, plain: Router, turn: Option<SocketAddr> },
}

impl Protocol {
    /// Serves one connection until it ends, or until its last answer after `closing`.
    pub async fn serve(self, stream: TcpStream, peer: SocketAddr, place: HeldPlace, closing: CancellationToken) {
        let _ = stream.set_nodelay(true);
        match self {
            Self::Plain(router) => serve_http(guarded(stream), peer, place, router, closing).await,
            Self::Tls { handshakes, secure, plain, turn } => {
                let started = closing.run_until_cancelled(timeout(HANDSHAKE_WITHIN, begin(stream, &handshakes))).await;
                match started {
                    Some(Ok(Ok(Begun::Plain(stream)))) => serve_http(guarded(stream), peer, place, plain, closing).await,
                    Some(Ok(Ok(Begun::Tls(mut stream)))) => {
                        let asked = closing.run_until_cancelled(for_turn(&mut stream, turn)).await;
                        match asked {
                            Some(Ok(Some(server))) => serve_turn(stream, peer, server, closing).await,
                            Some(Ok(None)) => serve_http(stream, peer, place, secure, closing).await,
                            Some(Err(error)) => tracing::debug!(%peer, %error, "nothing was asked after a TLS handshake"),
                            None => {}
                        }
                    }
                    Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
                    // It was the challenge of an ACME server, took too long, or the server stops.
                    Some(Ok(Ok(Begun::Over)) | Err(_)) | None => {}
                }
            }
        }
    }
}

/// A TCP connection on which writing is bounded. Boxed, because it cannot be moved while it waits.
type Guarded = std::pin::Pin<Box<TimeoutStream<TcpStream>>>;

fn guarded(stream: TcpStream) -> Guarded {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD_FOR));
    Box::pin(stream)
}

enum Begun {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<Guarded>>),
    Over,
}

async fn begin(stream: TcpStream, handshakes: &Handshakes) -> io::Result<Begun> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != [TLS_RECORD] {
        return Ok(Begun::Plain(stream));
    }
    let accepted = handshakes.accept(guarded(stream)).await?;
    Ok(accepted.map_or(Begun::Over, |stream| Begun::Tls(Box::new(stream))))
}

/// The TURN server, if there is one and that is what the connection begins with.
async fn for_turn<S: AsyncBufRead + Unpin>(stream: &mut S, turn: Option<SocketAddr>) -> io::Result<Option<SocketAddr>> {
    let Some(server) = turn else { return Ok(None) };
    Ok(timeout(HEADER_WITHIN, turn::begins(stream)).await??.then_some(server))
}

async fn serve_turn<S: AsyncRead + AsyncWrite + Unpin>(stream: S, peer: SocketAddr, server: SocketAddr, closing: CancellationToken) {
    if let Some(Err(error)) = closing.run_until_cancelled(turn::pass_on(stream, server)).await {
        tracing::debug!(%peer, %error, "a connection to LiveKit's TURN server ended with an error");
    }
}

async fn serve_http<S>(stream: S, peer: SocketAddr, place: HeldPlace, router: Router, closing: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended with an error");
    }
}
