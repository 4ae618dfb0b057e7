//! Gathers what is known of each session, asks `plan`, has the actions carried out. One path for everything that can change
//! a session: the relay's events, webhooks, heartbeats, timers and restarts all end here, so whatever was lost, doubled or late
//! converges within seconds.

mod apply;
mod desired;
pub mod ending;
mod host_presence;
mod launch;
pub mod leases;
mod page;
pub mod plan;
mod replace;
mod webhooks;

use crate::{
    domain::{
        ids::{Generation, SessionId},
        room::room_name,
        session::{SessionState, StreamType},
    },
    server::{
        error::{StudioResult, chain},
        feed::writer::FeedWriter,
        livekit::ObservedEgress,
        ports::Ports,
        registry::SessionRegistry,
        relay::RelayEvent,
    },
};
use futures::{StreamExt, stream};
use leases::Leases;
use parking_lot::Mutex;
use plan::{Action, Snapshot, plan};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tracing::Instrument;

/// Every session is looked at this often, whatever was heard of it.
const TICK: Duration = Duration::from_secs(2);
/// A relay that is away is tried again this often.
const RECONNECT: Duration = Duration::from_secs(1);
/// One action can make the next one due; more rounds than this are left to the next tick.
const ROUNDS: usize = 4;
/// Sessions looked at side by side.
const AT_ONCE: usize = 16;
/// An overlay sends a heartbeat every two seconds; after this long it may be talking to another replica.
const SILENCE_MS: u64 = 4_000;
/// An ending session whose take-down keeps failing is closed all the same after this long: orphans are collected later.
const TAKE_DOWN_WITHIN_MS: u64 = 30_000;

/// A session's lock, moved from task to task.
pub(in crate::server) type Held = tokio::sync::OwnedMutexGuard<()>;

/// Brings every session and what it needs outside into agreement. Cheap to clone.
#[derive(Clone)]
pub struct Reconciler {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    feed_writer: FeedWriter,
    leases: Leases,
    locks: Arc<Locks>,
}

#[derive(Default)]
struct Locks {
    /// One for each active session, held by the task that acts on its egress.
    sessions: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
    /// One collection of orphans at a time.
    collecting: tokio::sync::Mutex<()>,
}

impl Locks {
    fn of(&self, id: &SessionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.sessions.lock();
        Arc::clone(locks.entry(id.clone()).or_default())
    }
}

impl Reconciler {
    pub fn new(ports: Arc<Ports>, registry: SessionRegistry, feed_writer: FeedWriter) -> Self {
        Self { leases: Leases::new(Arc::clone(&ports)), ports, registry, feed_writer, locks: Arc::default() }
    }

    /// Follows the relay's events and looks at every session now and then, until the process ends.
    pub async fn run(self) {
        let relay = self.clone();
        tokio::spawn(async move { relay.follow_relay_events().await });
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let reconciler = self.clone();
            // A slow session delays neither the others nor their leases.
            tokio::spawn(async move {
                if let Err(error) = reconciler.reconcile_all().await {
                    tracing::warn!(error = %chain(&error), "a round of the reconciler failed; the next one tries again");
                }
            });
        }
    }

    /// Takes a session's lock: nobody else acts for it until it is given back.
    pub(in crate::server) async fn hold(&self, id: &SessionId) -> Held {
        self.locks.of(id).lock_owned().await
    }

    /// Takes or renews the lease of a session.
    pub(in crate::server) async fn claim(&self, id: &SessionId) -> bool {
        self.leases.claim(id).await
    }

    /// Whether this replica led the session when it last looked.
    pub(in crate::server) fn recently_led(&self, id: &SessionId) -> bool {
        self.leases.recently_led(id)
    }

    /// Gives every lease back, so that another replica goes on at once.
    pub async fn hand_over(&self) {
        self.leases.hand_over().await;
    }

    /// Nothing is kept in memory of a session that is over.
    pub(in crate::server) fn forget(&self, id: &SessionId) {
        self.locks.sessions.lock().remove(id);
        self.registry.observed().forget(id);
    }

    async fn follow_relay_events(&self) {
        loop {
            match self.ports.relay.events().await {
                Ok(mut events) => {
                    tracing::info!("following the relay's events");
                    while let Some(event) = events.next().await {
                        match event {
                            RelayEvent::Session(report) => self.handle_report(*report).await,
                            RelayEvent::Gone(session) => self.reconcile_session(&session).await,
                        }
                    }
                    tracing::warn!("the relay's events ended");
                }
                Err(error) => tracing::warn!(%error, "the relay does not answer"),
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// One round over every active session, then over what belongs to none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reconcile_all(&self) -> StudioResult<()> {
        let active = self.ports.store.active_sessions().await?;
        if let Some(by_ms) = active.is_empty().then(|| self.ports.clock.follow()).flatten() {
            tracing::warn!(by_ms, "the machine's clock was set, and no session runs: its time counts from here on");
        }
        let rooms: Option<HashSet<String>> = self.ports.livekit.rooms().await.ok().map(|rooms| rooms.into_iter().collect());
        stream::iter(&active)
            .for_each_concurrent(AT_ONCE, |session| async {
                let id = &session.id;
                if session.stream_type == StreamType::User && session.state.egress().is_some() {
                    let there = rooms.as_ref().map(|rooms| rooms.contains(&room_name(id)));
                    self.registry.observed().update(id, |observed| observed.room = there);
                }
                if self.leases.leads(id).await {
                    self.check_host_presence(session).await;
                    self.feed_writer.release_due(id).await;
                    self.reconcile_once(id).await;
                }
            })
            .await;
        self.registry.announce_stored(&active, |id| self.leases.forget(id)).await?;
        self.collect_orphans().await
    }

    /// Reconciles one session, if this replica leads it.
    pub(in crate::server) async fn reconcile_session(&self, id: &SessionId) {
        if self.leases.leads(id).await {
            self.reconcile_once(id).await;
        }
    }

    /// Plans and applies for one session until nothing more is due. A task that already works on it continues alone.
    async fn reconcile_once(&self, id: &SessionId) {
        let lock = self.locks.of(id);
        let Ok(_held) = lock.try_lock() else { return };
        for _ in 0..ROUNDS {
            let snapshot = match self.snapshot(id).await {
                Ok(Some(snapshot)) => snapshot,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(session = %id, error = %chain(&error), "a session could not be observed");
                    break;
                }
            };
            if snapshot.session.state.is_over() {
                self.forget(id);
                break;
            }
            let (mut again, mut failed) = (false, false);
            for action in plan(&snapshot, &self.ports.config.deadlines) {
                // A session is over when everything of it is known to be gone, or was tried for long enough.
                if action == Action::Close && failed && !overdue(&snapshot) {
                    break;
                }
                again |= !matches!(
                    action,
                    Action::TakeDown | Action::StopEgress(_) | Action::Retire(..) | Action::StoreStats(_) | Action::Health(_)
                );
                let span = tracing::info_span!("action", session = %id, action = action.name());
                if let Err(error) = Box::pin(self.apply(&snapshot.session, action.clone())).instrument(span).await {
                    tracing::warn!(session = %id, ?action, error = %chain(&error), "an action failed; it is tried again");
                    failed = true;
                }
            }
            if failed || !again {
                break;
            }
        }
    }

    async fn snapshot(&self, id: &SessionId) -> StudioResult<Option<Snapshot>> {
        let Some(session) = self.ports.store.session(id).await?.map(Arc::unwrap_or_clone) else { return Ok(None) };
        if session.state.is_over() {
            return Ok(Some(Snapshot {
                session,
                observed: self.registry.observed().of(id),
                egresses: None,
                relayed: None,
                now: self.ports.now(),
            }));
        }
        let mut egresses = match self.ports.livekit.egresses().await {
            Ok(list) => {
                Some(list.into_iter().filter_map(|observed| self.generation_of(&observed, id).map(|of| (of, observed))).collect::<Vec<_>>())
            }
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the list of egresses could not be had");
                None
            }
        };
        if let Some(current) = session.state.egress() {
            let reported = webhooks::latest(&self.ports.store.webhooks_of(current).await?);
            webhooks::merge(&mut egresses, session.generation, reported);
        }
        let relayed = match session.state {
            SessionState::Starting { .. } | SessionState::Live { .. } => {
                let keyless = self.registry.observed().of(id).keyless;
                self.ports
                    .relay
                    .sessions()
                    .await
                    .ok()
                    .map(|reports| reports.iter().any(|report| desired::is_put(report, &session, &keyless)))
            }
            _ => None,
        };
        self.fetch_heartbeat(id).await;
        // Read last: what was measured meanwhile is the newest there is.
        Ok(Some(Snapshot { observed: self.registry.observed().of(id), session, egresses, relayed, now: self.ports.now() }))
    }

    /// The overlay may be talking to another replica: what that one left is read before its silence is believed.
    async fn fetch_heartbeat(&self, id: &SessionId) {
        let quiet = |at| self.ports.now().millis_since(at) >= SILENCE_MS;
        if self.registry.observed().of(id).heartbeat.is_some_and(|heartbeat| !quiet(heartbeat.at)) {
            return;
        }
        match self.ports.store.forwarded_heartbeat(id).await {
            Ok(Some(forwarded)) => {
                self.registry.observed().record_heartbeat(
                    id,
                    forwarded.generation,
                    forwarded.heartbeat,
                    // A store's clock that was set back must not date it into the future.
                    self.ports.now().plus_millis(-forwarded.age_ms.max(0)),
                );
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(session = %id, error = %chain(&error), "heartbeats at other replicas could not be read"),
        }
    }

    fn generation_of(&self, egress: &ObservedEgress, id: &SessionId) -> Option<Generation> {
        self.session_of_page(&egress.page_url).filter(|(session, _)| session == id).map(|(_, generation)| generation)
    }
}

fn overdue(snapshot: &Snapshot) -> bool {
    match snapshot.session.state {
        SessionState::Ending { since, .. } => snapshot.now.millis_since(since) >= TAKE_DOWN_WITHIN_MS,
        _ => false,
    }
}
