//! The relay keeps the connections to the platforms open while everything behind it may restart.
//! Its contract with the application is `api::relay_control`. It knows no account, no store and no LiveKit room.

pub mod connect;
mod connection_error;
mod control;
mod ingest;
mod ingest_seats;
mod ingest_stats;
mod metrics;
mod output;
mod queue;
mod rate;
mod recorder;
mod recording_disk;
mod recordings;
mod recordings_limit;
mod route;
mod rtmp_connection;
mod rtmp_output;
mod slate;
mod status;
mod stream;
mod stream_hub;
mod stream_tasks;
mod takeover;
mod thumbnail;
mod trial;

use crate::{
    api::relay_control::{DesiredSession, SessionReport},
    config::{env::Env, folder::make_private, relay::RelayConfig},
    domain::ids::SessionId,
    net::{descriptors, service_manager::ServiceManager, tls_listener},
};
use anyhow::Context as _;
use axum::response::sse;
use connect::{Connector, Resolver, SystemResolver};
use metrics::Metrics;
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc};
use stream::RelayStream;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, Semaphore, broadcast},
};
use tokio_util::sync::CancellationToken;

/// Servers tried at once.
const MOST_TRIALS: usize = 64;

/// Runs the relay until it gets a signal: the first one ends all streams cleanly, a second one exits at once.
/// With `takeover` it replaces the relay that uses the same data folder; each platform sees one reconnect.
///
/// # Errors
/// The configuration is malformed or an address is taken.
pub async fn run(env: &Env, takeover: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let config = RelayConfig::from_env(env)?;
    descriptors::raise();
    let service = ServiceManager::of_process(env.get("NOTIFY_SOCKET"), env.get("WATCHDOG_USEC"));
    let predecessor = if takeover { takeover::request(&config.data).await? } else { None };
    let handle = launch(config, Arc::new(SystemResolver), predecessor.is_some()).await?;
    if let Some(predecessor) = predecessor {
        let relay = handle.relay.clone();
        tokio::spawn(async move { predecessor.replace(&relay).await });
    }
    tracing::info!(control = %handle.control_addr, ingest = %handle.ingest_addr, "relay is listening");
    service.ready();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = handle.relay.replaced.cancelled() => {}
    }
    service.stopping();
    tracing::info!("ending all streams");
    tokio::select! {
        () = handle.stop() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// A relay that runs in this process.
pub struct RelayHandle {
    /// Address of the control API.
    pub control_addr: SocketAddr,
    /// Address of the RTMP ingest.
    pub ingest_addr: SocketAddr,
    relay: Arc<RelayState>,
}

impl RelayHandle {
    /// Ends all streams cleanly, then stops the relay.
    pub async fn stop(&self) {
        self.relay.close().await;
    }
}

impl Drop for RelayHandle {
    fn drop(&mut self) {
        self.relay.addresses_released.cancel();
        self.relay.ended.cancel();
    }
}

/// Starts a relay; port 0 picks a free one.
///
/// # Errors
/// An address is taken, or a certificate cannot be read.
pub async fn start(config: RelayConfig) -> anyhow::Result<RelayHandle> {
    start_with(config, Arc::new(SystemResolver)).await
}

/// Starts a relay with another name resolver.
///
/// # Errors
/// An address is taken, or a certificate cannot be read.
pub async fn start_with(config: RelayConfig, resolver: Arc<dyn Resolver>) -> anyhow::Result<RelayHandle> {
    launch(config, resolver, false).await
}

async fn launch(config: RelayConfig, resolver: Arc<dyn Resolver>, after_takeover: bool) -> anyhow::Result<RelayHandle> {
    make_private(&config.data)?;
    let tls = config.tls.as_ref().map(|files| tls_listener::acceptor(&files.certificate, &files.key)).transpose()?;
    let ingest = takeover::listen(config.ingest, after_takeover).await.context("FOOTLIGHT_RELAY_INGEST cannot be listened on")?;
    let control = takeover::listen(config.listen, after_takeover).await.context("FOOTLIGHT_RELAY_LISTEN cannot be listened on")?;
    let (control_addr, ingest_addr) = (control.local_addr()?, ingest.local_addr()?);
    let timeouts = config.timeouts;
    let connector = Connector::new(resolver, config.allow.clone(), config.extra_ca.as_deref(), timeouts.connect, timeouts.stall)?;
    let relay = Arc::new(RelayState {
        connector: Arc::new(connector),
        metrics: Arc::default(),
        quota: Arc::default(),
        streams: Mutex::default(),
        stream_added: Notify::new(),
        events: broadcast::channel(256).0,
        event_permits: Arc::new(Semaphore::new(config.limits.event_readers)),
        thumbnail_permit: Semaphore::new(1),
        trial_permits: Semaphore::new(MOST_TRIALS),
        slates: slate::Slates::default(),
        contacted: CancellationToken::new(),
        ended: CancellationToken::new(),
        closing: CancellationToken::new(),
        addresses_released: CancellationToken::new(),
        replaced: CancellationToken::new(),
        config,
    });
    tokio::spawn(ingest::serve(relay.clone(), ingest, tls.clone()));
    tokio::spawn(recordings::enforce_limits(relay.clone()));
    tokio::spawn(takeover::serve(relay.clone()));
    let (routes, ended) = (control::routes(relay.clone()), relay.addresses_released.clone().cancelled_owned());
    match tls {
        None => drop(tokio::spawn(async move { axum::serve(control, routes).with_graceful_shutdown(ended).await })),
        Some(tls) => {
            let control = tls_listener::Listener::new(control, tls);
            drop(tokio::spawn(async move { axum::serve(control, routes).with_graceful_shutdown(ended).await }));
        }
    }
    Ok(RelayHandle { control_addr, ingest_addr, relay })
}

/// State that all streams of a relay share.
pub(crate) struct RelayState {
    config: RelayConfig,
    connector: Arc<Connector>,
    metrics: Arc<Metrics>,
    quota: Arc<recordings::Quota>,
    streams: Mutex<HashMap<SessionId, Arc<RelayStream>>>,
    /// Notified when a stream is added.
    stream_added: Notify,
    events: broadcast::Sender<RelayEvent>,
    event_permits: Arc<Semaphore>,
    /// Only one thumbnail is decoded at a time.
    thumbnail_permit: Semaphore,
    /// Servers that are being tried.
    trial_permits: Semaphore,
    slates: slate::Slates,
    /// The studio has called.
    contacted: CancellationToken,
    /// No new streams are accepted.
    closing: CancellationToken,
    /// Another relay listens on our addresses now.
    addresses_released: CancellationToken,
    /// Another relay runs our streams now.
    replaced: CancellationToken,
    ended: CancellationToken,
}

impl RelayState {
    /// Creates or updates a stream; `None` if the limit is reached or the relay is closing.
    fn put_stream(self: &Arc<Self>, wanted: DesiredSession) -> Option<Arc<RelayStream>> {
        if self.closing.is_cancelled() {
            return None;
        }
        let stream = {
            let mut streams = self.lock();
            if let Some(stream) = streams.get(&wanted.session_id) {
                stream.clone()
            } else {
                if streams.len() >= self.config.limits.streams {
                    return None;
                }
                let stream = Arc::new(RelayStream::new(self.clone(), wanted.clone()));
                streams.insert(stream.id.clone(), stream.clone());
                stream_tasks::spawn(self.clone(), stream.clone());
                stream
            }
        };
        stream.apply(wanted);
        self.stream_added.notify_waiters();
        Some(stream)
    }

    /// Ends a stream; does nothing if it does not exist.
    async fn end(&self, id: &SessionId) {
        let Some(stream) = self.lock().remove(id) else { return };
        stream.end().await;
        let _ = self.events.send(RelayEvent::report(&stream.report()));
        let _ = self.events.send(RelayEvent::gone(id));
        tracing::info!(session = %id, "stream ended");
    }

    async fn close(&self) {
        self.closing.cancel();
        let ids: Vec<_> = self.lock().keys().cloned().collect();
        futures::future::join_all(ids.iter().map(|id| self.end(id))).await;
        self.addresses_released.cancel();
        self.ended.cancel();
    }

    fn streams(&self) -> Vec<Arc<RelayStream>> {
        self.lock().values().cloned().collect()
    }

    fn stream(&self, id: &SessionId) -> Option<Arc<RelayStream>> {
        self.lock().get(id).cloned()
    }

    /// Waits until the stream exists.
    async fn wait_for_stream(&self, id: &SessionId) -> Arc<RelayStream> {
        loop {
            let next = self.stream_added.notified();
            if let Some(stream) = self.stream(id) {
                return stream;
            }
            next.await;
        }
    }

    fn recordings(&self) -> PathBuf {
        self.config.data.join("recordings")
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<RelayStream>>> {
        self.streams.lock()
    }
}

/// An event of the control API, serialized once for all readers.
#[derive(Clone)]
struct RelayEvent {
    name: &'static str,
    data: Arc<str>,
}

impl RelayEvent {
    fn report(report: &SessionReport) -> Self {
        Self { name: "show", data: serde_json::to_string(report).expect("a report is plain data").into() }
    }

    fn gone(id: &SessionId) -> Self {
        Self { name: "gone", data: serde_json::json!({ "sessionId": id }).to_string().into() }
    }

    fn to_sse(&self) -> sse::Event {
        sse::Event::default().event(self.name).data(&self.data)
    }
}
