//! TURN within TLS at the web server's own port: networks that let nothing else out let that one. What is in the connection goes to
//! LiveKit's TURN server, which checks who it is and relays to LiveKit's media alone.

use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, copy_bidirectional},
    net::TcpStream,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;

const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// Longer than an allocation lasts that nobody refreshes: 10 min (RFC 8656, section 3.2).
const QUIET_FOR: Duration = Duration::from_mins(11);
/// How long the TURN server may leave unread what came.
const UNREAD_FOR: Duration = Duration::from_secs(30);
/// The first byte of STUN is below it (RFC 7983, section 7); that of HTTP is a capital.
const ABOVE_STUN: u8 = 4;

/// Whether a connection begins with TURN rather than HTTP. Nothing is taken out of it.
///
/// # Errors
/// It is lost.
pub async fn begins<S: AsyncBufRead + Unpin>(stream: &mut S) -> io::Result<bool> {
    Ok(stream.fill_buf().await?.first().is_some_and(|first| *first < ABOVE_STUN))
}

/// Passes a connection on until one side ends it, or it is silent for too long.
///
/// # Errors
/// The server does not answer, or one side is lost.
pub async fn pass_on<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, server: SocketAddr) -> io::Result<()> {
    let turn = timeout(CONNECTED_WITHIN, TcpStream::connect(server)).await??;
    turn.set_nodelay(true)?;
    let mut turn = TimeoutStream::new(turn);
    turn.set_read_timeout(Some(QUIET_FOR));
    turn.set_write_timeout(Some(UNREAD_FOR));
    copy_bidirectional(&mut stream, &mut Box::pin(turn)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{env::Env, public_address::PublicAddress},
        net::tls::client_trusting,
        serve::{
            connections::{self, ConnectionLimits},
            protocol::{Listeners, Protocol},
            tls::ServerTls,
        },
    };
    use axum::{Router, routing::get};
    use rustls_pki_types::ServerName;
    use std::sync::Arc;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
    };
    use tokio_rustls::TlsConnector;
    use tokio_util::sync::CancellationToken;

    /// An allocate request without attributes (RFC 8656, section 7; RFC 8489, section 5).
    const ALLOCATE: [u8; 20] = [0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    #[tokio::test]
    async fn the_first_byte_tells_turn_from_http_and_stays() {
        for (sent, turn) in [(&ALLOCATE[..], true), (b"GET / HTTP/1.1\r\n\r\n", false), (b"POST / HTTP/1.1\r\n\r\n", false), (b"", false)] {
            let mut stream = BufReader::new(sent);
            assert_eq!(begins(&mut stream).await.expect("read"), turn, "{sent:?}");
            let mut left = Vec::new();
            stream.read_to_end(&mut left).await.expect("read");
            assert_eq!(left, sent);
        }
    }

    #[tokio::test]
    async fn a_connection_passes_whole_and_ends_with_either_side() {
        let (server, echoing) = turn_server().await;
        let (mut browser, ours) = tokio::io::duplex(64);
        let passing = tokio::spawn(pass_on(ours, server));
        browser.write_all(&ALLOCATE).await.expect("sent");
        let mut came = [0; ALLOCATE.len()];
        browser.read_exact(&mut came).await.expect("came back");
        assert_eq!(came, ALLOCATE);
        drop(browser);
        passing.await.expect("no panic").expect("it ended in order");
        assert_eq!(echoing.await.expect("ended"), ALLOCATE.len() as u64);
    }

    /// A server that echoes, once.
    async fn turn_server() -> (SocketAddr, tokio::task::JoinHandle<u64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let echoing = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut reader, mut writer) = stream.split();
            tokio::io::copy(&mut reader, &mut writer).await.expect("echoed")
        });
        (address, echoing)
    }

    #[tokio::test]
    async fn turn_and_pages_share_the_studios_port_and_certificate() {
        let data = tempfile::tempdir().expect("a folder");
        let closing = CancellationToken::new();
        let env = Env::of_pairs([("PUBLIC_APP_URL", "https://127.0.0.1:8443"), ("FOOTLIGHT_TLS", "local")]);
        let address = PublicAddress::from_env(&env, 3000).expect("an address");
        let tls = ServerTls::open(&address, data.path(), &closing).expect("a certificate").expect("it ends TLS");
        let (server, _echoing) = turn_server().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound");
        let secure = Router::new().route("/", get(async || "a page"));
        let protocol = Protocol::Tls { handshakes: tls.handshakes.clone(), secure, plain: Router::new(), turn: Some(server) };
        let listeners = Listeners::new(vec![(listener, protocol)]);
        let serving = tokio::spawn(connections::serve(listeners, ConnectionLimits::within(0, &[]), closing.clone()));
        let authority = tls.authority.expect("one of its own");
        let trusting = TlsConnector::from(Arc::new(client_trusting(authority.file()).expect("the authority's certificate")));
        let connect = async || {
            let stream = TcpStream::connect(port).await.expect("connected");
            trusting.connect(ServerName::try_from("127.0.0.1").expect("an address"), stream).await.expect("trusted")
        };
        let (mut browser, mut media) = (connect().await, connect().await);
        media.write_all(&ALLOCATE).await.expect("sent");
        media.flush().await.expect("sent");
        let mut came = [0; ALLOCATE.len()];
        media.read_exact(&mut came).await.expect("came back");
        assert_eq!(came, ALLOCATE);
        browser.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await.expect("sent");
        let mut answer = Vec::new();
        let _ = browser.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("a page"), "{answer}");
        closing.cancel();
        serving.await.expect("a stop ends TURN too");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_an_error() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let gone = taken.local_addr().expect("bound");
        drop(taken);
        let (_browser, ours) = tokio::io::duplex(64);
        assert_eq!(pass_on(ours, gone).await.expect_err("nobody listens").kind(), io::ErrorKind::ConnectionRefused);
    }
}
