//! The relay as a process of its own: what it tells about keys (nothing), and how it ends.

use super::{platform::*, stage::*};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use footlight::api::broadcast::{ShowReport, WantedShow};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

struct Process {
    child: Child,
    control: u16,
    ingest: u16,
    data: tempfile::TempDir,
    http: reqwest::Client,
}

impl Process {
    async fn start(allow: &str) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let (control, ingest) = (free_port(), free_port());
        let log = std::fs::File::create(data.path().join("log")).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_footlight"))
            .arg("relay")
            .env("FOOTLIGHT_RELAY_LISTEN", format!("127.0.0.1:{control}"))
            .env("FOOTLIGHT_RELAY_INGEST", format!("127.0.0.1:{ingest}"))
            .env("FOOTLIGHT_RELAY_SECRET", SECRET)
            .env("FOOTLIGHT_DATA", data.path())
            .env("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", allow)
            .env("RUST_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let process = Self { child, control, ingest, data, http: reqwest::Client::new() };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", control)).is_err() {
            assert!(Instant::now() < deadline, "the relay never listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://127.0.0.1:{}{path}", self.control)).bearer_auth(SECRET)
    }

    async fn put(&self, wanted: &WantedShow) {
        let path = format!("/shows/{}", wanted.session_id);
        assert_eq!(self.request(reqwest::Method::PUT, &path).json(wanted).send().await.expect("an answer").status(), 200);
    }

    async fn until(&self, session: &str, what: &str, holds: impl Fn(&ShowReport) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.request(reqwest::Method::GET, &format!("/shows/{session}")).send().await.expect("an answer");
            let report = answer.json().await.expect("a report");
            if holds(&report) {
                return;
            }
            assert!(Instant::now() < deadline, "{what} never came: {report:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn encoder(&self, session: &str) -> Encoder {
        encoder(&format!("rtmp://127.0.0.1:{}/show/{session}.1.{}", self.ingest, token(1)), "testsrc2=size=320x180:rate=25")
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")), signal).expect("it runs");
    }

    async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().expect("ours") {
                return status;
            }
            assert!(Instant::now() < deadline, "the relay never ends");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All that anybody can read of it, by name: process tables, files, answers.
    async fn told(&self) -> Vec<(String, String)> {
        let mut told = Vec::new();
        let ours = self.data.path().to_string_lossy().into_owned();
        for entry in std::fs::read_dir("/proc").expect("proc").flatten() {
            let read = |name: &str| std::fs::read(entry.path().join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let (Ok(line), Ok(environment)) = (read("cmdline"), read("environ")) else { continue };
            let home = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&ours));
            if home || environment.contains(&ours) || line.contains(&ours) {
                told.push((format!("process {}", entry.path().display()), format!("{line} {environment}")));
            }
        }
        let mut folders = vec![self.data.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("readable").flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    _ => told.push((
                        entry.path().display().to_string(),
                        String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap_or_default()).into_owned(),
                    )),
                }
            }
        }
        for path in ["/shows", "/shows/canary", "/shows/unknown", "/metrics", "/healthz"] {
            let answer = self.request(reqwest::Method::GET, path).send().await.expect("an answer");
            told.push((path.to_owned(), format!("{:?} {}", answer.headers().clone(), answer.text().await.expect("text"))));
        }
        told
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_to_its_platform_and_nobody_else() {
    const CANARY: &str = "canary_5e1f?bandwidth=a/b+c&d";
    let (kind, refuses, dead) = (Scripted::start(Manners::Kind), Scripted::start(Manners::RefusesKey), free_port());
    let relay = Process::start(&format!("{},{},127.0.0.1:{dead}", kind.address, refuses.address)).await;
    let everywhere = vec![
        publish("kind", kind.url(), CANARY),
        publish("refuses", refuses.url(), CANARY),
        publish("dead", format!("rtmp://127.0.0.1:{dead}/live"), CANARY),
        publish("inside", "rtmp://10.1.2.3/live", CANARY),
        record("kept"),
    ];
    let wish = wanted("canary", &[1], everywhere);
    relay.put(&wish).await;
    let _encoder = relay.encoder("canary");
    relay
        .until("canary", "all of it", |r| state(r, "kind") == "live" && state(r, "kept") == "live" && state(r, "refuses") == "failed")
        .await;
    // A wish that cannot be read is answered with what is wrong, not with what it said.
    let mut malformed = serde_json::to_value(&wish).expect("plain data");
    malformed["destinations"][0]["target"]["streamKey"] = serde_json::json!({ CANARY: CANARY });
    malformed["video"] = CANARY.into();
    let answer = relay.request(reqwest::Method::PUT, "/shows/canary").json(&malformed).send().await.expect("an answer");
    assert!(answer.status().is_client_error(), "{}", answer.status());
    let mut told = relay.told().await;
    told.push(("the refusal of a wish".into(), answer.text().await.expect("text")));
    assert!(told.iter().any(|(place, text)| place.starts_with("process") && text.contains("relay")), "the process table was read");
    assert!(told.iter().any(|(place, text)| place.ends_with("/log") && text.contains("destination")), "the log was read");
    let forms = [
        CANARY.to_owned(),
        CANARY.split('?').next().expect("a first part").to_owned(),
        hex::encode(CANARY),
        BASE64_STANDARD.encode(CANARY).trim_end_matches('=').to_owned(),
        url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect(),
    ];
    for (place, text) in &told {
        for form in &forms {
            assert!(!text.contains(form), "{place} tells the key");
        }
    }
    assert_eq!(kind.publishes.lock().expect("sound").first().map(String::as_str), Some(CANARY), "letter for letter, parameters and all");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_takes_its_leave_of_every_platform() {
    let kind = Scripted::start(Manners::Kind);
    let mut relay = Process::start(&kind.address.to_string()).await;
    relay.put(&wanted("leave", &[1], vec![publish("kind", kind.url(), "k")])).await;
    let _encoder = relay.encoder("leave");
    relay.until("leave", "live", |r| state(r, "kind") == "live").await;
    relay.signal(Signal::SIGTERM);
    assert!(relay.ended().await.success());
    assert_eq!(kind.farewells.load(Ordering::Relaxed), 1, "unpublished, not cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_twice_it_ends_at_once() {
    let stuck = Scripted::start(Manners::NeverReads);
    let mut relay = Process::start(&stuck.address.to_string()).await;
    relay.put(&wanted("stuck", &[1], vec![publish("stuck", stuck.url(), "k")])).await;
    let _encoder = relay.encoder("stuck");
    relay.until("stuck", "accepted", |r| state(r, "stuck") != "connecting" && state(r, "stuck") != "waiting").await;
    relay.signal(Signal::SIGTERM);
    relay.signal(Signal::SIGTERM);
    relay.ended().await;
}
