//! The relay under load: cost of a stream and a destination at 3 Mbit/s, added latency, and fifty streams on three
//! platforms each. The relay is a separate process; encoders and platforms are simulated here over real sockets.

#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/harness.rs"]
mod harness;
#[allow(dead_code, reason = "the relay's tests use the rest of it")]
#[path = "../relay/process.rs"]
pub mod process;

use super::percentile;
use crate::support::wait::until;
use bytes::{Bytes, BytesMut};
use footlight::{
    api::relay_control::SessionReport,
    media::rtmp::{
        client::{ClientSession, Event as ClientEvent},
        handshake, kind,
        server::{Event as ServerEvent, ServerSession},
    },
};
use harness::{TestRelay, publish, token, wanted};
use process::Process;
use std::{
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Message kind, milliseconds, body.
type Composite = Arc<Vec<(u8, u32, Bytes)>>;
const LOOP_MS: u32 = 10_000;

/// Ten seconds of 720p30 at a constant 3 Mbit/s with audio, like an egress sends it.
fn composite() -> Composite {
    let output = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=44100"])
        .args(["-t", "10", "-vf", "noise=alls=20:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main"])
        .args(["-pix_fmt", "yuv420p", "-b:v", "3000k", "-minrate", "3000k", "-maxrate", "3000k", "-bufsize", "3000k"])
        .args(["-x264-params", "nal-hrd=cbr:scenecut=0:keyint=60:min-keyint=60", "-c:a", "aac", "-b:a", "128k", "-ac", "2"])
        .args(["-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1"])
        .output()
        .expect("ffmpeg is installed");
    let mut file = Bytes::from(output.stdout).slice(13..);
    let mut tags = Vec::new();
    while file.len() >= 15 {
        let head = file.split_to(11);
        let body = file.split_to(u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize);
        let _ = file.split_to(4);
        if head[0] != kind::DATA {
            tags.push((head[0], u32::from_be_bytes([head[7], head[4], head[5], head[6]]), body));
        }
    }
    assert!(tags.len() > 600, "{} tags", tags.len());
    Arc::new(tags)
}

/// Publishes the composite in real time in a loop; the last eight bytes of each frame are its send time.
async fn encode(ingest: SocketAddr, session: String, composite: Composite, zero: Instant) {
    let mut stream = TcpStream::connect(ingest).await.expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    handshake::as_client(&mut stream).await.expect("RTMP");
    let mut client = ClientSession::new("show", "rtmp://relay/show", format!("{session}.1.{}", token(&session, 1)));
    let mut input = BytesMut::with_capacity(4096);
    loop {
        stream.write_all(&client.output()).await.expect("open");
        assert!(stream.read_buf(&mut input).await.expect("open") > 0, "refused");
        if client.handle_input(&input.split()).expect("legal").contains(&ClientEvent::Accepted) {
            break;
        }
    }
    let begin = Instant::now();
    for round in 0..=u32::MAX / LOOP_MS {
        for (kind, at, body) in composite.iter() {
            let header = body.get(1) == Some(&0);
            if header && round > 0 {
                continue;
            }
            let at = round * LOOP_MS + at;
            tokio::time::sleep_until((begin + Duration::from_millis(at.into())).into()).await;
            let mut body = body.to_vec();
            if !header && body.len() > 20 {
                let offset = body.len() - 8;
                body[offset..].copy_from_slice(&u64::try_from(zero.elapsed().as_micros()).expect("small").to_be_bytes());
            }
            client.send(*kind, at, body.into());
            stream.write_all(&client.output()).await.expect("the relay takes it");
        }
    }
}

/// Platforms on one port: all receive everything; stream names that begin with `m` measure each frame.
struct Platforms {
    address: SocketAddr,
    /// From encoder to platform.
    latencies: Arc<Mutex<Vec<Duration>>>,
}

impl Platforms {
    async fn start(zero: Instant) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let platforms = Self { address: listener.local_addr().expect("bound"), latencies: Arc::default() };
        let latencies = platforms.latencies.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, latencies.clone(), zero));
            }
        });
        platforms
    }
}

async fn take(mut stream: TcpStream, latencies: Arc<Mutex<Vec<Duration>>>, zero: Instant) -> Option<()> {
    handshake::as_server(&mut stream).await.ok()?;
    let mut session = ServerSession::default();
    let mut measured = false;
    let mut accepted = false;
    loop {
        while let Some(event) = session.take().ok()? {
            match event {
                ServerEvent::Publish { name, .. } => {
                    measured = name.starts_with('m');
                    accepted = true;
                    session.accept();
                }
                ServerEvent::Media(message) if message.body.len() > 20 && message.body[1] != 0 => {
                    let sent = message.body[message.body.len() - 8..].try_into().map(u64::from_be_bytes).ok()?;
                    latencies.lock().expect("sound").push(zero.elapsed().saturating_sub(Duration::from_micros(sent)));
                }
                _ => {}
            }
        }
        stream.write_all(&session.output()).await.ok()?;
        if accepted && !measured {
            break;
        }
        session.input().reserve(64 * 1024);
        let count = stream.read_buf(session.input()).await.ok().filter(|count| *count > 0)?;
        session.count(count).ok()?;
    }
    let mut waste = vec![0; 64 * 1024];
    while stream.read(&mut waste).await.is_ok_and(|count| count > 0) {}
    Some(())
}

/// CPU time used so far by a process and its ended children.
pub fn cpu(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<_> = text.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let ticks: u64 = fields[11..15].iter().map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

async fn reports(relay: &TestRelay) -> Vec<SessionReport> {
    relay.get("/shows").await.json().await.expect("reports")
}

#[derive(Default)]
struct Cost {
    cores: f64,
    megabytes: f64,
}

/// Runs streams with platforms for a while and prints the cost.
async fn measure(streams: usize, destinations: usize, seconds: u64, composite: &Composite) -> Cost {
    let zero = Instant::now();
    let platforms = Platforms::start(zero).await;
    let allow = platforms.address.to_string();
    let (process, relay) = Process::start(&[("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", &allow), ("RUST_LOG", "warn")]).await;
    let idle = process.kilobytes("VmRSS");
    let mut encoders = JoinSet::new();
    for stream_number in 0..streams {
        let id = format!("show{stream_number}");
        let key = |destination: usize| {
            format!("{}{stream_number}-{destination}", if destination == 0 && stream_number % 10 == 0 { 'm' } else { 'd' })
        };
        let all = (0..destinations)
            .map(|destination| publish(&format!("p{destination}"), format!("rtmp://{}/live", platforms.address), &key(destination)));
        let mut wanted_state = wanted(&id, &[1], all.collect());
        wanted_state.slate = true;
        relay.put(&wanted_state).await;
        encoders.spawn(encode(relay.ingest, id, composite.clone(), zero));
        // Encoders must not start in step.
        tokio::time::sleep(Duration::from_millis(37)).await;
    }
    let live = |report: &SessionReport| report.destinations.iter().all(|one| one.uptime_ms > 3000);
    let look = async || reports(&relay).await.into_iter().find(|report| !live(report)).map_or(Ok(()), Err);
    until("all streams live", 30, look).await;
    platforms.latencies.lock().expect("sound").clear();
    let (before, since) = (cpu(process.0.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let cores = cpu(process.0.id()).saturating_sub(before).as_secs_f64() / since.elapsed().as_secs_f64();
    let mut latencies = std::mem::take(&mut *platforms.latencies.lock().expect("sound"));
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let megabytes = process.kilobytes("VmRSS").saturating_sub(idle) as f64 / 1024.0;
    let last = reports(&relay).await;
    let all = last.iter().flat_map(|report| &report.destinations);
    let (dropped, reconnects) = all.fold((0, 0), |(groups, times), one| (groups + one.dropped_groups, times + one.reconnects));
    let kbps: u32 = last.iter().map(|report| report.ingest.bitrate_kbps).sum();
    println!(
        "relay, {streams} streams of {} kbit/s on {destinations} platforms each: {cores:.2} core, {megabytes:.1} MB over {:.0} MB idle; \
         from encoder to platform p50 {:.1} ms, p99 {:.1} ms; {dropped} groups dropped, {reconnects} reconnects",
        kbps / u32::try_from(streams).expect("few"),
        f64::from(u32::try_from(idle).expect("small")) / 1024.0,
        percentile(&latencies, 50),
        percentile(&latencies, 99),
    );
    assert!(encoders.try_join_next().is_none(), "no encoder was disconnected");
    Cost { cores, megabytes }
}

/// The latency of our encoders and platforms without a relay.
async fn measure_direct(streams: usize, composite: &Composite) {
    let zero = Instant::now();
    let platforms = Platforms::start(zero).await;
    let mut encoders = JoinSet::new();
    for stream_number in 0..streams {
        encoders.spawn(encode(platforms.address, format!("m{stream_number}"), composite.clone(), zero));
        tokio::time::sleep(Duration::from_millis(37)).await;
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut latencies = std::mem::take(&mut *platforms.latencies.lock().expect("sound"));
    latencies.sort_unstable();
    let (middle, late) = (percentile(&latencies, 50), percentile(&latencies, 99));
    println!("relay, {streams} encoders straight to a platform: p50 {middle:.1} ms, p99 {late:.1} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_of_streams_and_platforms() {
    println!("relay: {} build", if cfg!(debug_assertions) { "unoptimised" } else { "optimised" });
    let composite = composite();
    let few = measure(10, 1, 15, &composite).await;
    let more = measure(10, 5, 15, &composite).await;
    let (platform, memory) = ((more.cores - few.cores) / 40.0, (more.megabytes - few.megabytes) / 40.0);
    println!("relay, one more platform: {:.1} % of a core, {memory:.2} MB", platform * 100.0);
    println!("relay, one more stream: {:.1} % of a core, {:.2} MB", (few.cores / 10.0 - platform) * 100.0, few.megabytes / 10.0 - memory);
    measure_direct(50, &composite).await;
    for (streams, destinations) in [(25, 3), (50, 3)] {
        measure(streams, destinations, 20, &composite).await;
    }
}
