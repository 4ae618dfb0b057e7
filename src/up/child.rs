//! The process of a role: started in its own process group with a pipe as standard input, stopped by signal.

use super::{logs::Log, roles::Role};
use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use std::process::{ExitStatus, Stdio};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::timeout,
};

/// A running role. Dropping it kills it.
pub(super) struct ChildProcess {
    child: Child,
    /// Taken out of the child, because waiting for the child would close it.
    _stdin: Option<ChildStdin>,
    pid: Pid,
    kill_group: bool,
}

impl ChildProcess {
    /// Starts it. Its standard input closes when this process exits, which stops the role.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(super) fn start(role: &Role, log: &Log) -> anyhow::Result<Self> {
        let mut child = Command::new(&role.program)
            .args(&role.arguments)
            .env_clear()
            .envs(&role.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", role.program.display()))?;
        if let Some(output) = child.stdout.take() {
            log.follow(output);
        }
        if let Some(output) = child.stderr.take() {
            log.follow(output);
        }
        let pid = Pid::from_raw(i32::try_from(child.id().context("it exited at once")?).context("a process id")?);
        Ok(Self { _stdin: child.stdin.take(), child, pid, kill_group: role.kill_group })
    }

    pub(super) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.kill_leftovers();
        status
    }

    /// Stops it, and kills it after the grace period.
    pub(super) async fn stop(mut self, grace: std::time::Duration) {
        let _ = kill(self.pid, Signal::SIGTERM);
        if timeout(grace, self.child.wait()).await.is_err() {
            let _ = self.child.start_kill();
            let _ = self.child.wait().await;
        }
        self.kill_leftovers();
    }

    /// Kills what a foreign program may have left in its process group. Our own roles clean up after themselves,
    /// and their reapers must keep running for that.
    fn kill_leftovers(&mut self) {
        if std::mem::take(&mut self.kill_group) {
            let _ = killpg(self.pid, Signal::SIGKILL);
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill_leftovers();
    }
}
