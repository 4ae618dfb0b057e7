//! Gathers what is known of each session, asks `plan`, has the actions carried out. One path for everything that can change
//! a session: the relay's events, webhooks, heartbeats, timers and restarts all end here, so whatever was lost, doubled or late
//! converges within seconds.

use super::{
    Change, Studio,
    plan::{Action, Snapshot, plan},
    webhooks,
};
use crate::{
    domain::{
        ids::{Generation, SessionId},
        room::{host_identity, room_name},
        session::{Actor, HostPresence, Session, SessionState, StreamType},
    },
    server::{
        error::{StudioResult, chain},
        livekit::ObservedEgress,
        relay::RelayEvent,
    },
};
use futures::{StreamExt, stream};
use std::{collections::HashSet, sync::Arc, time::Duration};
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

impl Studio {
    /// Runs the background tasks until the process ends.
    pub async fn run_background_tasks(self) {
        let relay = self.clone();
        tokio::spawn(async move { relay.follow_relay_events().await });
        let outbox = self.clone();
        tokio::spawn(async move { outbox.run_outbox().await });
        self.run_viewer_counters();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let studio = self.clone();
            // A slow session delays neither the others nor their leases.
            tokio::spawn(async move {
                if let Err(error) = studio.reconcile_all().await {
                    tracing::warn!(error = %chain(&error), "a round of the reconciler failed; the next one tries again");
                }
            });
        }
    }

    /// A slow server delays only its own deliveries.
    async fn run_outbox(&self) {
        loop {
            if let Err(error) = self.deliver().await {
                tracing::warn!(error = %chain(&error), "the outbox could not be read");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    async fn follow_relay_events(&self) {
        loop {
            match self.relay().events().await {
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
        let active = self.store().active_sessions().await?;
        let rooms: Option<HashSet<String>> = self.livekit().rooms().await.ok().map(|rooms| rooms.into_iter().collect());
        stream::iter(&active)
            .for_each_concurrent(AT_ONCE, |session| async {
                let id = &session.id;
                if session.stream_type == StreamType::User && session.state.egress().is_some() {
                    let there = rooms.as_ref().map(|rooms| rooms.contains(&room_name(id)));
                    self.observed().update(id, |observed| observed.room = there);
                }
                if self.leads(id).await {
                    self.check_host_presence(session).await;
                    self.release_held_events(id).await;
                    self.reconcile_once(id).await;
                }
            })
            .await;
        self.announce_changes(&active).await?;
        self.collect_orphans().await
    }

    /// Looks for the host of a session by its id.
    pub(super) async fn refresh_host_presence(&self, id: &SessionId) {
        if let Ok(Some(session)) = self.store().session(id).await {
            self.check_host_presence(&session).await;
        }
    }

    /// Looks who is in the room; a LiveKit that does not answer changes nothing.
    async fn check_host_presence(&self, session: &Session) {
        let id = &session.id;
        if session.stream_type != StreamType::User || session.state.egress().is_none() {
            return;
        }
        let Ok(identities) = self.livekit().participants(&room_name(id)).await else { return };
        let (present, now) = (identities.contains(&host_identity(id)), self.now());
        self.observed().update(id, |observed| observed.host_looked_at = Some(now));
        let transition = |host| match (host, present) {
            (HostPresence::NotYet, true) => Some((HostPresence::Here, "The host is in the room.")),
            (HostPresence::Away { .. }, true) => Some((HostPresence::Here, "The host is back.")),
            (HostPresence::Here, false) => {
                Some((HostPresence::Away { since: now }, "The host is not in the room any more; the stream waits for them."))
            }
            _ => None,
        };
        if transition(session.host).is_none() {
            return;
        }
        let changed = self
            .change(id, Actor::Reconciler, |session| {
                let (host, what) = transition(session.host).filter(|_| session.state.is_running())?;
                Some(Change { session: Session { host, ..session.clone() }, what: Some(what.to_owned()) })
            })
            .await;
        if let Err(error) = changed {
            tracing::warn!(session = %id, error = %chain(&error), "whether the host is there could not be stored");
        }
    }

    /// Reconciles one session, if this replica leads it.
    pub(super) async fn reconcile_session(&self, id: &SessionId) {
        if self.leads(id).await {
            self.reconcile_once(id).await;
        }
    }

    /// Plans and applies for one session until nothing more is due. A task that already works on it continues alone.
    async fn reconcile_once(&self, id: &SessionId) {
        let lock = self.lock_of(id);
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
            for action in plan(&snapshot, &self.config().deadlines) {
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
        let Some(session) = self.store().session(id).await?.map(Arc::unwrap_or_clone) else { return Ok(None) };
        if session.state.is_over() {
            return Ok(Some(Snapshot { session, observed: self.observed().of(id), egresses: None, relayed: None, now: self.now() }));
        }
        let mut egresses = match self.livekit().egresses().await {
            Ok(list) => {
                Some(list.into_iter().filter_map(|observed| self.generation_of(&observed, id).map(|of| (of, observed))).collect::<Vec<_>>())
            }
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the list of egresses could not be had");
                None
            }
        };
        if let Some(current) = session.state.egress() {
            let reported = webhooks::latest(&self.store().webhooks_of(current).await?);
            webhooks::merge(&mut egresses, session.generation, reported);
        }
        let relayed = match session.state {
            SessionState::Starting { .. } | SessionState::Live { .. } => {
                self.relay().sessions().await.ok().map(|shows| shows.iter().any(|show| &show.session_id == id))
            }
            _ => None,
        };
        self.fetch_heartbeat(id).await;
        // Read last: what was measured meanwhile is the newest there is.
        Ok(Some(Snapshot { observed: self.observed().of(id), session, egresses, relayed, now: self.now() }))
    }

    /// The overlay may be talking to another replica: what that one left is read before its silence is believed.
    async fn fetch_heartbeat(&self, id: &SessionId) {
        let quiet = |at| self.now().millis_since(at) >= SILENCE_MS;
        if self.observed().of(id).heartbeat.is_some_and(|heartbeat| !quiet(heartbeat.at)) {
            return;
        }
        match self.store().forwarded_heartbeat(id).await {
            Ok(Some(forwarded)) => {
                self.observed().record_heartbeat(id, forwarded.generation, forwarded.heartbeat, self.now().plus_millis(-forwarded.age_ms));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(session = %id, error = %chain(&error), "heartbeats at other replicas could not be read"),
        }
    }

    fn generation_of(&self, egress: &ObservedEgress, id: &SessionId) -> Option<Generation> {
        self.origin(&egress.page_url).filter(|(session, _)| session == id).map(|(_, generation)| generation)
    }
}

fn overdue(snapshot: &Snapshot) -> bool {
    match snapshot.session.state {
        SessionState::Ending { since, .. } => snapshot.now.millis_since(since) >= TAKE_DOWN_WITHIN_MS,
        _ => false,
    }
}
