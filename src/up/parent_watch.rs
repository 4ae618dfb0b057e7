//! Ends a role when `footlight up` exits for any reason: the pipe on its standard input closes.
//! A parent-death signal would need `unsafe` and depends on the spawning thread, so it is not used.

use crate::config::env::Env;
use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getpid},
};
use std::{ffi::OsString, io::Read as _, process::Stdio, time::Duration};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::{sleep, timeout},
};

/// Set to 1 by `footlight up` for every role.
pub const VARIABLE: &str = "FOOTLIGHT_DIE_WITH_STDIN";
/// How long a role may take to end after its parent has exited.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends this process soon after its standard input closes, if the environment asks for that. Call it once, at the start.
///
/// # Errors
/// The variable is malformed, or no thread can be started.
pub fn watch(env: &Env) -> anyhow::Result<()> {
    if !env.flag(VARIABLE, false)? {
        return Ok(());
    }
    std::thread::Builder::new().name("parent-watch".into()).spawn(|| {
        wait_for_end_of_stdin();
        let _ = kill(getpid(), Signal::SIGTERM);
        std::thread::sleep(SHUTDOWN_TIMEOUT);
        std::process::exit(1);
    })?;
    Ok(())
}

/// Runs a foreign program, and ends it when our standard input closes or we get SIGTERM.
///
/// # Errors
/// The program cannot be started or fails.
pub async fn run(command: &[OsString]) -> anyhow::Result<()> {
    let [program, arguments @ ..] = command else { anyhow::bail!("nothing to run") };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove(VARIABLE)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let pid = Pid::from_raw(i32::try_from(child.id().context("it has exited already")?).context("a process id")?);
    let (gone, parent_gone) = oneshot::channel();
    std::thread::Builder::new().name("parent-watch".into()).spawn(move || {
        wait_for_end_of_stdin();
        let _ = gone.send(());
    })?;
    tokio::select! {
        status = child.wait() => {
            let status = status?;
            anyhow::ensure!(status.success(), "{} ended: {status}", program.display());
            return Ok(());
        }
        _ = terminate.recv() => {}
        _ = parent_gone => {}
    }
    // On the first signal LiveKit waits for its rooms to empty, on the second it exits.
    let _ = kill(pid, Signal::SIGTERM);
    sleep(Duration::from_millis(300)).await;
    let _ = kill(pid, Signal::SIGTERM);
    if timeout(Duration::from_secs(4), child.wait()).await.is_err() {
        let _ = kill(pid, Signal::SIGKILL);
        child.wait().await?;
    }
    Ok(())
}

fn wait_for_end_of_stdin() {
    let mut ignored = [0u8; 64];
    let mut stdin = std::io::stdin().lock();
    loop {
        match stdin.read(&mut ignored) {
            Ok(0) => return,
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
