//! One run of one role: started in its own process group with a pipe as its lifeline, ended by signal.

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

/// A role that runs. Dropping it kills it.
pub(super) struct ChildProcess {
    child: Child,
    /// Taken out of the child, because waiting for it would close it.
    _stdin: Option<ChildStdin>,
    pid: Pid,
    kill_group: bool,
}

impl ChildProcess {
    /// Starts it. Its standard input stays open as long as this process lives: that is how it knows.
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
        let pid = Pid::from_raw(i32::try_from(child.id().context("it ended at once")?).context("a process id")?);
        Ok(Self { _stdin: child.stdin.take(), child, pid, kill_group: role.kill_group })
    }

    /// Waits for its end.
    pub(super) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.kill_leftovers();
        status
    }

    /// Asks it to end, and kills it when it does not within its grace.
    pub(super) async fn stop(mut self, grace: std::time::Duration) {
        let _ = kill(self.pid, Signal::SIGTERM);
        if timeout(grace, self.child.wait()).await.is_err() {
            let _ = self.child.start_kill();
            let _ = self.child.wait().await;
        }
        self.kill_leftovers();
    }

    /// Ends what a program that is none of ours may have left in the group. Our own roles clean up after themselves,
    /// and their keepers must live to do it.
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
