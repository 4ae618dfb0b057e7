//! Destinations that are out for the relay's memory or for a false light. Each is lost by name, and nobody else notices.

use super::{harness::*, platform::*, process::Process, server::*};
use footlight::media::rtmp::{
    amf::{Value, write_all},
    kind,
};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How far a hostile server plays along before it shows itself.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Handshake,
    Connect,
    Publish,
    Accepted,
}

const STAGES: [Stage; 4] = [Stage::Handshake, Stage::Connect, Stage::Publish, Stage::Accepted];

/// Plays along up to the stage, then sends the same bytes without end and reads nothing.
fn floods(stage: Stage, bytes: Vec<u8>) -> Listening {
    listen(move |stream| {
        let bytes = bytes.clone();
        async move {
            let mut peer = Peer::shake_hands(stream).await?;
            if !matches!(stage, Stage::Handshake) {
                peer.accept_connect().await?;
            }
            if matches!(stage, Stage::Publish | Stage::Accepted) {
                peer.accept_stream().await?;
            }
            if matches!(stage, Stage::Accepted) {
                peer.accept_publish().await?;
            }
            peer.flood(&bytes).await
        }
    })
}

/// What is sent without end.
fn talk() -> Vec<(&'static str, Vec<u8>)> {
    let result = |transaction| write_all(&[Value::text("_result"), Value::Number(transaction), Value::Null, Value::Number(1.0)]);
    let acknowledged = |count: u32| message(kind::ACKNOWLEDGEMENT, &count.to_be_bytes());
    let growing: Vec<u8> = (1..200).flat_map(|step| acknowledged(step * 1000)).collect();
    vec![
        ("results", [message(kind::COMMAND, &result(4.0)), acknowledged(1)].concat()),
        ("connect-results", message(kind::COMMAND, &result(1.0))),
        ("pings", message(kind::USER_CONTROL, &[0, 6, 0, 0, 0, 1])),
        ("acknowledgements", growing),
        ("commands", message(kind::COMMAND, &write_all(&[Value::text("onBWDone"), Value::Number(0.0)]))),
        ("windows", message(kind::WINDOW_SIZE, &[0, 0, 0, 1])),
        ("bandwidths", message(kind::PEER_BANDWIDTH, &[0, 0, 0, 1, 2])),
        ("chunk-sizes", message(kind::SET_CHUNK_SIZE, &[0, 0, 0, 128])),
        ("aborts", message(kind::ABORT, &[0, 0, 0, 3])),
        ("audio", message(kind::AUDIO, &[0xaf; 100])),
        ("video", message(kind::VIDEO, &[0x17; 100])),
        ("data", message(kind::DATA, &write_all(&[Value::text("onMetaData")]))),
        ("unknown", message(99, &[7; 60_000])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_servers_are_lost_by_name_and_cost_little_memory() {
    let good = Scripted::start(Behavior::Normal);
    let mut servers = Vec::new();
    for stage in STAGES {
        for (what, bytes) in talk() {
            servers.push((format!("{what}-{stage:?}").to_lowercase(), floods(stage, bytes), "floods the connection"));
        }
        // A chunk of two gigabytes, of which something always comes.
        let huge = [message(kind::SET_CHUNK_SIZE, &[0x7f, 0xff, 0xff, 0xff]), vec![3, 0, 0, 0, 0, 0xff, 0xff, 20, 0, 0, 0, 0]].concat();
        servers.push((format!("huge-{stage:?}").to_lowercase(), floods(stage, huge), ""));
    }
    servers.push((
        "half".into(),
        listen(|mut stream| async move {
            stream.write_all(&[3; 700]).await.ok()?;
            tokio::time::sleep(Duration::from_mins(1)).await;
            Some(())
        }),
        "the RTMP handshake timed out",
    ));
    servers.push((
        "silent".into(),
        listen(|stream| async move { Peer::shake_hands(stream).await?.read_on().await }),
        "no response to connect",
    ));
    servers.push((
        "drip".into(),
        listen(|stream| async move {
            let mut peer = Peer::shake_hands(stream).await?;
            for byte in message(kind::AUDIO, &[1; 100]).iter().cycle() {
                peer.raw(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Some(())
        }),
        "no response to connect",
    ));
    let number = (servers.len() + 1).to_string();
    let allow: Vec<_> =
        servers.iter().map(|(_, server, _)| server.address).chain([good.address]).map(|address| address.to_string()).collect();
    let (process, relay) = Process::start(&[
        ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", allow.join(",").as_str()),
        ("FOOTLIGHT_RELAY_DESTINATIONS", number.as_str()),
        ("RUST_LOG", "warn"),
    ])
    .await;
    relay.put(&wanted("calm", &[1], vec![publish("good", good.url(), "good")])).await;
    relay.put(&wanted("hostile", &[1], vec![])).await;
    let _calm = relay.encoder("calm", 1);
    let _encoder = relay.encoder("hostile", 1);
    relay.until("calm", "a good destination", |r| of(r, "good").uptime_ms > 1500).await;
    let before = process.kilobytes("VmRSS");
    // A key of the greatest length makes every answer as long as it can be.
    let key = "k".repeat(500);
    relay.put(&wanted("hostile", &[1], servers.iter().map(|(id, server, _)| publish(id, server.url("live"), &key)).collect())).await;
    let began = Instant::now();
    let (mut seen, mut most) = (std::collections::HashMap::new(), 0);
    while began.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(process.kilobytes("VmRSS"));
        let report = relay.report("hostile").await;
        for (id, ..) in &servers {
            let reason = reason(&report, id);
            if !reason.is_empty() {
                seen.entry(id.clone()).or_insert(reason);
            }
        }
        let calm = relay.report("calm").await;
        assert_eq!((state(&calm, "good").as_str(), of(&calm, "good").reconnects), ("live", 0), "{calm:?}");
    }
    let grown = most.saturating_sub(before);
    println!("{} hostile servers, {} of them lost; memory grew by at most {grown} kB", servers.len(), seen.len());
    for (id, _, expected) in &servers {
        let reason = seen.get(id).cloned().unwrap_or_default();
        assert!(!reason.is_empty() && reason.contains(expected), "{id}: {reason}");
    }
    assert!(grown < 40_000, "{grown} kB");
    assert_eq!(of(&relay.report("calm").await, "good").dropped_groups, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_alone_keep_no_light_on() {
    // Accepts, reads nothing, and claims to have received more and more, or always the same.
    let claims = |step: u32| {
        listen(move |stream| async move {
            let (mut peer, _) = Peer::until_publish(stream).await?;
            peer.accept_publish().await?;
            for count in 1.. {
                peer.send(kind::ACKNOWLEDGEMENT, 0, (1000 + count * step).to_be_bytes().to_vec()).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Some(())
        })
    };
    let (same, more) = (claims(0), claims(1_000_000));
    let relay = TestRelay::open(&format!("{},{}", same.address, more.address), |_| {}).await;
    relay.put(&wanted("light", &[1], vec![publish("same", same.url("live"), "k"), publish("more", more.url("live"), "k")])).await;
    let _encoder = encoder(&relay.ingest_url("light", 1), "nullsrc=size=480x270:rate=25,geq=random(1)*255:128:128");
    for id in ["same", "more"] {
        let report = relay.until("light", "the stall", |r| state(r, id) == "retrying").await;
        assert_eq!(reason(&report, id), "no data accepted for 2 s", "{id}");
        let (written, acknowledged) = (of(&report, id).bytes_written, of(&report, id).bytes_acknowledged.unwrap_or_default());
        assert!(acknowledged <= written + 4096, "{id}: {acknowledged} of {written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_reads_slowly_is_live_only_while_it_reads() {
    let slow = listen(|stream| async move {
        let (mut peer, _) = Peer::until_publish(stream).await?;
        peer.accept_publish().await?;
        let mut byte = [0; 1];
        loop {
            peer.stream.read_exact(&mut byte).await.ok()?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let relay = TestRelay::open(&slow.address.to_string(), |_| {}).await;
    relay.put(&wanted("slow", &[1], vec![publish("slow", slow.url("live"), "k")])).await;
    let _encoder = encoder(&relay.ingest_url("slow", 1), "nullsrc=size=480x270:rate=25,geq=random(1)*255:128:128");
    let report = relay.until("slow", "the stall", |r| state(r, "slow") == "retrying").await;
    assert_eq!(reason(&report, "slow"), "no data accepted for 2 s");
}
