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
    egress::{privileges::ServiceAccount, registry::EgressRegistry, state_store::StateStore},
};
use anyhow::Context as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

mod auth;
mod capture;
mod cdp;
mod clock;
mod commands;
mod counters;
mod egress_info;
mod encoder_output;
mod encoding;
mod health;
mod job;
mod metrics;
mod output;
mod outputs;
mod page;
mod privileges;
pub mod reaper;
mod registry;
mod request;
mod rtmp_connection;
mod rtmp_output;
mod state_store;
mod tls;
mod twirp;
mod twirp_error;
mod warm_pool;
mod webhook_sender;

/// Time for the ends of shows that are cut off, and their last webhooks.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the worker until it is told to stop: SIGTERM lets running shows finish, within `drain_timeout` seconds where given;
/// SIGINT or a second SIGTERM ends them.
///
/// # Errors
/// The configuration is malformed or the address is taken.
pub async fn run(env: &Env, drain_timeout: Option<u64>) -> anyhow::Result<()> {
    let mut config = EgressConfig::from_env(env)?;
    config.drain_timeout = drain_timeout.map(Duration::from_secs).or(config.drain_timeout);
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let account = ServiceAccount::by_name(&config.user)?;
    let state_store = StateStore::open(&config.data, account)?;
    // From here on nothing needs root, and nothing has it.
    account.map_or(Ok(()), ServiceAccount::switch_to)?;
    privileges::forbid_dumps()?;
    config.sandbox = privileges::sandbox_works(&config.programs.chromium);
    if !config.sandbox {
        tracing::warn!("this system lets nobody make user namespaces: Chromium runs without its sandbox");
    }
    let config = Arc::new(config);
    let registry = EgressRegistry::open(Arc::clone(&config), state_store)?;
    let address = listener.local_addr()?;
    tracing::info!(%address, slots = config.slots, "egress worker ready");
    let server = tokio::spawn(axum::serve(listener, twirp::router(Arc::clone(&registry))).into_future());
    wait_for_end(&registry, config.drain_timeout).await?;
    registry.webhook_tasks.close();
    if timeout(SHUTDOWN_TIMEOUT, registry.webhook_tasks.wait()).await.is_err() {
        tracing::warn!("webhooks were left undelivered");
    }
    server.abort();
    if config.scratch_is_ours() {
        // It stays while a show that did not end in time has files there: the next start sweeps.
        let _ = std::fs::remove_dir(&config.scratch);
    }
    Ok(())
}

async fn wait_for_end(registry: &EgressRegistry, drain_timeout: Option<Duration>) -> anyhow::Result<()> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let gently = tokio::select! {
        _ = term.recv() => true,
        _ = interrupt.recv() => false,
    };
    registry.drain();
    if gently {
        tracing::info!(running = registry.used(), "draining");
        let drain_timeout = async {
            match drain_timeout {
                Some(drain_timeout) => tokio::time::sleep(drain_timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = registry.jobs.wait() => return Ok(()),
            () = drain_timeout => {}
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    registry.abort_all();
    if timeout(SHUTDOWN_TIMEOUT, registry.jobs.wait()).await.is_err() {
        tracing::error!("egresses did not end in time; their keepers will see to it");
    }
    Ok(())
}
