//! The harness of the egress tests: the worker as a separate process, our site, and a sink.

use super::{sink::Sink, site::Site};
use crate::support::wait::{free_port, until};
use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

pub const KEY: &str = "devkey";
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Two cores carry two small egresses; measurements run alone.
static SHOWS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(2);

pub struct Harness {
    pub sink: Sink,
    pub port: u16,
    pub site: String,
    pub data: tempfile::TempDir,
    pub scratch: PathBuf,
    worker: Option<Child>,
    extra: Vec<(&'static str, String)>,
    arguments: Vec<&'static str>,
    behind: Arc<Site>,
    http: reqwest::Client,
    _permit: tokio::sync::SemaphorePermit<'static>,
}

impl Harness {
    pub async fn new() -> Self {
        Self::with([], &[]).await
    }

    /// With the machine to itself.
    pub async fn alone() -> Self {
        Self::with_permits(2, [], &[]).await
    }

    /// A worker with further variables and arguments.
    pub async fn with<const N: usize>(extra: [(&'static str, &str); N], arguments: &[&'static str]) -> Self {
        Self::with_permits(1, extra, arguments).await
    }

    async fn with_permits<const N: usize>(permits: u32, extra: [(&'static str, &str); N], arguments: &[&'static str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let permit = SHOWS.acquire_many(permits).await.expect("never closed");
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (behind, site) = Site::open().await;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut harness = Self {
            sink: Sink::open().await,
            port: free_port(),
            site,
            data: tempfile::tempdir().expect("a folder"),
            scratch: std::env::temp_dir().join(format!("footlight-egress-test-{}-{count}", std::process::id())),
            worker: None,
            extra: extra.map(|(name, value)| (name, value.to_owned())).to_vec(),
            arguments: arguments.to_vec(),
            behind,
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            _permit: permit,
        };
        harness.start_worker().await;
        harness
    }

    pub async fn start_worker(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.data.path().join("log")).expect("a log");
        let child = self.command().stderr(log).spawn().expect("the worker starts");
        self.worker = Some(child);
        until("the worker listens", 20, async || std::net::TcpStream::connect(("127.0.0.1", self.port))).await;
        // It listens before it looks at the machine, and answers after.
        self.get("/healthz").await;
    }

    /// The worker's program with its arguments and variables.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .arg("egress")
            .args(&self.arguments)
            .env("FOOTLIGHT_EGRESS_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("FOOTLIGHT_EGRESS_SCRATCH", &self.scratch)
            .env("FOOTLIGHT_EGRESS_SLOTS", "1")
            .env("FOOTLIGHT_EGRESS_WEBHOOK_URLS", format!("{}/hook", self.site))
            .env("FOOTLIGHT_DATA", self.data.path())
            .env("PUBLIC_APP_URL", &self.site)
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET)
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
            .envs(self.extra.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    pub fn worker_pid(&self) -> i32 {
        i32::try_from(self.worker.as_ref().expect("running").id()).expect("a pid")
    }

    pub fn signal_worker(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.worker_pid()), signal).expect("the worker runs");
    }

    pub async fn worker_ends(&mut self) {
        let mut worker = self.worker.take().expect("running");
        until("the worker ends", 20, || std::future::ready(worker.try_wait().expect("ours"))).await;
    }

    pub fn page(&self, name: &str) -> String {
        format!("{}/{name}?token=page-secret", self.site)
    }

    /// The request of the recorded cases, for this page and these outputs.
    pub fn request(&self, page: &str, outputs: &[String]) -> Value {
        json!({
            "url": self.page(page),
            "awaitStartSignal": true,
            "advanced": {"width": 640, "height": 360, "framerate": 15, "audioCodec": "AAC", "audioBitrate": 96, "audioFrequency": 44100,
                "videoCodec": "H264_MAIN", "videoBitrate": 800, "keyFrameInterval": 2},
            "streamOutputs": [{"protocol": "RTMP", "urls": outputs}],
        })
    }

    pub async fn call(&self, method: &str, body: &Value) -> Result<Value, (u16, Value)> {
        let token = AccessToken::with_api_key(KEY, SECRET)
            .with_grants(VideoGrants { room_record: true, ..Default::default() })
            .to_jwt()
            .expect("a token");
        let url = format!("http://127.0.0.1:{}/twirp/livekit.Egress/{method}", self.port);
        let answer = self.http.post(url).bearer_auth(token).json(body).send().await.expect("the worker answers");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        if status.is_success() { Ok(body) } else { Err((status.as_u16(), body)) }
    }

    pub async fn get(&self, path: &str) -> String {
        let answer = self.http.get(format!("http://127.0.0.1:{}{path}", self.port)).send().await.expect("the worker answers");
        answer.text().await.expect("text")
    }

    /// Starts an egress to stream name `key` and returns its id.
    pub async fn start(&self, page: &str, key: &str) -> String {
        let info = self.call("StartWebEgress", &self.request(page, &[self.sink.url(key)])).await.expect("accepted");
        info["egressId"].as_str().expect("an id").to_owned()
    }

    pub async fn stop(&self, id: &str) -> Result<Value, (u16, Value)> {
        self.call("StopEgress", &json!({"egressId": id})).await
    }

    pub async fn info(&self, id: &str) -> Value {
        self.call("ListEgress", &json!({"egressId": id})).await.expect("listed")["items"][0].clone()
    }

    pub fn hooks(&self) -> Vec<Value> {
        self.behind.taken().into_iter().map(|(_, hook)| hook).collect()
    }

    pub fn forget_hooks(&self) {
        self.behind.forget();
    }

    /// The next `count` webhooks are answered with this status.
    pub fn refuse_hooks(&self, count: u32, status: u16) {
        self.behind.refuse(count, status);
    }

    /// Times and ids of all webhook attempts.
    pub fn tried_hooks(&self) -> Vec<(Instant, String)> {
        self.behind.tried()
    }

    /// Waits for a matching webhook; returns its arrival and body.
    pub async fn hook(&self, what: &str, seconds: u64, fits: impl Fn(&Value) -> bool) -> (Instant, Value) {
        let found = async || self.behind.taken().into_iter().find(|(_, hook)| fits(hook));
        until(what, seconds, found).await
    }

    pub async fn ended(&self) -> Value {
        self.hook("egress_ended", 45, |hook| hook["event"] == "egress_ended").await.1
    }

    pub async fn frames(&self, key: &str, count: usize) {
        // Every egress here has 15 fps.
        until("frames at the sink", 40 + count as u64 / 15, async || self.sink.frames(key) >= count).await;
    }

    /// Running processes of any egress of this worker, with their command lines.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let scratch = self.scratch.to_string_lossy().into_owned();
        let all = std::fs::read_dir("/proc").expect("proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let ours = all.filter_map(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok().filter(|line| !line.is_empty())?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let home = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&self.scratch));
            (home || line.contains(&scratch)).then_some((pid, line))
        });
        ours.collect()
    }

    /// Waits until no process and no folder of any egress is left.
    pub async fn assert_clean(&self) {
        let look = async || {
            let (processes, folders) = (self.processes(), std::fs::read_dir(&self.scratch).map_or(0, Iterator::count));
            if processes.is_empty() && folders == 0 { Ok(()) } else { Err((folders, processes)) }
        };
        until("no folder and no process is left", 8, look).await;
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        if let Some(mut worker) = self.worker.take() {
            let _ = worker.kill();
            let _ = worker.wait();
        }
        let until = Instant::now() + Duration::from_secs(8);
        while !self.processes().is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = std::fs::remove_dir_all(&self.scratch);
        if std::thread::panicking() {
            eprintln!("--- the worker's log\n{}", self.log());
        }
    }
}

/// A hard link to the program, so that a build in the meantime does not change what is tested.
fn program() -> &'static std::path::Path {
    static PROGRAM: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        for old in std::fs::read_dir(&folder).expect("cargo made it").flatten() {
            if old.file_name().to_string_lossy().starts_with("egress-test-program-") {
                let _ = std::fs::remove_file(old.path());
            }
        }
        let own = folder.join(format!("egress-test-program-{}", std::process::id()));
        let built = env!("CARGO_BIN_EXE_footlight");
        std::fs::hard_link(built, &own).or_else(|_| std::fs::copy(built, &own).map(|_| ())).expect("a link to the program");
        own
    })
}
