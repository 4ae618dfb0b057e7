//! Strangers at the ingest: whatever they send, shows go on.

use super::stage::*;
use footlight::api::broadcast::IngestState;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, timeout},
};

async fn assault(address: std::net::SocketAddr, bytes: &[u8], handshake: bool) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    if handshake {
        let mut opening = vec![3; 1537];
        opening[1..9].fill(0);
        if stream.write_all(&opening).await.is_err() {
            return;
        }
        let mut answer = vec![0; 3073];
        stream.read_exact(&mut answer).await.expect("the handshake");
        let _ = stream.write_all(&answer[1..1537]).await;
    }
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_rtmp_ends_its_own_connection_and_nothing_else() {
    let stage = Stage::open("", |_| {}).await;
    stage.put(&wanted("calm", &[1], vec![])).await;
    let _encoder = stage.encoder("calm", 1);
    stage.until("calm", "the composite", |r| r.ingest.fps > 20.0).await;
    let mut dice = StdRng::seed_from_u64(20_261_124);
    let bomb: Vec<u8> = [3, 0, 1, b'a'].repeat(3000);
    let mut nested = vec![3, 0, 0, 0, 0, 0x2e, 0xe0, 20, 0, 0, 0, 0];
    nested.extend(bomb.chunks(128).enumerate().flat_map(|(index, piece)| [if index > 0 { &[0xc3][..] } else { &[] }, piece].concat()));
    assault(stage.relay.ingest_addr, &nested, true).await;
    assault(stage.relay.ingest_addr, &[6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0], true).await;
    for round in 0..200 {
        let length = dice.random_range(0..4000);
        let mut bytes: Vec<u8> = (0..length).map(|_| dice.random()).collect();
        if round % 2 == 0 && length > 12 {
            bytes[..8].copy_from_slice(&[3, 0, 0, 0, 0, 1, 0, 20]); // A command of 256 bytes of noise.
        }
        assault(stage.relay.ingest_addr, &bytes, round % 4 != 3).await;
    }
    let report = stage.report("calm").await;
    assert!(matches!(report.ingest.state, IngestState::Receiving { .. }) && report.ingest.fps > 20.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_codec_is_refused_and_the_show_is_told() {
    let stage = Stage::open("", |_| {}).await;
    stage.put(&wanted("codec", &[1], vec![])).await;
    let child = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "quiet", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-c:v", "flv1", "-f", "flv"])
        .arg(stage.ingest_url("codec", 1))
        .spawn();
    let _encoder = Encoder(child.expect("ffmpeg is installed"));
    let report = stage.until("codec", "the reason", |r| r.ingest.refusal.is_some()).await;
    assert_eq!(report.ingest.refusal.as_deref(), Some("only H.264 and AAC are taken, this is video codec 2"));
}
