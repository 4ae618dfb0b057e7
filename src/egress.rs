//! The local Web Egress: LiveKit's Egress API on one small machine, without Redis or containers.
//! Each running egress is a job on a stage of its own; this room knows pages and outputs, not sessions, hosts or platforms.
//!
//! # What keeps an egress apart
//! - A worker that is started as root becomes `FOOTLIGHT_EGRESS_USER` before it takes a request, in every thread and for good. It is not
//!   dumpable: processes of the same account can read neither its memory nor its environment, where the API secret is.
//! - Display, sound server, browser and encoder live in one folder of mode 0700 and one process group under a keeper; their environment is
//!   made from nothing and holds no secret; the display wants a cookie, the sound server's socket lies in the folder, and there are no ports.
//! - Chromium runs in its sandbox wherever the system allows user namespaces or has the helper installed; where not, the worker says so
//!   when it starts and in `footlight_egress_sandbox`. It opens documents of `PUBLIC_APP_URL`'s origin only, and the page's own HTTP requests
//!   may go there and to LiveKit, nowhere else. Dialogs, downloads, pop-ups and permissions are refused.
//! - The page's address reaches Chromium over a pipe and the outputs' keys stay in the worker: neither is in an argument.
//!
//! # What it cannot keep apart, and why
//! - Two egresses of one worker run under the same account, because only root could give each its own: a browser that broke out of its
//!   sandbox could signal or read its neighbour's. Whoever needs that wall runs one worker per account.
//! - `WebSockets`, WebRTC and what a worker script fetches do not pass the request filter: the protocol offers no such point. They are held by
//!   the page's own content security policy, and by the network namespace or firewall the operator puts around the worker.
//! - For a frame of a foreign origin Chromium may open a connection in advance; it is closed again without a word.
//! - There is no quota on CPU and memory: cgroups are the system's to give. Slots are what limits; `footlight_egress_…` says who uses what.
//! - A stopped (SIGSTOP) worker can report nothing; whoever started it notices by `/healthz` and the missing stream. When it goes on, so does its show.

use crate::{
    config::{egress::EgressConfig, env::Env},
    egress::{account::Account, desk::Desk, ledger::Ledger},
};
use anyhow::Context as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

mod access;
mod account;
mod clock;
mod desk;
mod devtools;
mod encoding;
mod feed;
mod job;
pub mod keeper;
mod ledger;
mod metrics;
mod output;
mod outputs;
mod page;
mod plan;
mod programs;
mod publisher;
mod record;
mod refusal;
mod rtmp;
mod spare;
mod stage;
mod tally;
mod tls;
mod twirp;
mod watch;
mod webhook;

/// Time for the ends of shows that are cut off, and their last webhooks.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Runs the worker until it is told to stop: SIGTERM lets running shows finish, within `drain_timeout` seconds where given;
/// SIGINT or a second SIGTERM ends them.
///
/// # Errors
/// The configuration is malformed or the address is taken.
pub async fn run(env: &Env, drain_timeout: Option<u64>) -> anyhow::Result<()> {
    let mut config = EgressConfig::from_env(env)?;
    config.drain_timeout = drain_timeout.map(Duration::from_secs).or(config.drain_timeout);
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let account = Account::to_drop_to(&config.user)?;
    let ledger = Ledger::open(&config.data, account)?;
    // From here on nothing needs root, and nothing has it.
    account.map_or(Ok(()), Account::take)?;
    account::close_to_neighbours()?;
    config.sandbox = account::sandbox_works(&config.programs.chromium);
    if !config.sandbox {
        tracing::warn!("this system lets nobody make user namespaces: Chromium runs without its sandbox");
    }
    let config = Arc::new(config);
    let desk = Desk::open(Arc::clone(&config), ledger)?;
    let address = listener.local_addr()?;
    tracing::info!(%address, slots = config.slots, "egress worker ready");
    let server = tokio::spawn(axum::serve(listener, twirp::router(Arc::clone(&desk))).into_future());
    wait_for_end(&desk, config.drain_timeout).await?;
    desk.lines.close();
    if timeout(LAST_WORDS, desk.lines.wait()).await.is_err() {
        tracing::warn!("webhooks were left undelivered");
    }
    server.abort();
    if config.scratch_is_ours() {
        // It stays while a show that did not end in time has files there: the next start sweeps.
        let _ = std::fs::remove_dir(&config.scratch);
    }
    Ok(())
}

async fn wait_for_end(desk: &Desk, patience: Option<Duration>) -> anyhow::Result<()> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let gently = tokio::select! {
        _ = term.recv() => true,
        _ = interrupt.recv() => false,
    };
    desk.drain();
    if gently {
        tracing::info!(running = desk.used(), "draining");
        let patience = async {
            match patience {
                Some(patience) => tokio::time::sleep(patience).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = desk.jobs.wait() => return Ok(()),
            () = patience => {}
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    desk.abandon_all();
    if timeout(LAST_WORDS, desk.jobs.wait()).await.is_err() {
        tracing::error!("egresses did not end in time; their keepers will see to it");
    }
    Ok(())
}
