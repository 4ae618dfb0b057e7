//! The relay as a separate process, and an egress that reconnects whenever it is disconnected.

use super::harness::*;
use crate::support::wait::until;
use std::{
    fs::File,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// `footlight relay`, with its log in the data folder.
pub struct Process(pub Child);

impl Process {
    /// Starts it with only the given environment, and returns its client when it responds.
    pub async fn start(variables: &[(&str, &str)]) -> (Self, TestRelay) {
        let data = tempfile::tempdir().expect("a folder");
        let (control, ingest) = (local(free_port()), local(free_port()));
        let relay = TestRelay::of_process(control, ingest, data);
        let process = Self::beside(&relay, &[], variables).await;
        (process, relay)
    }

    /// Starts it, or another one, with the addresses and the folder of `relay`.
    pub async fn beside(relay: &TestRelay, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let log = File::options().create(true).append(true).open(relay.data.path().join("log")).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
        command.arg("relay").args(arguments).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("FOOTLIGHT_DATA", relay.data.path()).env("FOOTLIGHT_RELAY_SECRET", SECRET).env("RUST_LOG", "trace");
        command.env("FOOTLIGHT_RELAY_LISTEN", relay.control.to_string()).env("FOOTLIGHT_RELAY_INGEST", relay.ingest.to_string());
        command.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let process = Self(command.spawn().expect("the program starts"));
        if arguments.is_empty() {
            until("the relay to respond", 20, async || relay.http.get(relay.url("/healthz")).send().await).await;
        }
        process
    }

    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.0.id().to_string()]).status().expect("kill").success());
    }

    /// Waits for its exit; returns how long it took.
    pub async fn end(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("our child") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it never exits");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A field of `/proc/PID/status`, in kilobytes.
    pub fn kilobytes(&self, field: &str) -> u64 {
        kilobytes(self.0.id(), field)
    }
}

/// The same for any process.
pub fn kilobytes(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect(field);
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn local(port: u16) -> std::net::SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// Publishes again whenever it is disconnected, like an egress.
pub struct Egress(tokio::task::JoinHandle<()>);

impl Egress {
    pub fn start(url: String) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let mut encoder = encoder(&url, "testsrc2=size=320x180:rate=25");
                while encoder.0.try_wait().expect("our child").is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }))
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.0.abort();
    }
}
