//! The handshake of OBS and its librtmp: version and digest in the first message, the server's echo compared byte by byte, chunks
//! continued with short headers.

use super::harness::*;
use bytes::BytesMut;
use footlight::{
    api::relay_control::IngestState,
    media::rtmp::{
        amf::{Value, write_all},
        chunk::Reader,
        kind,
    },
};
use hmac::{Hmac, KeyInit, Mac};
use rand::RngCore;
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Duration,
};

const SIZE: usize = 1536;

/// The client's first message with the digest where librtmp puts it (its first scheme: four bytes after the version give the offset).
fn opening() -> [u8; SIZE] {
    let mut first = [0; SIZE];
    rand::rng().fill_bytes(&mut first[8..]);
    first[..8].copy_from_slice(&[0, 0, 0x12, 0x34, 9, 0, 124, 2]);
    let digest_at = first[8..12].iter().map(|byte| usize::from(*byte)).sum::<usize>() % 728 + 12;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Genuine Adobe Flash Player 001").expect("any length");
    mac.update(&first[..digest_at]);
    mac.update(&first[digest_at + 32..]);
    first[digest_at..digest_at + 32].copy_from_slice(&mac.finalize().into_bytes());
    first
}

/// librtmp's chunks: a full header, then one byte before every further 128 bytes (or the announced size).
fn chunks(channel: u8, kind: u8, stream: u32, timestamp: u32, body: &[u8], size: usize) -> Vec<u8> {
    let mut out = vec![channel];
    out.extend_from_slice(&timestamp.to_be_bytes()[1..]);
    out.extend_from_slice(&u32::try_from(body.len()).expect("short").to_be_bytes()[1..]);
    out.push(kind);
    out.extend_from_slice(&stream.to_le_bytes());
    for (index, piece) in body.chunks(size).enumerate() {
        if index > 0 {
            out.push(0xc0 | channel);
        }
        out.extend_from_slice(piece);
    }
    out
}

/// Reads until a command of this name comes.
async fn read_command(stream: &mut TcpStream, reader: &mut Reader, name: &str) -> Vec<Value> {
    loop {
        while let Some(message) = reader.take().expect("legal") {
            if message.kind == kind::COMMAND {
                let values = footlight::media::rtmp::amf::read_all(message.body).expect("legal");
                if values.first().and_then(Value::as_text) == Some(name) {
                    return values;
                }
            }
        }
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_buf(reader.input())).await;
        assert!(read.expect("in time").expect("open") > 0, "{name} never came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn librtmp_handshake_may_publish() {
    let relay = TestRelay::open("", |_| {}).await;
    relay.put(&wanted("obs", &[1], vec![])).await;
    let mut stream = TcpStream::connect(relay.ingest).await.expect("it listens");
    let first = opening();
    stream.write_all(&[3]).await.expect("sent");
    stream.write_all(&first).await.expect("sent");
    let mut answer = vec![0; 1 + 2 * SIZE];
    stream.read_exact(&mut answer).await.expect("both messages at once");
    assert_eq!(answer[0], 3);
    assert_eq!(answer[5..9], [0; 4], "version zero: librtmp then looks for no digest, and compares the echo");
    assert_eq!(answer[1 + SIZE..], first);
    stream.write_all(&answer[1..=SIZE]).await.expect("sent");

    let mut reader = Reader::new(64 * 1024);
    let pair = |name: &str, value: Value| (name.to_owned(), value);
    let url = format!("rtmp://{}/show", relay.ingest);
    let about = vec![
        pair("app", Value::text("show")),
        pair("type", Value::text("nonprivate")),
        pair("flashVer", Value::text("FMLE/3.0 (compatible; FMSc/1.0)")),
        pair("swfUrl", Value::text(url.clone())),
        pair("tcUrl", Value::text(url)),
        pair("fpad", Value::Bool(false)),
        pair("capabilities", Value::Number(15.0)),
        pair("audioCodecs", Value::Number(3191.0)),
        pair("videoCodecs", Value::Number(252.0)),
        pair("videoFunction", Value::Number(1.0)),
    ];
    let connect = write_all(&[Value::text("connect"), Value::Number(1.0), Value::Object(about)]);
    stream.write_all(&chunks(3, kind::COMMAND, 0, 0, &connect, 128)).await.expect("sent");
    read_command(&mut stream, &mut reader, "_result").await;
    stream.write_all(&chunks(2, kind::SET_CHUNK_SIZE, 0, 0, &4096_u32.to_be_bytes(), 128)).await.expect("sent");
    let name = format!("obs.1.{}", token("obs", 1));
    for (command, number) in [("releaseStream", 2.0), ("FCPublish", 3.0)] {
        let body = write_all(&[Value::text(command), Value::Number(number), Value::Null, Value::text(name.clone())]);
        stream.write_all(&chunks(3, kind::COMMAND, 0, 0, &body, 4096)).await.expect("sent");
    }
    let body = write_all(&[Value::text("createStream"), Value::Number(4.0), Value::Null]);
    stream.write_all(&chunks(3, kind::COMMAND, 0, 0, &body, 4096)).await.expect("sent");
    let body = write_all(&[Value::text("_checkbw"), Value::Number(5.0), Value::Null]);
    stream.write_all(&chunks(3, kind::COMMAND, 0, 0, &body, 4096)).await.expect("sent");
    loop {
        let values = read_command(&mut stream, &mut reader, "_result").await;
        if values.get(1).and_then(Value::as_number) == Some(4.0) {
            assert_eq!(values.get(3).and_then(Value::as_number), Some(1.0));
            break;
        }
    }
    let body = write_all(&[Value::text("publish"), Value::Number(6.0), Value::Null, Value::text(name), Value::text("live")]);
    stream.write_all(&chunks(4, kind::COMMAND, 1, 0, &body, 4096)).await.expect("sent");
    let status = read_command(&mut stream, &mut reader, "onStatus").await;
    assert!(status.iter().any(|value| value.get("code").and_then(Value::as_text) == Some("NetStream.Publish.Start")), "{status:?}");

    let mut media = BytesMut::new();
    media.extend_from_slice(&chunks(4, kind::VIDEO, 1, 0, &[0x17, 0, 0, 0, 0, 1, 77, 0, 31], 4096));
    for frame in 0..20_u32 {
        let mut picture = vec![0x55; 9000];
        picture[..5].copy_from_slice(&[if frame == 0 { 0x17 } else { 0x27 }, 1, 0, 0, 0]);
        media.extend_from_slice(&chunks(4, kind::VIDEO, 1, frame * 40, &picture, 4096));
    }
    stream.write_all(&media).await.expect("sent");
    relay.until("obs", "the composite", |r| matches!(r.ingest.state, IngestState::Receiving { .. }) && r.ingest.bitrate_kbps > 500).await;
}
