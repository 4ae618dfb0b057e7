//! Accepts connections within bounds: how many in all and from one address, how long a header may take, how long a reader may
//! leave an answer unread. Who comes when all places are taken gets a 503 that says when to come back.

use crate::server::places::{Full, Place, Places};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// Also closes connections on which nothing is asked: hyper counts from the end of the answer before.
const HEADER_WITHIN: Duration = Duration::from_secs(20);
/// How long a reader may take nothing of an answer. Feeds send something every 10 s.
const UNREAD_FOR: Duration = Duration::from_secs(30);
/// Connections that are being refused at once.
const MOST_REFUSALS: usize = 64;
const REFUSE_WITHIN: Duration = Duration::from_secs(1);
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: application/json\r\n\
    Content-Length: 93\r\n\r\n{\"code\":\"unavailable\",\"message\":\"Too many connections are open. Try again in a few seconds.\"}";
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(200);
/// What the process needs for its store, LiveKit, the relay and its logs.
const OWN_DESCRIPTORS: u64 = 256;

/// How many connections are served at once.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    in_all: usize,
    per_address: usize,
    /// A proxy speaks for everybody: it may take every place, as loopback may.
    proxies: Vec<IpAddr>,
}

impl ConnectionLimits {
    /// As many as the process may have open files, less its own.
    pub fn within(descriptors: u64, proxies: &[IpAddr]) -> Self {
        let in_all = usize::try_from(descriptors.saturating_sub(OWN_DESCRIPTORS)).unwrap_or(usize::MAX).clamp(64, 8192);
        Self { in_all, per_address: (in_all / 8).max(32), proxies: proxies.to_vec() }
    }
}

/// Serves until `closing`, then until the last connection has had its answer.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, closing: CancellationToken) {
    let places = Places::new(limits.in_all);
    let refusals = Arc::new(Semaphore::new(MOST_REFUSALS));
    let connections = TaskTracker::new();
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => match place(&places, &limits, peer.ip()) {
                Ok(place) => {
                    let serving = serve_one(stream, peer, router.clone(), closing.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(Full::InAll | Full::OfKey) => {
                    if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                        tokio::spawn(refuse(stream, permit));
                    }
                }
            },
            // It ended before it was accepted.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for a moment");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn serve_one(stream: TcpStream, peer: SocketAddr, router: Router, closing: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD_FOR));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WITHIN)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
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

/// Answers without reading; then reads a little, so that the answer is not lost with what was not read.
async fn refuse(mut stream: TcpStream, permit: OwnedSemaphorePermit) {
    let answer = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(REFUSE_WITHIN, answer).await;
    drop(permit);
}

/// A place for a connection from this address.
fn place(places: &Places<IpAddr>, limits: &ConnectionLimits, address: IpAddr) -> Result<Place<IpAddr>, Full> {
    let address = address.to_canonical();
    let speaks_for_all = address.is_loopback() || limits.proxies.contains(&address);
    places.take(address, if speaks_for_all { usize::MAX } else { limits.per_address })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::time::Instant;

    const IN_ALL: usize = 3;

    fn limits() -> ConnectionLimits {
        ConnectionLimits { in_all: IN_ALL, per_address: 2, proxies: vec![[192, 0, 2, 9].into()] }
    }

    #[test]
    fn one_address_never_takes_every_place_but_a_proxy_may() {
        let (limits, places) = (limits(), Places::new(IN_ALL));
        let take = |address: [u8; 4]| place(&places, &limits, address.into());
        let (guest, proxy) = ([192, 0, 2, 1], [192, 0, 2, 9]);
        let held = [take(guest).expect("the first"), take(guest).expect("the second")];
        assert_eq!(take(guest).err(), Some(Full::OfKey));
        drop(held);
        let proxied: Vec<_> = (0..IN_ALL).map(|_| take(proxy).expect("the proxy's")).collect();
        assert_eq!(take(guest).err(), Some(Full::InAll));
        drop(proxied);
    }

    #[test]
    fn the_refusal_states_its_own_length() {
        let text = std::str::from_utf8(REFUSAL).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }

    #[tokio::test]
    async fn a_refused_connection_learns_when_to_come_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closing = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        let serving = tokio::spawn(serve(listener, router, limits(), closing.clone()));
        let mut held = Vec::new();
        for _ in 0..IN_ALL {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
            held.push(stream);
        }
        let mut answer = String::new();
        TcpStream::connect(address).await.expect("connected").read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("Retry-After: 5"), "{answer}");
        let asked_to_close = Instant::now();
        closing.cancel();
        serving.await.expect("ended");
        assert!(asked_to_close.elapsed() < HEADER_WITHIN, "idle connections do not hold up a stop");
    }
}
