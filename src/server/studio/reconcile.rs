//! Gathers what is known of each show, asks `decide`, has the actions carried out. One path for everything that can move a
//! show: the relay's events, webhooks, heartbeats, timers and restarts all end here, so whatever was lost, doubled or late
//! converges within seconds.

use super::{
    Change, Studio,
    decide::{Action, Snapshot, decide},
    webhooks,
};
use crate::{
    domain::{
        ids::{Generation, SessionId},
        room::{host_identity, room_name},
        session::{Actor, HostPresence, Session, SessionState, StreamType},
    },
    server::{
        error::{Answer, chain},
        livekit::EgressFacts,
        relay::RelayEvent,
    },
};
use futures::{StreamExt, stream};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tracing::Instrument;

/// Every show is looked at this often, whatever was heard of it.
const TICK: Duration = Duration::from_secs(2);
/// A relay that is away is tried again this often.
const RECONNECT: Duration = Duration::from_secs(1);
/// One action can make the next one due; more rounds than this are left to the next tick.
const ROUNDS: usize = 4;
/// Shows looked at side by side.
const AT_ONCE: usize = 16;
/// An overlay speaks every two seconds; one that was not heard for this long may be speaking to another replica.
const SILENCE_MS: u64 = 4_000;
/// An ending show whose take-down keeps failing is closed all the same after this long: the sweep goes on with what is left.
const TAKE_DOWN_WITHIN_MS: u64 = 30_000;

impl Studio {
    /// Watches every show until the process ends.
    pub async fn watch(self) {
        let relay = self.clone();
        tokio::spawn(async move { relay.hear_relay().await });
        let outbox = self.clone();
        tokio::spawn(async move { outbox.keep_delivering().await });
        self.keep_counting();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let studio = self.clone();
            // A show that takes long holds up neither the others nor their leases.
            tokio::spawn(async move {
                if let Err(error) = studio.tick().await {
                    tracing::warn!(error = %chain(&error), "a round of the reconciler failed; the next one tries again");
                }
            });
        }
    }

    /// A server that is slow holds up nobody but itself.
    async fn keep_delivering(&self) {
        loop {
            if let Err(error) = self.deliver().await {
                tracing::warn!(error = %chain(&error), "the outbox could not be read");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    async fn hear_relay(&self) {
        loop {
            match self.relay().events().await {
                Ok(mut events) => {
                    tracing::info!("listening to the relay");
                    while let Some(event) = events.next().await {
                        match event {
                            RelayEvent::Show(report) => self.take_report(*report).await,
                            RelayEvent::Gone(session) => self.attend(&session).await,
                        }
                    }
                    tracing::warn!("the relay's events ended");
                }
                Err(error) => tracing::warn!(%error, "the relay does not answer"),
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// One round over every active show, then over what belongs to none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tick(&self) -> Answer<()> {
        let active = self.store().active_sessions().await?;
        let rooms: Option<HashSet<String>> = self.livekit().rooms().await.ok().map(|rooms| rooms.into_iter().collect());
        stream::iter(&active)
            .for_each_concurrent(AT_ONCE, |session| async {
                let id = &session.id;
                if session.stream_type == StreamType::User && session.state.egress().is_some() {
                    let there = rooms.as_ref().map(|rooms| rooms.contains(&room_name(id)));
                    self.facts().note(id, |facts| facts.room = there);
                }
                if self.leads(id).await {
                    self.look_for_host(session).await;
                    self.release(id).await;
                    self.act(id).await;
                }
            })
            .await;
        self.catch_up(&active).await?;
        self.sweep().await
    }

    /// Looks for the host of a session by its id.
    pub(super) async fn look_into_room(&self, id: &SessionId) {
        if let Ok(Some(session)) = self.store().session(id).await {
            self.look_for_host(&session).await;
        }
    }

    /// Looks who is in the room; a LiveKit that does not answer changes nothing.
    async fn look_for_host(&self, session: &Session) {
        let id = &session.id;
        if session.stream_type != StreamType::User || session.state.egress().is_none() {
            return;
        }
        let Ok(identities) = self.livekit().participants(&room_name(id)).await else { return };
        let (present, now) = (identities.contains(&host_identity(id)), self.now());
        self.facts().note(id, |facts| facts.host_looked_at = Some(now));
        let news = |host| match (host, present) {
            (HostPresence::NotYet, true) => Some((HostPresence::Here, "The host is in the room.")),
            (HostPresence::Away { .. }, true) => Some((HostPresence::Here, "The host is back.")),
            (HostPresence::Here, false) => {
                Some((HostPresence::Away { since: now }, "The host is not in the room any more; the show waits for them."))
            }
            _ => None,
        };
        if news(session.host).is_none() {
            return;
        }
        let changed = self
            .change(id, Actor::Reconciler, |session| {
                let (host, what) = news(session.host).filter(|_| matches!(session.state.name(), "starting" | "live"))?;
                Some(Change { session: Session { host, ..session.clone() }, what: Some(what.to_owned()) })
            })
            .await;
        if let Err(error) = changed {
            tracing::warn!(session = %id, error = %chain(&error), "whether the host is there could not be stored");
        }
    }

    /// Decides and acts for one show, if this replica leads it.
    pub(super) async fn attend(&self, id: &SessionId) {
        if self.leads(id).await {
            self.act(id).await;
        }
    }

    /// Decides and acts for one show until nothing more is due. Somebody who already works on it goes on alone.
    async fn act(&self, id: &SessionId) {
        let lock = self.lock_of(id);
        let Ok(_held) = lock.try_lock() else { return };
        for _ in 0..ROUNDS {
            let snapshot = match self.snapshot(id).await {
                Ok(Some(snapshot)) => snapshot,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(session = %id, error = %chain(&error), "a show could not be looked at");
                    break;
                }
            };
            if snapshot.session.state.is_over() {
                self.forget(id);
                break;
            }
            let (mut again, mut failed) = (false, false);
            for action in decide(&snapshot, &self.config().deadlines) {
                // A show is over when everything of it is known to be gone, or was tried for long enough.
                if action == Action::Close && failed && !overdue(&snapshot) {
                    break;
                }
                again |=
                    !matches!(action, Action::TakeDown | Action::StopEgress(_) | Action::Retire(..) | Action::Tally(_) | Action::Health(_));
                let span = tracing::info_span!("action", session = %id, action = action.name());
                if let Err(error) = Box::pin(self.perform(&snapshot.session, action.clone())).instrument(span).await {
                    tracing::warn!(session = %id, ?action, error = %chain(&error), "an action failed; it is tried again");
                    failed = true;
                }
            }
            if failed || !again {
                break;
            }
        }
    }

    async fn snapshot(&self, id: &SessionId) -> Answer<Option<Snapshot>> {
        let Some(session) = self.store().session(id).await?.map(Arc::unwrap_or_clone) else { return Ok(None) };
        if session.state.is_over() {
            return Ok(Some(Snapshot { session, facts: self.facts().of(id), egresses: None, relayed: None, now: self.now() }));
        }
        let mut egresses = match self.livekit().egresses().await {
            Ok(list) => Some(list.into_iter().filter_map(|facts| self.generation_of(&facts, id).map(|of| (of, facts))).collect::<Vec<_>>()),
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the list of egresses could not be had");
                None
            }
        };
        if let Some(current) = session.state.egress() {
            let told = webhooks::latest(&self.store().webhooks_of(current).await?);
            webhooks::merge(&mut egresses, session.generation, told);
        }
        let relayed = match session.state {
            SessionState::Starting { .. } | SessionState::Live { .. } => {
                self.relay().shows().await.ok().map(|shows| shows.iter().any(|show| &show.session_id == id))
            }
            _ => None,
        };
        self.fetch_beat(id).await;
        // Read last: what was measured meanwhile is the newest there is.
        Ok(Some(Snapshot { facts: self.facts().of(id), session, egresses, relayed, now: self.now() }))
    }

    /// The overlay may be talking to another replica: what that one left is read before its silence is believed.
    async fn fetch_beat(&self, id: &SessionId) {
        let quiet = |at| self.now().millis_since(at) >= SILENCE_MS;
        if self.facts().of(id).pulse.is_some_and(|pulse| !quiet(pulse.at)) {
            return;
        }
        match self.store().passed_beat(id).await {
            Ok(Some(passed)) => self.facts().beat(id, passed.generation, passed.beat, self.now().plus_millis(-passed.age_ms)),
            Ok(None) => {}
            Err(error) => tracing::warn!(session = %id, error = %chain(&error), "heartbeats at other replicas could not be read"),
        }
    }

    fn generation_of(&self, egress: &EgressFacts, id: &SessionId) -> Option<Generation> {
        self.origin(&egress.page_url).filter(|(session, _)| session == id).map(|(_, generation)| generation)
    }
}

fn overdue(snapshot: &Snapshot) -> bool {
    match snapshot.session.state {
        SessionState::Ending { since, .. } => snapshot.now.millis_since(since) >= TAKE_DOWN_WITHIN_MS,
        _ => false,
    }
}
