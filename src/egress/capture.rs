//! The processes of one egress: reaper, display, sound server, browser and encoder, in a private folder. Knows no page and no webhook.

use crate::{
    config::egress::{EgressConfig, Sandbox},
    egress::{
        capture_folder,
        cdp::{CdpClient, CdpEvent},
        commands,
        egress_info::Failure,
        encoding::Encoding,
        reaper,
        scratch::Scratch,
    },
};
use anyhow::Context as _;
use parking_lot::Mutex;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe,
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    time::timeout,
};

/// Kinds and ids of the running processes; filled during the launch.
pub type ChildProcesses = Arc<Mutex<Vec<(ProcessKind, u32)>>>;

/// Time limit for the start of each process.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// A process of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    Reaper,
    Xvfb,
    PulseAudio,
    Chromium,
    Encoder,
}

impl ProcessKind {
    pub fn name(self) -> &'static str {
        match self {
            // The published name in metrics and errors.
            Self::Reaper => "keeper",
            Self::Xvfb => "Xvfb",
            Self::PulseAudio => "PulseAudio",
            Self::Chromium => "chromium",
            Self::Encoder => "encoder",
        }
    }
}

/// The running processes of one egress.
pub struct CaptureEnvironment {
    folder: PathBuf,
    config: Arc<EgressConfig>,
    group: nix::unistd::Pid,
    reaper_stdin: Option<ChildStdin>,
    display: String,
    processes: ChildProcesses,
    exits: mpsc::UnboundedSender<Failure>,
}

/// An encoder that is loaded and waits for its start.
pub struct Encoder {
    start_pipe: ChildStdin,
    output: ChildStdout,
}

impl Encoder {
    /// Starts encoding, and returns its FLV output.
    ///
    /// # Errors
    /// The encoder has exited.
    pub async fn start(mut self) -> std::io::Result<ChildStdout> {
        self.start_pipe.write_all(&[0; commands::START_BYTES]).await?;
        Ok(self.output)
    }
}

/// A client of the browser, and its events.
pub type Browser = (Arc<CdpClient>, mpsc::UnboundedReceiver<CdpEvent>);

impl CaptureEnvironment {
    /// Launches everything but the encoder: display and sound in parallel, then the browser. On failure nothing is left behind.
    ///
    /// # Errors
    /// The folder that cannot be made, or the process that did not start.
    pub async fn launch(
        config: Arc<EgressConfig>,
        scratch: &Arc<Scratch>,
        name: &str,
        encoding: &Encoding,
        processes: ChildProcesses,
        exits: mpsc::UnboundedSender<Failure>,
    ) -> anyhow::Result<(Self, Browser)> {
        scratch.ensure_from_task().await?;
        let folder = scratch.folder().join(name);
        capture_folder::make(&folder)?;
        let reaper = Self::start_reaper(config, folder.clone(), processes, exits).await;
        let mut environment = reaper.inspect_err(|_| capture_folder::remove(&folder))?;
        // On failure the environment is dropped, and its reaper cleans up.
        let (display, ()) = tokio::try_join!(environment.start_display(encoding), environment.start_sound(encoding))?;
        environment.display = display;
        let browser = environment.start_browser(encoding)?;
        Ok((environment, browser))
    }

    async fn start_reaper(
        config: Arc<EgressConfig>,
        folder: PathBuf,
        processes: ChildProcesses,
        exits: mpsc::UnboundedSender<Failure>,
    ) -> anyhow::Result<Self> {
        // Not by its path: the file may have been replaced by a newer version.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("footlight").arg("egress-reaper").arg(&folder).env_clear().current_dir("/");
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("starting the reaper")?;
        let pid = child.id().context("the reaper ended at once")?;
        let input = child.stdin.take();
        let mut ready = BufReader::new(child.stdout.take().context("the reaper has no output")?);
        let mut line = String::new();
        timeout(READY_TIMEOUT, ready.read_line(&mut line)).await??;
        anyhow::ensure!(line == "ready\n", "the reaper did not start");
        let environment = Self {
            folder,
            config,
            group: nix::unistd::Pid::from_raw(i32::try_from(pid)?),
            reaper_stdin: input,
            display: String::new(),
            processes,
            exits,
        };
        environment.watch(ProcessKind::Reaper, child);
        Ok(environment)
    }

    async fn start_display(&self, encoding: &Encoding) -> anyhow::Result<String> {
        let cookie = commands::x_cookie();
        self.write_private("xauth", &cookie)?;
        let mut command = self.command(&self.config.programs.xvfb);
        commands::xvfb(&mut command, encoding, &self.folder);
        let mut child = self.spawn(command.stdout(Stdio::piped()), "Xvfb")?;
        let mut lines = BufReader::new(child.stdout.take().context("Xvfb has no output")?);
        self.watch(ProcessKind::Xvfb, child);
        let mut number = String::new();
        timeout(READY_TIMEOUT, lines.read_line(&mut number)).await.context("Xvfb did not start")??;
        let number = number.trim();
        anyhow::ensure!(number.parse::<u16>().is_ok(), "Xvfb did not start");
        self.write_private(reaper::DISPLAY_FILE, number.as_bytes())?;
        Ok(format!(":{number}"))
    }

    async fn start_sound(&self, encoding: &Encoding) -> anyhow::Result<()> {
        let mut command = self.command(&self.config.programs.pulseaudio);
        commands::pulseaudio(&mut command, encoding, &self.folder);
        self.watch(ProcessKind::PulseAudio, self.spawn(&mut command, "PulseAudio")?);
        let socket = commands::sound_socket(&self.folder);
        timeout(READY_TIMEOUT, async {
            while tokio::net::UnixStream::connect(&socket).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .context("PulseAudio did not start")
    }

    fn start_browser(&self, encoding: &Encoding) -> anyhow::Result<Browser> {
        use command_fds::{CommandFdExt as _, FdMapping};
        let (ours_out, theirs_in) = pipe::pipe()?;
        let (theirs_out, ours_in) = pipe::pipe()?;
        let mut command = self.command(&self.config.programs.chromium);
        commands::chromium(&mut command, encoding, &self.folder, self.config.sandbox == Sandbox::On);
        command.fd_mappings(vec![
            FdMapping { parent_fd: theirs_in.into_blocking_fd()?, child_fd: 3 },
            FdMapping { parent_fd: theirs_out.into_blocking_fd()?, child_fd: 4 },
        ])?;
        self.watch(ProcessKind::Chromium, self.spawn(&mut command, "chromium")?);
        Ok(CdpClient::connect(ours_out, ours_in))
    }

    /// Loads the encoder while the browser starts; it opens its devices when it is started.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn load_encoder(&self, encoding: &Encoding) -> anyhow::Result<Encoder> {
        let mut command = self.command(&self.config.programs.ffmpeg);
        commands::ffmpeg(&mut command, encoding, &self.display);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawn(&mut command, "the encoder")?;
        let output = child.stdout.take().context("the encoder has no output")?;
        let start_pipe = child.stdin.take().context("the encoder has no input")?;
        if let Some(errors) = child.stderr.take() {
            let folder = self.folder.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(errors).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    tracing::warn!(environment = %folder.display(), line, "encoder");
                }
            });
        }
        self.watch(ProcessKind::Encoder, child);
        Ok(Encoder { start_pipe, output })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What somebody has deleted from the folder.
    pub fn missing(&self) -> Option<String> {
        capture_folder::missing(&self.folder)
    }

    /// Ends every process and deletes the folder; returns when nothing is left.
    pub async fn shut_down(mut self) {
        drop(self.reaper_stdin.take());
        capture_folder::wait_until_gone(self.folder, &self.processes).await;
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let folder = |name: &str| self.folder.join(name);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", folder("home"))
            .env("XDG_RUNTIME_DIR", folder("run"))
            .env("TMPDIR", folder("tmp"))
            .env("XAUTHORITY", folder("xauth"))
            .env("DISPLAY", &self.display)
            .env("PULSE_SERVER", format!("unix:{}", commands::sound_socket(&self.folder).display()))
            .current_dir(&self.folder)
            .process_group(self.group.as_raw())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(false);
        command
    }

    fn spawn(&self, command: &mut Command, what: &str) -> anyhow::Result<Child> {
        command.spawn().with_context(|| match self.missing() {
            // Otherwise the system's words would say that the program does not exist.
            Some(missing) if !self.folder.exists() => format!("starting {what}: {missing}"),
            _ => format!("starting {what}"),
        })
    }

    fn write_private(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        let written = fs::write(&path, bytes).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        written.with_context(|| format!("writing {}", path.display()))
    }

    fn watch(&self, kind: ProcessKind, mut child: Child) {
        if let Some(pid) = child.id() {
            self.processes.lock().push((kind, pid));
        }
        let exits = self.exits.clone();
        tokio::spawn(async move {
            let how = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
            // There is no receiver after the egress has ended.
            let _ = exits.send(Failure::lost(kind.name(), format!("{} ended: {how}", kind.name())));
        });
    }
}
