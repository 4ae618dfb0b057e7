//! Starts the roles in waves, restarts one that exits while the others continue, and stops them in order.

use super::{child::ChildProcess, logs::Log, roles::Role};
use crate::config::up::UpConfig;
use std::{
    future::pending,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

const FIRST_RESTART_DELAY: Duration = Duration::from_millis(500);
const MAX_RESTART_DELAY: Duration = Duration::from_secs(30);
/// After this run time the restart delay is reset.
const RECOVERED_AFTER: Duration = Duration::from_secs(10);
/// Time limit for a start: the web server may migrate its store.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// A studio that has not been started.
pub(super) struct Supervisor {
    config: UpConfig,
    roles: Vec<Role>,
    logs: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
enum Start {
    Pending,
    Ready,
    Failed(String),
}

/// A role with the task that supervises it.
struct SupervisedRole {
    name: &'static str,
    stop: CancellationToken,
    start: watch::Receiver<Start>,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(super) fn new(config: UpConfig, roles: Vec<Role>, logs: PathBuf) -> Self {
        Self { config, roles, logs }
    }

    /// Runs until a signal, or until a role does not start.
    ///
    /// # Errors
    /// Names the role that did not start, with its last log lines.
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut signals = Signals::new()?;
        let began = Instant::now();
        let (sign_in, mut link) = watch::channel(None);
        let mut supervised = Vec::new();
        let outcome = tokio::select! {
            started = start(self.roles, &self.logs, &sign_in, &mut supervised) => match started {
                Ok(()) => {
                    announce(&self.config, &self.logs, began.elapsed(), link.borrow_and_update().as_deref());
                    tokio::select! {
                        () = print_links(&mut link) => {}
                        () = signals.next() => {}
                    }
                    Ok(())
                }
                Err(error) => Err(error),
            },
            () = signals.next() => Ok(()),
        };
        println!("Stopping …");
        tokio::select! {
            () = stop_all(&mut supervised) => {}
            () = signals.next() => kill_all(&supervised).await,
        }
        outcome
    }
}

async fn start(
    roles: Vec<Role>,
    logs: &std::path::Path,
    sign_in: &watch::Sender<Option<String>>,
    supervised: &mut Vec<SupervisedRole>,
) -> anyhow::Result<()> {
    let mut wave = 0;
    for role in roles {
        if role.wave != wave {
            wave = role.wave;
            wait_until_ready(supervised).await?;
        }
        let log = Log::open(logs, role.name, sign_in.clone())?;
        let (report, start) = watch::channel(Start::Pending);
        let stop = CancellationToken::new();
        supervised.push(SupervisedRole {
            name: role.name,
            stop: stop.clone(),
            start,
            task: tokio::spawn(supervise(role, log, stop, report)),
        });
    }
    wait_until_ready(supervised).await
}

async fn wait_until_ready(supervised: &mut [SupervisedRole]) -> anyhow::Result<()> {
    for role in supervised {
        let outcome = timeout(START_TIMEOUT, role.start.wait_for(|start| *start != Start::Pending)).await;
        match outcome {
            Ok(Ok(start)) => {
                if let Start::Failed(reason) = &*start {
                    anyhow::bail!("{} did not start: {reason}", role.name);
                }
            }
            Ok(Err(_)) => anyhow::bail!("{} did not start", role.name),
            Err(_) => anyhow::bail!("{} does not respond after {} s: see its log", role.name, START_TIMEOUT.as_secs()),
        }
    }
    Ok(())
}

async fn stop_all(supervised: &mut [SupervisedRole]) {
    for role in supervised.iter_mut().rev() {
        role.stop.cancel();
        let _ = (&mut role.task).await;
    }
}

/// Kills all roles at once by dropping their tasks.
async fn kill_all(supervised: &[SupervisedRole]) {
    for role in supervised {
        role.task.abort();
    }
    while !supervised.iter().all(|role| role.task.is_finished()) {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Supervises one role until it is stopped. An exit before it was ever healthy is a failed start and not restarted.
async fn supervise(role: Role, log: Log, stop: CancellationToken, report: watch::Sender<Start>) {
    let mut delay = FIRST_RESTART_DELAY;
    loop {
        let began = Instant::now();
        let why = match ChildProcess::start(&role, &log) {
            Err(error) => format!("{error:#}"),
            Ok(mut child) => {
                let status = tokio::select! {
                    status = child.wait() => Some(status),
                    () = report_ready(&role, &report) => None,
                    () = stop.cancelled() => None,
                };
                match status {
                    Some(status) => status.map_or_else(|error| error.to_string(), |status| status.to_string()),
                    None => return child.stop(role.grace).await,
                }
            }
        };
        if *report.borrow() != Start::Ready {
            // Its last lines may still be in the pipe.
            sleep(Duration::from_millis(100)).await;
            report.send_replace(Start::Failed(format!("{why}{}", log.last_lines())));
            return;
        }
        if began.elapsed() > RECOVERED_AFTER {
            delay = FIRST_RESTART_DELAY;
        }
        eprintln!("[{}] exited ({why}); restarting it in {:.1} s", role.name, delay.as_secs_f32());
        tokio::select! {
            () = sleep(delay) => delay = (delay * 2).min(MAX_RESTART_DELAY),
            () = stop.cancelled() => return,
        }
    }
}

/// Reports once that the role is healthy, and then never returns.
async fn report_ready(role: &Role, report: &watch::Sender<Start>) {
    let again = *report.borrow() == Start::Ready;
    while !role.health.is_healthy().await {
        sleep(Duration::from_millis(50)).await;
    }
    report.send_replace(Start::Ready);
    if again {
        eprintln!("[{}] is healthy again", role.name);
    }
    pending::<()>().await;
}

fn announce(config: &UpConfig, logs: &std::path::Path, took: Duration, link: Option<&str>) {
    println!("Footlight is up at {} (after {:.1} s)", config.address.url, took.as_secs_f32());
    if let Some(link) = link {
        println!("First sign-in (works once): {link}");
    }
    println!("Logs: {}   Ctrl-C stops it.", logs.display());
}

async fn print_links(link: &mut watch::Receiver<Option<String>>) {
    while link.changed().await.is_ok() {
        if let Some(link) = link.borrow_and_update().as_deref() {
            println!("First sign-in (works once): {link}");
        }
    }
    pending::<()>().await;
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests;
