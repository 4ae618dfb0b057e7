//! The local Web Egress: LiveKit's Egress API on one small machine, without Redis or containers.
//! Each egress is a job in its own capture environment; this module knows pages and outputs, not sessions, hosts or platforms.
//!
//! # How egresses are isolated
//! - A worker that is started as root becomes `FOOTLIGHT_EGRESS_USER` before it takes a request, in every thread and for good. It is not
//!   dumpable: processes of the same account can read neither its memory nor its environment, where the API secret is.
//! - Display, sound server, browser and encoder share one folder of mode 0700 and one process group under a reaper; their environment is
//!   built from scratch and holds no secret; the display needs a cookie, the sound server's socket lies in the folder, and no port is open.
//! - Chromium runs in its sandbox, which needs user namespaces or the helper; where neither works, no capture starts, unless the operator
//!   set `FOOTLIGHT_EGRESS_NO_SANDBOX=1`. Log, `/healthz`, `footlight_egress_sandbox` and the page of all streams say so. It opens only documents of `PUBLIC_APP_URL`'s origin, and the page's HTTP requests
//!   may go only there and to LiveKit. Dialogs, downloads, pop-ups and permissions are refused.
//! - The page's address reaches Chromium over a pipe and the outputs' keys stay in the worker: neither is in an argument.
//!
//! # Limits of the isolation
//! - All egresses of a worker run under the same account, because only root could give each its own: a browser that breaks out of its
//!   sandbox could signal or read another one. If you need that isolation, run one worker per account.
//! - `WebSockets`, WebRTC and fetches of worker scripts bypass the request filter, because `DevTools` cannot intercept them. They are limited by
//!   the page's content security policy, and by the operator's network namespace or firewall.
//! - Chromium may open a connection for a frame of a foreign origin in advance; it closes it without sending anything.
//! - There is no quota on CPU and memory: cgroups belong to the system. Slots limit the number; `footlight_egress_…` metrics show the usage.
//! - A stopped (SIGSTOP) worker cannot report; `/healthz` and the missing stream show it. When it continues, so does its egress.

use crate::{
    config::{
        egress::{EgressConfig, Sandbox},
        env::Env,
    },
    egress::{privileges::ServiceAccount, registry::EgressRegistry, state_store::StateStore},
    net::{descriptors, service_manager::ServiceManager, tls_listener},
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
mod capture_folder;
mod cdp;
mod commands;
mod counters;
mod egress_info;
mod encoder_output;
mod encoding;
mod fonts;
mod health;
mod job;
mod job_task;
mod metrics;
mod output;
mod outputs;
mod page;
mod privileges;
pub mod reaper;
mod registry;
mod request;
mod rtmp_connection;
mod rtmp_error;
mod rtmp_output;
mod scratch;
mod state_store;
mod twirp;
mod twirp_error;
mod warm_pool;
mod webhook_sender;

/// Time for egresses to end at shutdown, and for their last webhooks.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the worker until it gets a signal: SIGTERM lets running egresses finish, within `drain_timeout` seconds if given;
/// SIGINT or a second SIGTERM ends them.
///
/// # Errors
/// The configuration is malformed or the address is taken.
pub async fn run(env: &Env, drain_timeout: Option<u64>) -> anyhow::Result<()> {
    let mut config = EgressConfig::from_env(env)?;
    config.drain_timeout = drain_timeout.map(Duration::from_secs).or(config.drain_timeout);
    // Read as root, who may be the only one to read the key.
    let tls = config.tls.as_ref().map(|files| tls_listener::acceptor(&files.certificate, &files.key)).transpose()?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("FOOTLIGHT_EGRESS_LISTEN: {} cannot be listened on", config.listen))?;
    let account = ServiceAccount::by_name(&config.user)?;
    let state_store = StateStore::open(&config.data, account)?;
    // From here on root is not needed, and cannot be regained.
    account.map_or(Ok(()), ServiceAccount::switch_to)?;
    privileges::forbid_dumps()?;
    descriptors::raise();
    let service = ServiceManager::of_process(env.get("NOTIFY_SOCKET"), env.get("WATCHDOG_USEC"));
    let (sandbox_works, font_problem) = tokio::join!(privileges::sandbox_works(&config.programs.chromium), fonts::problem());
    match config.sandbox {
        Sandbox::Off => tracing::warn!("FOOTLIGHT_EGRESS_NO_SANDBOX is set: Chromium runs without its sandbox"),
        _ if sandbox_works => {}
        _ => {
            config.sandbox = Sandbox::Missing;
            tracing::error!("{}", registry::NO_SANDBOX);
        }
    }
    config.font_problem = font_problem;
    if let Some(problem) = &config.font_problem {
        tracing::warn!("{problem}");
    }
    let config = Arc::new(config);
    let registry = EgressRegistry::open(Arc::clone(&config), state_store)?;
    let address = listener.local_addr()?;
    tracing::info!(%address, slots = config.slots, "egress worker ready");
    let routes = twirp::router(Arc::clone(&registry));
    let server = match tls {
        None => tokio::spawn(axum::serve(listener, routes).into_future()),
        Some(tls) => tokio::spawn(axum::serve(tls_listener::Listener::new(listener, tls), routes).into_future()),
    };
    service.ready();
    wait_for_end(&registry, config.drain_timeout, &service).await?;
    registry.webhook_tasks.close();
    if timeout(SHUTDOWN_TIMEOUT, registry.webhook_tasks.wait()).await.is_err() {
        tracing::warn!("not all webhooks were delivered");
    }
    server.abort();
    if config.scratch_is_ours() {
        // It stays while an egress that did not end in time has files there: the next start cleans up.
        let _ = std::fs::remove_dir(&config.scratch);
    }
    Ok(())
}

async fn wait_for_end(registry: &EgressRegistry, drain_timeout: Option<Duration>, service: &ServiceManager) -> anyhow::Result<()> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let gently = tokio::select! {
        _ = term.recv() => true,
        _ = interrupt.recv() => false,
    };
    service.stopping();
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
        tracing::error!("egresses did not end in time; their reapers will end them");
    }
    Ok(())
}
