//! The local Web Egress: LiveKit's Egress API on one small machine, without Redis or containers.
//! Each running egress is a job on a stage of its own; this room knows pages and outputs, not sessions, hosts or platforms.

use crate::{
    config::{egress::EgressConfig, env::Env},
    egress::desk::Desk,
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
mod stage;
mod tls;
mod twirp;
mod watch;
mod webhook;

/// Time for the ends of shows that are cut off, and their last webhooks.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Runs the worker until it is told to stop: SIGTERM lets running shows finish, SIGINT or a second SIGTERM ends them.
///
/// # Errors
/// The configuration is malformed or the address is taken.
pub async fn run(env: &Env) -> anyhow::Result<()> {
    let config = Arc::new(EgressConfig::from_env(env)?);
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let desk = Desk::open(Arc::clone(&config))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, slots = config.slots, "egress worker ready");
    let server = tokio::spawn(axum::serve(listener, twirp::router(Arc::clone(&desk))).into_future());
    wait_for_end(&desk, config.drain_timeout).await?;
    desk.lines.close();
    if timeout(LAST_WORDS, desk.lines.wait()).await.is_err() {
        tracing::warn!("webhooks were left undelivered");
    }
    server.abort();
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
