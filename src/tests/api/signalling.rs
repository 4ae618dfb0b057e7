//! LiveKit's signalling below our own address: what passes, what LiveKit is told, and what never reaches it.

use super::harness::TestServer;
use axum::http::{Method, StatusCode, header};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

const WITHIN: Duration = Duration::from_secs(10);

/// Up to the empty line.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let read = timeout(WITHIN, stream.read_u8()).await.expect("in time");
        head.push(read.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&head))));
    }
    String::from_utf8(head).expect("text")
}

/// A LiveKit that upgrades what asks for it and echoes, and answers everything else with its status and one sentence.
async fn livekit(status: &'static str, sentence: &'static str) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    let (sender, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let asked = head(&mut stream).await;
                let socket = asked.to_lowercase().contains("upgrade: websocket");
                let _ = sender.send(asked);
                if socket {
                    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: theirs=1\r\n\r\n";
                    stream.write_all(answer.as_bytes()).await.expect("answered");
                    let (mut reader, mut writer) = stream.split();
                    let _ = tokio::io::copy(&mut reader, &mut writer).await;
                } else {
                    let length = sentence.len();
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\nSet-Cookie: theirs=1\r\n\
                         Content-Length: {length}\r\n\r\n{sentence}"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (url, heads)
}

/// The application on a port, because an upgrade needs a connection.
async fn listening(server: &TestServer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let service = server.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Sends an upgrade as livekit-client does, and returns the connection and the answer's head.
async fn socket(address: SocketAddr, path: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let asked = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nOrigin: https://studio.example\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\
         Cookie: footlight=canary-cookie\r\nX-Forwarded-For: 203.0.113.66\r\nCF-Connecting-IP: 203.0.113.66\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).await.expect("sent");
    let answer = head(&mut stream).await;
    (stream, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_passes_byte_for_byte_and_tells_livekit_no_more_than_it_needs() {
    let (url, mut heads) = livekit("200 OK", "OK").await;
    let server = TestServer::with(&[("LIVEKIT_URL", &url)]).await;
    let address = listening(&server).await;
    let (mut stream, answer) = socket(address, "/livekit/rtc/v1?access_token=a.b.c&join_request=CAES%2D").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    let answer = answer.to_lowercase();
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=") && !answer.contains("set-cookie"), "{answer}");
    let asked = heads.recv().await.expect("asked");
    assert!(asked.starts_with("GET /rtc/v1?access_token=a.b.c&join_request=CAES%2D HTTP/1.1\r\n"), "{asked}");
    let asked = asked.to_lowercase();
    for told in
        ["sec-websocket-key: dghlihnhbxbszsbub25jzq==", "sec-websocket-extensions: permessage-deflate", "x-forwarded-for: 127.0.0.1"]
    {
        assert!(asked.contains(told), "{told} is not in {asked}");
    }
    for kept in ["cookie", "203.0.113.66", "cf-connecting-ip"] {
        assert!(!asked.contains(kept), "{kept} is in {asked}");
    }
    // More than any buffer on the way, in both directions at once.
    let sent: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let (mut reader, mut writer) = stream.split();
    let mut came = vec![0; sent.len()];
    let both = async { tokio::join!(writer.write_all(&sent), reader.read_exact(&mut came)) };
    let (wrote, read) = timeout(Duration::from_secs(60), both).await.expect("in time");
    wrote.expect("sent");
    read.expect("came back");
    assert!(sent == came, "what came back is not what was sent");
    writer.shutdown().await.expect("the browser leaves");
    let mut rest = Vec::new();
    timeout(WITHIN, reader.read_to_end(&mut rest)).await.expect("LiveKit's side ends too").expect("no error");
    assert_eq!(rest, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_the_server_ends_open_sockets() {
    let (url, _heads) = livekit("200 OK", "OK").await;
    let server = TestServer::with(&[("LIVEKIT_URL", &url)]).await;
    let (mut stream, answer) = socket(listening(&server).await, "/livekit/rtc").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    server.studio.closing.cancel();
    let mut rest = Vec::new();
    let _ = timeout(WITHIN, stream.read_to_end(&mut rest)).await.expect("it ends");
    assert_eq!(rest, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_livekits_client_calls_is_passed_on() {
    let (url, mut heads) = livekit("401 Unauthorized", "no permissions to access the room").await;
    let server = TestServer::with(&[("LIVEKIT_URL", &url)]).await;
    for (path, theirs) in [
        ("/livekit", "GET / HTTP/1.1"),
        ("/livekit/rtc/validate?access_token=a.b.c", "GET /rtc/validate?access_token=a.b.c HTTP/1.1"),
        ("/livekit/rtc/v1/validate?access_token=a.b.c", "GET /rtc/v1/validate?access_token=a.b.c HTTP/1.1"),
        ("/livekit/rtc", "GET /rtc HTTP/1.1"),
    ] {
        let reply = server.call(Method::GET, path, &[("cookie", "footlight=canary"), ("authorization", "Bearer a.b.c")], None).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(reply.body, "no permissions to access the room", "{path}");
        assert_eq!(reply.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).expect("as LiveKit says"), "*");
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
        let asked = heads.recv().await.expect("asked");
        assert!(asked.starts_with(theirs) && asked.contains("Bearer a.b.c"), "{asked}");
        assert!(!asked.contains("canary"), "{asked}");
    }
    for (method, path) in [
        (Method::POST, "/livekit/twirp/livekit.RoomService/ListRooms"),
        (Method::GET, "/livekit/twirp/livekit.RoomService/ListRooms"),
        (Method::GET, "/livekit/rtc/../twirp/livekit.RoomService/ListRooms"),
        (Method::GET, "/livekit/rtc/v1/"),
        (Method::GET, "/livekit/whip/v1"),
        (Method::GET, "/livekit//rtc"),
        (Method::POST, "/livekit/rtc"),
        (Method::GET, "/livekit/debug/goroutine"),
    ] {
        let reply = server.call(method, path, &[("authorization", "Bearer a.b.c")], None).await;
        assert!(matches!(reply.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED), "{path}: {}", reply.status);
    }
    assert!(heads.is_empty(), "LiveKit was asked: {:?}", heads.try_recv());
}

#[tokio::test]
async fn a_livekit_that_is_gone_is_said_to_be_gone() {
    let server = TestServer::with(&[("LIVEKIT_URL", "ws://127.0.0.1:9")]).await;
    let reply = server.call(Method::GET, "/livekit/rtc/validate?access_token=canary", &[], None).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.body["message"], "The media server does not answer. Try again in a few seconds.");
    assert!(!reply.body.to_string().contains("canary"), "{reply:?}");
}

#[tokio::test]
async fn the_pages_and_the_captured_page_may_reach_livekit_each_at_its_address() {
    let server = TestServer::with(&[("PUBLIC_APP_URL", "https://studio.example"), ("FOOTLIGHT_EGRESS_URL", "http://127.0.0.1:3103")]).await;
    let livekit = &server.studio.config.livekit;
    assert_eq!((livekit.public_url.as_str(), livekit.overlay_url.as_str()), ("wss://studio.example/livekit", "ws://127.0.0.1:7880"));
    for (path, expected) in [
        ("/sign-in", "connect-src 'self' https://studio.example wss://studio.example;"),
        ("/stream/overlay", "connect-src 'self' https://studio.example wss://studio.example http://127.0.0.1:7880 ws://127.0.0.1:7880;"),
    ] {
        let reply = server.call(Method::GET, path, &[], None).await;
        let policy = reply.headers.get(header::CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(policy.contains(expected), "{path}: {policy}");
    }
}
