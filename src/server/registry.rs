//! Every session as it is stored and as it is observed now. Each change of a session goes through `SessionRegistry::change`: read,
//! transition, store over the revision that was read, then announce.

mod deliveries;
pub mod destination_stats;
pub mod evidence;
pub mod observed;
mod views;

use super::{
    auth::caller::Caller,
    error::{StudioError, StudioResult},
    feed::Feed,
    ports::Ports,
    store::{DestinationChange, RememberedCall, SavedDestination, SealedKey, StoreError, TimelineEntry},
};
use crate::{
    api::sessions::SessionView,
    domain::{
        destination::Destination,
        ids::{DestinationId, SessionId, UserId},
        session::{Actor, Session},
    },
};
use deliveries::deliveries_of;
use observed::ObservedStates;
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Reads, changes, stores and announces sessions. Cheap to clone.
#[derive(Clone)]
pub struct SessionRegistry {
    ports: Arc<Ports>,
    feed: Feed,
    known: Arc<Known>,
}

/// What this process knows of running sessions.
#[derive(Default)]
struct Known {
    observed: ObservedStates,
    /// Names of accounts.
    names: Mutex<HashMap<UserId, String>>,
    /// The last announced revision of each running session.
    announced: Mutex<HashMap<SessionId, u64>>,
}

/// What a change of a session did: the new session, and the line for its timeline if something happened.
pub struct Change {
    /// As it shall be stored; its revision is set by `SessionRegistry::change`.
    pub session: Session,
    /// What happened, as a sentence.
    pub what: Option<String>,
}

/// Other destinations of a session, and what is stored with them.
pub struct NewDestinations<'a> {
    pub destinations: Vec<Destination>,
    /// What changed, as a sentence.
    pub what: String,
    /// The keys of those that are new.
    pub keys: &'a [(DestinationId, SealedKey)],
    pub saved: &'a [SavedDestination],
    pub most_saved: usize,
    pub call: Option<&'a RememberedCall>,
}

impl SessionRegistry {
    pub fn new(ports: Arc<Ports>, feed: Feed) -> Self {
        Self { ports, feed, known: Arc::default() }
    }

    /// What has just happened, for event streams.
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// What this process has observed of running sessions.
    pub fn observed(&self) -> &ObservedStates {
        &self.known.observed
    }

    /// The caller's session; any session for an admin. Foreign sessions give the same error as missing ones.
    pub(in crate::server) async fn own(&self, caller: &Caller, id: &SessionId) -> StudioResult<Arc<Session>> {
        let session = self.ports.store.session(id).await?;
        session.filter(|session| caller.owns(session) || caller.is_admin()).ok_or_else(|| StudioError::not_found("show"))
    }

    /// Reads a session, lets `step` change it (or leave it: `None`), stores it over the revision that was read, announces
    /// it. After a concurrent change everything is repeated on the new revision.
    pub(in crate::server) async fn change<F>(&self, id: &SessionId, actor: Actor, mut step: F) -> StudioResult<Session>
    where
        F: FnMut(&Session) -> Option<Change> + Send,
    {
        loop {
            let stored = self.ports.store.session(id).await?.ok_or(StoreError::Missing)?;
            let Some(Change { mut session, what }) = step(&stored) else { return Ok(Arc::unwrap_or_clone(stored)) };
            session.revision = stored.revision + 1;
            let entry = what.map(|what| TimelineEntry { at: self.ports.now(), actor, what, state: session.state.status() });
            let deliveries = deliveries_of(&self.ports.config.hooks.servers, &stored, &session, self.ports.now());
            match self.ports.store.update_session(&session, entry.as_ref(), &deliveries).await {
                Ok(()) => {
                    self.changed(&session, entry.as_ref()).await;
                    return Ok(session);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Stores other destinations of a session over the revision that was read, with their keys and whatever else belongs to the
    /// change, and announces it. `None` after a concurrent change: read again.
    pub(in crate::server) async fn change_destinations(
        &self,
        stored: &Session,
        actor: Actor,
        wanted: &NewDestinations<'_>,
    ) -> StudioResult<Option<Session>> {
        let session = Session { destinations: wanted.destinations.clone(), revision: stored.revision + 1, ..stored.clone() };
        let now = self.ports.now();
        let entry = TimelineEntry { at: now, actor, what: wanted.what.clone(), state: session.state.status() };
        let deliveries = deliveries_of(&self.ports.config.hooks.servers, stored, &session, now);
        let change = DestinationChange {
            session: &session,
            entry: &entry,
            deliveries: &deliveries,
            keys: wanted.keys,
            saved: wanted.saved,
            most_saved: wanted.most_saved,
            call: wanted.call,
        };
        match self.ports.store.update_destinations(&change).await {
            Ok(()) => {
                self.changed(&session, Some(&entry)).await;
                Ok(Some(session))
            }
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn changed(&self, session: &Session, entry: Option<&TimelineEntry>) {
        if let Some(TimelineEntry { actor, what, .. }) = entry {
            tracing::info!(session = %session.id, state = session.state.name(), ?actor, what, "session changed");
        }
        self.announce(session).await;
    }

    /// Sends the session's current view to all listeners.
    pub(in crate::server) async fn announce(&self, session: &Session) {
        self.announced().insert(session.id.clone(), session.revision);
        let view: SessionView = self.complete_view(session).await;
        self.feed.session(view);
    }

    /// Announces what other replicas have stored: the events of this process's clients come from this process.
    /// `over` hears which ones are over by now.
    pub(in crate::server) async fn announce_stored(&self, active: &[Session], over: impl Fn(&SessionId) + Send) -> StudioResult<()> {
        let known = self.announced().clone();
        for session in active.iter().filter(|session| known.get(&session.id) != Some(&session.revision)) {
            self.announce(session).await;
        }
        let running: HashSet<_> = active.iter().map(|session| &session.id).collect();
        for (id, revision) in known.iter().filter(|(id, _)| !running.contains(id)) {
            if let Some(session) = self.ports.store.session(id).await? {
                if session.state.is_active() {
                    continue;
                }
                if session.revision != *revision {
                    self.announce(&session).await;
                }
            }
            self.announced().remove(id);
            over(id);
        }
        Ok(())
    }

    fn announced(&self) -> MutexGuard<'_, HashMap<SessionId, u64>> {
        self.known.announced.lock()
    }
}
