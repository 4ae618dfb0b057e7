//! Hostile publishers at the ingest: whatever they send, other streams continue.

use super::{harness::*, process::Process};
use bytes::{Bytes, BytesMut};
use footlight::{
    api::relay_control::IngestState,
    media::rtmp::{
        Message,
        chunk::Writer,
        client::{ClientSession, Event},
        kind,
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};

async fn handshake(stream: &mut TcpStream) {
    let mut opening = vec![3; 1537];
    opening[1..9].fill(0);
    stream.write_all(&opening).await.expect("sent");
    let mut answer = vec![0; 3073];
    stream.read_exact(&mut answer).await.expect("the handshake");
    stream.write_all(&answer[1..1537]).await.expect("sent");
}

async fn attack(address: std::net::SocketAddr, bytes: &[u8], with_handshake: bool) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    if with_handshake {
        handshake(&mut stream).await;
    }
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_rtmp_closes_only_its_own_connection() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("calm", &[1], vec![])).await;
    let _encoder = relay.encoder("calm", 1);
    relay.until("calm", "the composite", |r| r.ingest.fps > 20.0).await;
    let mut random = StdRng::seed_from_u64(20_261_124);
    let bomb: Vec<u8> = [3, 0, 1, b'a'].repeat(3000);
    let mut nested = vec![3, 0, 0, 0, 0, 0x2e, 0xe0, 20, 0, 0, 0, 0];
    nested.extend(bomb.chunks(128).enumerate().flat_map(|(index, piece)| [if index > 0 { &[0xc3][..] } else { &[] }, piece].concat()));
    attack(relay.ingest, &nested, true).await;
    attack(relay.ingest, &[6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0], true).await;
    for round in 0..200 {
        let length = random.random_range(0..4000);
        let mut bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
        if round % 2 == 0 && length > 12 {
            bytes[..8].copy_from_slice(&[3, 0, 0, 0, 0, 1, 0, 20]); // A command with 256 random bytes.
        }
        attack(relay.ingest, &bytes, round % 4 != 3).await;
    }
    let report = relay.report("calm").await;
    assert!(matches!(report.ingest.state, IngestState::Receiving { .. }) && report.ingest.fps > 20.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_codec_is_refused_and_reported() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("codec", &[1], vec![])).await;
    let child = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "quiet", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-c:v", "flv1", "-f", "flv"])
        .arg(relay.ingest_url("codec", 1))
        .spawn();
    let _encoder = Encoder(child.expect("ffmpeg is installed"));
    let report = relay.until("codec", "the reason", |r| r.ingest.refusal.is_some()).await;
    assert_eq!(report.ingest.refusal.as_deref(), Some("only H.264 and AAC are taken, this is video codec 2"));
}

/// Connects an accepted publisher.
async fn connect_publisher(relay: &TestRelay, session: &str, generation: u32) -> TcpStream {
    let mut stream = TcpStream::connect(relay.ingest).await.expect("it listens");
    handshake(&mut stream).await;
    let name = format!("{session}.{generation}.{}", token(session, generation));
    let mut client = ClientSession::new("show", "rtmp://relay/show", name);
    let mut input = BytesMut::with_capacity(4096);
    loop {
        stream.write_all(&client.output()).await.expect("sent");
        assert!(stream.read_buf(&mut input).await.expect("open") > 0, "refused");
        if client.handle_input(&input.split()).expect("legal").contains(&Event::Accepted) {
            return stream;
        }
    }
}

/// Messages that an authenticated publisher may send, with some bytes broken.
fn broken(random: &mut StdRng) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut writer = Writer::default();
    if random.random() {
        writer.set_chunk_size(random.random_range(1..70_000), &mut out);
    }
    for _ in 0..random.random_range(1..30) {
        let mut body = vec![0; random.random_range(0..20_000)];
        random.fill(&mut body[..]);
        if let [first, second, ..] = &mut body[..] {
            (*first, *second) = [(0x17, 0), (0x17, 1), (0x27, 1), (0xaf, 0), (0xaf, 1), (0x22, 0)][random.random_range(0..6)];
        }
        let kinds = [kind::VIDEO, kind::VIDEO, kind::AUDIO, kind::AUDIO, kind::DATA, kind::COMMAND, kind::ABORT, kind::USER_CONTROL, 200];
        let kind = kinds[random.random_range(0..kinds.len())];
        writer.write(&Message { kind, timestamp: random.random(), stream: 1, body: Bytes::from(body) }, &mut out);
    }
    let mut bytes = out.to_vec();
    for _ in 0..random.random_range(0..8) {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn authenticated_publisher_cannot_crash_or_exhaust_relay() {
    let (process, relay) = Process::start(&[("RUST_LOG", "warn")]).await;
    relay.put(&wanted("calm", &[1], vec![record("tape")])).await;
    let _encoder = relay.encoder("calm", 1);
    relay.until("calm", "the composite", |r| r.ingest.fps > 20.0 && state(r, "tape") == "live").await;
    let mut random = StdRng::seed_from_u64(20_261_125);
    let mut at_first = 0;
    for round in 0..150 {
        relay.put(&wanted("wild", &[1 + round], vec![record("tape")])).await;
        let mut stream = connect_publisher(&relay, "wild", 1 + round).await;
        let bytes = if round % 10 == 9 {
            // Thirty unfinished messages, each with the largest possible length.
            (3..33_u8).flat_map(|id| [&[id, 0, 0, 0, 0x7f, 0xff, 0xff, kind::VIDEO, 1, 0, 0, 0][..], &[0; 128]].concat()).collect()
        } else {
            broken(&mut random)
        };
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        if round == 50 {
            at_first = process.kilobytes("VmRSS");
        }
    }
    let report = relay.report("calm").await;
    assert!(matches!(report.ingest.state, IngestState::Receiving { .. }) && report.ingest.fps > 20.0, "{report:?}");
    let grown = process.kilobytes("VmRSS").saturating_sub(at_first);
    println!("memory grew by {grown} kB over a hundred hostile publishers; at most {} kB", process.kilobytes("VmHWM"));
    assert!(grown < 32_000, "{grown} kB");
}
