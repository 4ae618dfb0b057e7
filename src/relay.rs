//! The relay: holds the platforms' connections, so that everything behind it may die and come back.
//! Contract with the application: `api::broadcast`. Knows no account, no store, no room.

mod aac;
pub mod connect;
mod control;
mod dialogue;
mod flv;
mod ingest;
mod intake;
mod keeper;
mod meter;
mod metrics;
mod outlet;
mod program;
mod publisher;
mod queue;
mod recorder;
mod recordings;
pub mod rtmp;
mod show;
mod slate;
mod status;
mod tag;
mod thumbnail;
mod timeline;
mod tls;
mod upgrade;
mod words;

use crate::{
    api::broadcast::{ShowReport, WantedShow},
    config::{env::Env, relay::RelayConfig},
    domain::ids::SessionId,
};
use anyhow::Context as _;
use axum::response::sse;
use connect::{Connector, Resolver, SystemResolver};
use metrics::Metrics;
use show::Show;
use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, Semaphore, broadcast},
};
use tokio_util::sync::CancellationToken;

/// Runs the relay until it is told to stop: the first signal ends the shows properly, a second one ends it at once.
/// With `takeover` it replaces a relay that works with the same data folder: the platforms see one reconnect.
///
/// # Errors
/// The configuration is malformed or an address is taken.
pub async fn run(env: &Env, takeover: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let config = RelayConfig::from_env(env)?;
    let predecessor = if takeover { upgrade::ask(&config.data).await? } else { None };
    let running = open(config, Arc::new(SystemResolver), predecessor.is_some()).await?;
    if let Some(predecessor) = predecessor {
        let house = running.house.clone();
        tokio::spawn(async move { predecessor.replace(&house).await });
    }
    tracing::info!(control = %running.control_addr, ingest = %running.ingest_addr, "relay listens");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = running.house.replaced.cancelled() => {}
    }
    tracing::info!("ending every show");
    tokio::select! {
        () = running.stop() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// A relay at work in this process.
pub struct Running {
    /// Where the control API answers.
    pub control_addr: SocketAddr,
    /// Where the composite is published to.
    pub ingest_addr: SocketAddr,
    house: Arc<House>,
}

impl Running {
    /// Ends every show properly, then the relay.
    pub async fn stop(&self) {
        self.house.close().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.house.yielded.cancel();
        self.house.ended.cancel();
    }
}

/// Starts a relay; port 0 picks a free one.
///
/// # Errors
/// An address is taken, or a certificate cannot be read.
pub async fn start(config: RelayConfig) -> anyhow::Result<Running> {
    start_with(config, Arc::new(SystemResolver)).await
}

/// Starts a relay that looks names up elsewhere.
///
/// # Errors
/// An address is taken, or a certificate cannot be read.
pub async fn start_with(config: RelayConfig, resolver: Arc<dyn Resolver>) -> anyhow::Result<Running> {
    open(config, resolver, false).await
}

async fn open(config: RelayConfig, resolver: Arc<dyn Resolver>, after_another: bool) -> anyhow::Result<Running> {
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let ingest = upgrade::listen(config.ingest, after_another).await.context("FOOTLIGHT_RELAY_INGEST cannot be listened on")?;
    let control = upgrade::listen(config.listen, after_another).await.context("FOOTLIGHT_RELAY_LISTEN cannot be listened on")?;
    let (control_addr, ingest_addr) = (control.local_addr()?, ingest.local_addr()?);
    let patience = config.patience;
    let connector = Connector::new(resolver, config.allow.clone(), config.extra_ca.as_deref(), patience.connect, patience.stall)?;
    let house = Arc::new(House {
        connector: Arc::new(connector),
        metrics: Arc::default(),
        quota: Arc::default(),
        shows: Mutex::default(),
        arrived: Notify::new(),
        events: broadcast::channel(256).0,
        readers: Arc::new(Semaphore::new(config.limits.event_readers)),
        pictures: Semaphore::new(1),
        slates: slate::Slates::default(),
        ended: CancellationToken::new(),
        closing: CancellationToken::new(),
        yielded: CancellationToken::new(),
        replaced: CancellationToken::new(),
        config,
    });
    tokio::spawn(ingest::serve(house.clone(), ingest, tls.clone()));
    tokio::spawn(recordings::keep_within(house.clone()));
    tokio::spawn(upgrade::stand_by(house.clone()));
    let (routes, ended) = (control::routes(house.clone()), house.yielded.clone().cancelled_owned());
    match tls {
        None => drop(tokio::spawn(async move { axum::serve(control, routes).with_graceful_shutdown(ended).await })),
        Some(tls) => {
            let control = tls::Listener::new(control, tls);
            drop(tokio::spawn(async move { axum::serve(control, routes).with_graceful_shutdown(ended).await }));
        }
    }
    Ok(Running { control_addr, ingest_addr, house })
}

/// What all shows of a relay share.
pub(crate) struct House {
    config: RelayConfig,
    connector: Arc<Connector>,
    metrics: Arc<Metrics>,
    quota: Arc<recordings::Quota>,
    shows: Mutex<HashMap<SessionId, Arc<Show>>>,
    /// Told when a show becomes known.
    arrived: Notify,
    events: broadcast::Sender<Happening>,
    readers: Arc<Semaphore>,
    /// One picture is decoded at a time.
    pictures: Semaphore,
    slates: slate::Slates,
    /// No new shows.
    closing: CancellationToken,
    /// Another relay has our addresses now.
    yielded: CancellationToken,
    /// Another relay has our shows now.
    replaced: CancellationToken,
    ended: CancellationToken,
}

impl House {
    /// Makes a show what is wanted; `None` if there is no room for another.
    fn want(self: &Arc<Self>, wanted: WantedShow) -> Option<Arc<Show>> {
        if self.closing.is_cancelled() {
            return None;
        }
        let show = {
            let mut shows = self.lock();
            if let Some(show) = shows.get(&wanted.session_id) {
                show.clone()
            } else {
                if shows.len() >= self.config.limits.shows {
                    return None;
                }
                let show = Arc::new(Show::new(self.clone(), wanted.clone()));
                shows.insert(show.id.clone(), show.clone());
                keeper::keep(self.clone(), show.clone());
                show
            }
        };
        show.apply(wanted);
        self.arrived.notify_waiters();
        Some(show)
    }

    /// Ends a show; nothing happens if there is none.
    async fn end(&self, id: &SessionId) {
        let Some(show) = self.lock().remove(id) else { return };
        show.end().await;
        let _ = self.events.send(Happening::show(&show.report()));
        let _ = self.events.send(Happening::gone(id));
        tracing::info!(session = %id, "show ended");
    }

    async fn close(&self) {
        self.closing.cancel();
        let ids: Vec<_> = self.lock().keys().cloned().collect();
        futures::future::join_all(ids.iter().map(|id| self.end(id))).await;
        self.yielded.cancel();
        self.ended.cancel();
    }

    fn shows(&self) -> Vec<Arc<Show>> {
        self.lock().values().cloned().collect()
    }

    fn show(&self, id: &SessionId) -> Option<Arc<Show>> {
        self.lock().get(id).cloned()
    }

    /// The show, as soon as it is known.
    async fn arrival(&self, id: &SessionId) -> Arc<Show> {
        loop {
            let next = self.arrived.notified();
            if let Some(show) = self.show(id) {
                return show;
            }
            next.await;
        }
    }

    fn recordings(&self) -> PathBuf {
        self.config.data.join("recordings")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Show>>> {
        self.shows.lock().expect("no one panics while holding the shows")
    }
}

/// One thing that happened, ready for every reader.
#[derive(Clone)]
struct Happening {
    name: &'static str,
    data: Arc<str>,
}

impl Happening {
    fn show(report: &ShowReport) -> Self {
        Self { name: "show", data: serde_json::to_string(report).expect("a report is plain data").into() }
    }

    fn gone(id: &SessionId) -> Self {
        Self { name: "gone", data: serde_json::json!({ "sessionId": id }).to_string().into() }
    }

    fn event(&self) -> sse::Event {
        sse::Event::default().event(self.name).data(&self.data)
    }
}
