//! What others feel of slow readers, idle connections and a session that sends all the events it may: the time of a status call and of
//! the liveness probe, beside a run without them, and the memory of readers of a very long feed.

use super::harness::{NOW, TestServer};
use axum::http::StatusCode;
use footlight::{
    domain::{ids::SessionId, key::Scope},
    net::{http::direct_client, tls},
    serve::connections::{ConnectionLimits, serve},
    server::store::NewLine,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::AbortOnDropHandle,
};

const MEASURED_FOR: Duration = Duration::from_secs(10);
const SLOW_READERS: usize = 10;
const IDLE_CONNECTIONS: usize = 500;
const EVENTS: usize = 100_000;
const BATCH: usize = 1_000;

/// The server behind a real listener with the limits that `footlight serve` has.
async fn listening(server: &TestServer) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let closing = CancellationToken::new();
    tokio::spawn(serve(listener, server.router.clone(), ConnectionLimits::within(4_096, &[]), closing.clone()));
    (address, closing.drop_guard())
}

/// Calls again and again; the times in ascending order.
async fn times(client: &reqwest::Client, url: String, key: Option<&str>, pause: Duration) -> Vec<Duration> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < MEASURED_FOR {
        let mut call = client.get(&url);
        if let Some(key) = key {
            call = call.header("authorization", key);
        }
        let asked = Instant::now();
        let answer = call.send().await.expect("an answer");
        times.push(asked.elapsed());
        assert_eq!(answer.status(), StatusCode::OK, "{url}");
        tokio::time::sleep(pause).await;
    }
    times.sort_unstable();
    times
}

/// What a caller with a session of its own notices.
struct Noticed {
    status_p99: Duration,
    health_worst: Duration,
}

async fn noticed(what: &str, address: SocketAddr, session: &SessionId, key: &str) -> Noticed {
    let client = direct_client(tls::client()).build().expect("a client");
    let status = format!("http://{address}/api/streaming/status?sessionId={session}");
    let (status, health) = tokio::join!(
        times(&client, status, Some(key), Duration::from_millis(5)),
        times(&client, format!("http://{address}/healthz"), None, Duration::from_millis(50))
    );
    let found = Noticed { status_p99: status[status.len() * 99 / 100], health_worst: *health.last().expect("some") };
    let (p50, p99, worst) = (status[status.len() / 2], found.status_p99, status.last().expect("some"));
    println!(
        "{what:<10} status: {} calls, p50 {p50:.1?}, p99 {p99:.1?}, worst {worst:.1?}; healthz: worst {:.1?}",
        status.len(),
        found.health_worst
    );
    found
}

/// Follows a feed from its begin and reads 1 kB of it a second.
async fn slow_reader(address: SocketAddr, session: &SessionId, key: &str) -> AbortOnDropHandle<()> {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("GET /api/streaming/feed?sessionId={session}&after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut part = [0; 1024];
        while stream.read(&mut part).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }))
}

/// Sends full batches of events as fast as they are taken. Refusals are part of it.
fn noisy(address: SocketAddr, session: &SessionId, key: &str) -> AbortOnDropHandle<()> {
    let (session, key) = (session.clone(), key.to_owned());
    AbortOnDropHandle::new(tokio::spawn(async move {
        let client = direct_client(tls::client()).build().expect("a client");
        let events: Vec<Value> =
            (0..100).map(|number| json!({ "kind": "stat", "label": format!("stat {number}"), "value": "1" })).collect();
        let body = json!({ "sessionId": session, "events": events }).to_string();
        loop {
            let call = client.post(format!("http://{address}/api/streaming/events")).header("authorization", &key);
            let _ = call.header("content-type", "application/json").body(body.clone()).send().await;
        }
    }))
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split(' ').nth(1).expect("a second number").parse::<usize>().expect("a number") * 4096
}

/// A session with a very long feed.
async fn long_feed(server: &TestServer, key: &str) -> SessionId {
    let id = server.agent_show(key).await;
    for start in (0..EVENTS).step_by(BATCH) {
        let event = |number: usize| json!({ "kind": "stat", "label": format!("stat {}", number % 17), "value": number.to_string() });
        let lines: Vec<_> = (start..start + BATCH).map(|number| NewLine { kind: "show", id: None, data: event(number) }).collect();
        server.store.append_lines(&id, NOW, &lines).await.expect("appended");
    }
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_idle_connections_and_a_noisy_session_hurt_nobody_else() {
    footlight::net::descriptors::raise();
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "100")]).await;
    let (owner, other) = (server.streamer("Owner").await, server.streamer("Other").await);
    let (key, theirs) = (server.key(&owner, None, &Scope::ALL).await, server.key(&other, None, &Scope::ALL).await);
    let (session, long) = (server.agent_show(&key).await, long_feed(&server, &theirs).await);
    let (address, _closing) = listening(&server).await;
    let alone = noticed("alone", address, &session, &key).await;

    let before = resident();
    let mut readers = Vec::new();
    for _ in 0..SLOW_READERS {
        readers.push(slow_reader(address, &long, &theirs).await);
    }
    tokio::time::sleep(MEASURED_FOR).await;
    println!("{SLOW_READERS} slow readers of {EVENTS} events: {} kB more", resident().saturating_sub(before) / 1024);
    let mut idle = Vec::new();
    for _ in 0..IDLE_CONNECTIONS {
        idle.push(TcpStream::connect(address).await.expect("connected"));
    }
    let noise = noisy(address, &long, &theirs);
    let beside = noticed("beside", address, &session, &key).await;
    let grown = resident().saturating_sub(before);
    println!("with {IDLE_CONNECTIONS} idle connections and what the noise stored: {} kB more", grown / 1024);
    drop((readers, idle, noise));
    assert!(beside.status_p99 < (alone.status_p99 * 20).max(Duration::from_millis(500)), "{:?}", beside.status_p99);
    assert!(beside.health_worst < Duration::from_secs(1), "{:?}", beside.health_worst);
    assert!(grown < 256 << 20, "{grown} bytes");
}
