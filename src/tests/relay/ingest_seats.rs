//! The ingest against clients that have no token: they hold few places, for a short time, and keep nobody out who has one.

use super::{harness::*, process::Process, server::message};
use bytes::BytesMut;
use footlight::{
    api::relay_control::IngestState,
    media::rtmp::{
        amf::{Value, write_all},
        client::{ClientSession, Event},
        handshake, kind,
    },
};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

fn is_receiving(report: &footlight::api::relay_control::SessionReport) -> bool {
    matches!(report.ingest.state, IngestState::Receiving { .. })
}

/// Asks to publish; returns the refusal, or `None` when it was accepted.
async fn ask(relay: &TestRelay, name: &str) -> Option<String> {
    let mut stream = TcpStream::connect(relay.ingest).await.expect("it listens");
    handshake::as_client(&mut stream).await.expect("RTMP");
    let mut client = ClientSession::new("show", "rtmp://relay/show", name.to_owned());
    let mut input = BytesMut::with_capacity(4096);
    loop {
        stream.write_all(&client.output()).await.expect("sent");
        if stream.read_buf(&mut input).await.unwrap_or_default() == 0 {
            return Some("closed".to_owned());
        }
        for event in client.handle_input(&input.split()).expect("legal") {
            match event {
                Event::Accepted => return None,
                Event::PublishRefused(refusal) => return Some(refusal.description),
                _ => {}
            }
        }
    }
}

fn name(session: &str, generation: u32) -> String {
    format!("{session}.{generation}.{}", token(session, generation))
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_a_token_keep_no_publisher_out() {
    let relay = TestRelay::open("", |config| {
        config.limits.ingest_unproven = 8;
        config.limits.ingest_unproven_per_network = 4;
        config.timeouts.negotiation = Duration::from_secs(2);
    })
    .await;
    relay.put(&wanted("calm", &[1], vec![])).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(relay.ingest).await.expect("it listens"));
    }
    let _encoder = relay.encoder("calm", 1);
    relay.until("calm", "the composite", is_receiving).await;
    // The first were displaced at once, the last ones run out of time; and a publisher stays.
    for stream in &mut idle {
        let mut rest = Vec::new();
        assert!(timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok(), "a place is held without a token");
    }
    assert!(is_receiving(&relay.report("calm").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_checked_before_anything_waits_for_its_show() {
    let relay = TestRelay::open("", |config| {
        config.limits.ingest_connections = 1;
        config.timeouts.unknown_stream = Duration::from_secs(20);
    })
    .await;
    let began = Instant::now();
    for invented in ["later.1.y", "later.1.", "later", "later.x.y", &format!("later.2.{}", &name("later", 1)[8..]), "..", ""] {
        assert_eq!(ask(&relay, invented).await.as_deref(), Some("this stream name is not valid"), "{invented}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());

    // With a token it waits; one that hangs up gives its place back at once.
    let gone = timeout(Duration::from_millis(500), ask(&relay, &name("later", 1))).await;
    assert!(gone.is_err(), "it waits: {gone:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let desired = wanted("later", &[1], vec![]);
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        relay.put(&desired).await
    };
    let full = name("later", 1);
    let (refusal, _) = tokio::join!(ask(&relay, &full), waiting);
    assert_eq!(refusal, None, "accepted when its show comes");
}

/// Sends the same bytes for as long as they are taken, and reads nothing.
async fn flood(address: std::net::SocketAddr, stage: Vec<u8>, bytes: Vec<u8>) -> Option<()> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    handshake::as_client(&mut stream).await.ok()?;
    stream.write_all(&stage).await.ok()?;
    loop {
        stream.write_all(&bytes).await.ok()?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_at_the_ingest_cost_little_memory() {
    let (process, relay) = Process::start(&[("RUST_LOG", "error")]).await;
    relay.put(&wanted("calm", &[1], vec![])).await;
    let _encoder = relay.encoder("calm", 1);
    relay.until("calm", "the composite", |r| r.ingest.fps > 20.0).await;
    let command = |name: &str, number: f64| {
        let about = Value::Object(vec![("app".into(), Value::text("show"))]);
        message(kind::COMMAND, &write_all(&[Value::text(name), Value::Number(number), about]))
    };
    let stages = [vec![], command("connect", 1.0), [command("connect", 1.0), command("createStream", 2.0)].concat()];
    let talk = [
        command("connect", 1.0),
        command("createStream", 2.0),
        command("releaseStream", 3.0),
        command("unknown", 4.0),
        message(kind::USER_CONTROL, &[0, 6, 0, 0, 0, 1]),
        message(kind::SET_CHUNK_SIZE, &[0x7f, 0xff, 0xff, 0xff]),
        message(kind::ABORT, &[0, 0, 0, 3]),
        message(kind::ACKNOWLEDGEMENT, &[0, 0, 0, 1]),
        message(kind::WINDOW_SIZE, &[0, 0, 0, 1]),
        message(kind::AUDIO, &[0xaf; 100]),
        message(kind::VIDEO, &[0x17; 100]),
        message(kind::DATA, &[2, 0, 0]),
        message(99, &[1]),
    ];
    let before = process.kilobytes("VmRSS");
    let mut clients = Vec::new();
    for stage in &stages {
        for bytes in &talk {
            let (address, stage, bytes) = (relay.ingest, stage.clone(), bytes.repeat(8192 / bytes.len() + 1));
            clients.push(tokio::spawn(flood(address, stage, bytes)));
        }
    }
    let mut most = 0;
    let ended = async {
        for client in clients {
            let _ = client.await.expect("no panic");
        }
    };
    tokio::pin!(ended);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        tokio::select! {
            () = &mut ended => break,
            () = tokio::time::sleep(Duration::from_millis(20)) => most = most.max(process.kilobytes("VmRSS")),
            () = tokio::time::sleep_until(deadline) => panic!("a flood is taken without end"),
        }
    }
    let grown = most.saturating_sub(before);
    println!("memory grew by at most {grown} kB");
    assert!(grown < 32_000, "{grown} kB");
    let report = relay.report("calm").await;
    assert!(is_receiving(&report) && report.ingest.fps > 20.0, "{report:?}");
}
