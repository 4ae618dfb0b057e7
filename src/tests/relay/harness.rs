//! A relay in this process with short timeouts, its client, and encoders that publish to it.

pub use crate::support::wait::free_port;
use crate::support::wait::until;
use footlight::{
    api::relay_control::{DesiredDestination, DesiredIngest, DesiredSession, DesiredTarget, DestinationReport, SessionReport},
    config::relay::{Limits, RelayConfig, Timeouts, publish_token},
    domain::{destination::StreamKey, ids::Generation, video::VideoPreset},
    relay::{self, RelayHandle, connect::Resolver},
};
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

pub const SECRET: &str = "a-secret-of-the-tests";

pub struct TestRelay {
    /// Address of the control API.
    pub control: SocketAddr,
    /// Address of the RTMP ingest.
    pub ingest: SocketAddr,
    pub data: tempfile::TempDir,
    pub http: reqwest::Client,
    relay: Option<RelayHandle>,
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        drop(self.relay.take());
    }
}

/// Kills its child on drop.
pub struct Encoder(pub Child);

impl Drop for Encoder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn short_timeouts() -> Timeouts {
    Timeouts {
        grace: Duration::from_secs(20),
        outage: Duration::from_secs(30),
        first_retry_delay: Duration::from_millis(200),
        max_retry_delay: Duration::from_millis(1000),
        connect: Duration::from_secs(3),
        stall: Duration::from_secs(2),
        unknown_stream: Duration::from_secs(5),
        recordings_settle: Duration::ZERO,
        ..Timeouts::default()
    }
}

impl TestRelay {
    pub async fn open(allow: &str, change: impl FnOnce(&mut RelayConfig)) -> Self {
        Self::open_with(allow, None, change).await
    }

    pub async fn open_with(allow: &str, resolver: Option<Arc<dyn Resolver>>, change: impl FnOnce(&mut RelayConfig)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().expect("a folder");
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut config = RelayConfig {
            listen: any,
            ingest: any,
            secret: SECRET.into(),
            tls: None,
            extra_ca: None,
            data: data.path().into(),
            allow: allow.parse().expect("an allow-list"),
            timeouts: short_timeouts(),
            limits: Limits::default(),
        };
        change(&mut config);
        let relay = match resolver {
            Some(resolver) => relay::start_with(config, resolver).await,
            None => relay::start(config).await,
        };
        let relay = relay.expect("starts");
        Self { control: relay.control_addr, ingest: relay.ingest_addr, data, http: reqwest::Client::new(), relay: Some(relay) }
    }

    /// The client of a relay in a separate process.
    pub fn of_process(control: SocketAddr, ingest: SocketAddr, data: tempfile::TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { control, ingest, data, http: reqwest::Client::new(), relay: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.control)
    }

    pub async fn put(&self, wanted: &DesiredSession) -> SessionReport {
        let url = self.url(&format!("/shows/{}", wanted.session_id));
        let answer = self.http.put(url).bearer_auth(SECRET).json(wanted).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("a report")
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).bearer_auth(SECRET).send().await.expect("an answer")
    }

    pub async fn report(&self, session: &str) -> SessionReport {
        self.get(&format!("/shows/{session}")).await.json().await.expect("a report")
    }

    pub async fn delete(&self, session: &str) -> u16 {
        let url = self.url(&format!("/shows/{session}"));
        self.http.delete(url).bearer_auth(SECRET).send().await.expect("an answer").status().as_u16()
    }

    /// Polls the report until `holds` returns true.
    pub async fn until(&self, session: &str, what: &str, holds: impl Fn(&SessionReport) -> bool) -> SessionReport {
        let look = async || {
            let report = self.report(session).await;
            if holds(&report) { Ok(report) } else { Err(report) }
        };
        until(what, 30, look).await
    }

    pub fn ingest_url(&self, session: &str, generation: u32) -> String {
        format!("rtmp://{}/show/{session}.{generation}.{}", self.ingest, token(session, generation))
    }

    /// A real encoder with a keyframe every second.
    pub fn encoder(&self, session: &str, generation: u32) -> Encoder {
        encoder(&self.ingest_url(session, generation), "testsrc2=size=320x180:rate=25")
    }
}

pub fn encoder(url: &str, picture: &str) -> Encoder {
    let child = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi", "-i", picture])
        .args(["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-pix_fmt", "yuv420p", "-b:v", "400k"])
        .args(["-x264-params", "scenecut=0:keyint=25:min-keyint=25:threads=1", "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-f", "flv", url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ffmpeg is installed");
    Encoder(child)
}

pub fn token(session: &str, generation: u32) -> String {
    publish_token(SECRET, &session.parse().expect("an id"), Generation(generation))
}

pub fn wanted(session: &str, generations: &[u32], destinations: Vec<DesiredDestination>) -> DesiredSession {
    let ingest = |generation: &u32| DesiredIngest { generation: Generation(*generation), token: token(session, *generation) };
    DesiredSession {
        session_id: session.parse().expect("an id"),
        ingests: generations.iter().map(ingest).collect(),
        destinations,
        account: None,
        video: VideoPreset::Hd30.format(),
        slate: false,
    }
}

pub fn publish(id: &str, address: impl Into<String>, key: &str) -> DesiredDestination {
    let target = DesiredTarget::Publish { address: address.into(), stream_key: StreamKey::new(key.into()) };
    DesiredDestination { id: id.parse().expect("an id"), label: id.into(), accepted_before: false, target }
}

pub fn record(id: &str) -> DesiredDestination {
    let id = id.parse().expect("an id");
    DesiredDestination { id, label: "Rehearsal".into(), accepted_before: false, target: DesiredTarget::Record }
}

pub fn of<'a>(report: &'a SessionReport, id: &str) -> &'a DestinationReport {
    report.destinations.iter().find(|one| one.id.as_str() == id).expect(id)
}

pub fn state(report: &SessionReport, id: &str) -> String {
    serde_json::to_value(&of(report, id).state).expect("plain")["name"].as_str().expect("a name").to_owned()
}

pub fn reason(report: &SessionReport, id: &str) -> String {
    serde_json::to_value(&of(report, id).state).expect("plain")["reason"].as_str().unwrap_or_default().to_owned()
}

/// The packets of a file by ffprobe: codec type, timestamp in seconds, and whether it is a keyframe.
pub fn packets(file: &PathBuf) -> Vec<(String, f64, bool)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "packet=codec_type,dts_time,flags", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        let mut parts = line.split(',');
        Some((parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?.starts_with('K')))
    };
    text.lines().filter_map(line).collect()
}
