//! Servers in separate processes, so that their CPU time and memory are measured without their clients'.

use crate::{
    harness::TestServer,
    relay::{cpu, process::kilobytes},
};
use footlight::domain::key::Scope;
use serde_json::{Value, json};
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

/// Prefix of the line with the server's address and data.
const MARK: &str = "server: ";
/// How many owners the server creates.
const STARTERS: &str = "BENCH_STARTERS";
const NODE: &str = "import { createServer } from 'node:http'; import { AccessToken } from 'livekit-server-sdk';\
    createServer(async (_, out) => { const token = new AccessToken('devkey', '0123456789abcdef0123456789abcdef', { identity: 'host' });\
    token.addGrant({ roomJoin: true, room: 'r' }); out.end(JSON.stringify({ token: await token.toJwt() })); })\
    .listen(0, '127.0.0.1', function () { console.log('server: ' + JSON.stringify({ origin: 'http://127.0.0.1:' + this.address().port })); });";

/// A server that runs until this is dropped.
pub struct ServerProcess {
    pid: u32,
    /// Its address, and data for its callers.
    info: Value,
    _child: Child,
}

impl ServerProcess {
    /// The whole application with fakes of LiveKit and the relay, which respond at once; everything else is real. It has
    /// `starters` owners without a session.
    pub async fn footlight(starters: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--ignored", "--exact", "api::server_process::serves_by_itself", "--nocapture"]).env("RUST_LOG", "info");
        command.env(STARTERS, starters.to_string());
        Self::run(command).await
    }

    /// A Node token server of ten lines without authentication.
    pub async fn node() -> Self {
        let mut command = Command::new("node");
        command.args(["--input-type=module", "-e", NODE]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/end2end"));
        Self::run(command).await
    }

    async fn run(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let info = loop {
            let line = lines.next_line().await.expect("a line").expect("it prints its address");
            if let Some((_, info)) = line.split_once(MARK) {
                break serde_json::from_str(info).expect("JSON");
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { pid: child.id().expect("it runs"), info, _child: child }
    }

    /// One value that it printed at start.
    pub fn info(&self, what: &str) -> &str {
        self.info[what].as_str().expect("said")
    }

    /// The keys of those owners.
    pub fn starters(&self) -> impl Iterator<Item = &str> {
        self.info["starters"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// CPU time so far, user and system.
    pub fn spent(&self) -> Duration {
        cpu(self.pid)
    }

    /// Memory that it holds at this moment.
    pub fn resident_mb(&self) -> u64 {
        kilobytes(self.pid, "VmRSS") / 1024
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the other tests in a separate process"]
async fn serves_by_itself() {
    let app = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "100000")]).await;
    let owner = app.streamer("Owner").await;
    let key = app.key(&owner, None, &Scope::ALL).await;
    let started = app.post("/api/streaming/start", &key, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    let agent = app.agent(&owner, "Player").await;
    let agent_key = app.key(&owner, Some(&agent), &Scope::ALL).await;
    let agent_show = app.agent_show(&agent_key).await;
    let mut starters = Vec::new();
    for number in 0..std::env::var(STARTERS).map_or(0, |count| count.parse::<u32>().expect("a number")) {
        let person = app.streamer(&format!("Starter {number}")).await;
        starters.push(app.key(&person, None, &Scope::ALL).await);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let info = json!({
        "origin": format!("http://{}", listener.local_addr().expect("an address")),
        "key": key,
        "show": started.body["sessionId"],
        "agentKey": agent_key,
        "agentShow": agent_show,
        "starters": starters,
    });
    println!("{MARK}{info}");
    let service = app.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    let mut input = Vec::new();
    tokio::select! {
        served = async { axum::serve(listener, service).await } => served.expect("it serves"),
        _ = async { tokio::io::stdin().read_to_end(&mut input).await } => {}
    }
}
