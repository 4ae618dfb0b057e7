//! The use cases. Server functions and the HTTP API call these and nothing else; below are only the ports. Every change of a session goes through `Studio::change`: read, transition, store over
//! the revision that was read, then announce.

mod account_names;
pub mod accounts;
pub mod admin_sessions;
pub mod admin_socket;
pub mod agents;
pub mod analytics;
mod apply;
pub mod audit;
pub mod avatar;
pub mod destination_stats;
pub mod destinations;
mod event_history;
pub mod events;
pub mod feed;
mod feed_writer;
mod foreign_sessions;
pub mod games;
mod ids;
mod key_cache;
pub mod key_rotation;
pub mod keys;
pub mod lease;
pub mod listing;
pub mod observed;
pub mod outbox;
pub mod overlay;
pub mod plan;
mod preflight;
mod preview;
pub mod reconcile;
pub mod replace;
pub mod saved_destinations;
pub mod start;
pub mod stop;
pub mod timeline;
mod validation;
pub mod viewers;
pub mod views;
pub mod webhooks;

use super::{
    auth::caller::Caller,
    clock::Clock,
    error::{StudioError, StudioResult},
    limits::Limits,
    livekit::LiveKit,
    relay::Relay,
    store::{Store, StoreError, TimelineEntry},
    vault::Vault,
    viewers::ViewerCounter,
};
use crate::{
    api::sessions::SessionView,
    config::serve::ServeConfig,
    domain::{
        address::AllowList,
        ids::SessionId,
        session::{Actor, Session},
        timestamp::Timestamp,
    },
};
use feed::Feed;
use observed::ObservedStates;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio_util::sync::CancellationToken;

/// The use cases over their ports. Cheap to clone.
#[derive(Clone)]
pub struct Studio(Arc<Inner>);

/// The ports, given once at start.
pub struct Ports {
    /// The configuration.
    pub config: ServeConfig,
    pub clock: Clock,
    pub store: Arc<dyn Store>,
    pub livekit: Arc<dyn LiveKit>,
    /// Those who tell how many watch.
    pub viewers: Vec<Arc<dyn ViewerCounter>>,
    pub relay: Arc<dyn Relay>,
    /// Opens and seals stream keys.
    pub vault: Vault,
    /// Which private addresses may be destinations.
    pub allow: AllowList,
}

struct Inner {
    ports: Ports,
    feed: Feed,
    observed: ObservedStates,
    limits: Limits,
    closing: CancellationToken,
    /// Generates ids by the studio's clock.
    ids: ids::Ids,
    /// One lock per active session, held by the task that acts on its egress.
    locks: Mutex<HashMap<SessionId, Arc<tokio::sync::Mutex<()>>>>,
    names: Mutex<HashMap<crate::domain::ids::UserId, String>>,
    /// The sessions this replica leads, and when it last said so to the store.
    leases: Mutex<HashMap<SessionId, tokio::time::Instant>>,
    /// The last announced revision of each running session.
    announced: Mutex<HashMap<SessionId, u64>>,
    /// Lines on their way into feeds.
    feed_writer: feed_writer::FeedWriter,
    /// Callers of recently used API keys.
    api_keys: key_cache::ApiKeyCache,
    /// One collection of orphans at a time.
    collecting: tokio::sync::Mutex<()>,
}

/// What a change of a session did: the new session, and the line for its timeline if something happened.
pub struct Change {
    /// As it shall be stored; its revision is set by `Studio::change`.
    pub session: Session,
    /// What happened, as a sentence.
    pub what: Option<String>,
}

impl Studio {
    /// A studio over its ports; no background task runs yet.
    pub fn new(ports: Ports) -> Self {
        let limits = Limits::new(ports.config.rate_factor);
        Self(Arc::new(Inner {
            ports,
            feed: Feed::default(),
            observed: ObservedStates::default(),
            limits,
            closing: CancellationToken::new(),
            ids: ids::Ids::new(),
            locks: Mutex::default(),
            names: Mutex::default(),
            leases: Mutex::default(),
            announced: Mutex::default(),
            feed_writer: feed_writer::FeedWriter::default(),
            api_keys: key_cache::ApiKeyCache::default(),
            collecting: tokio::sync::Mutex::default(),
        }))
    }

    /// The configuration.
    pub fn config(&self) -> &ServeConfig {
        &self.0.ports.config
    }

    pub fn store(&self) -> &dyn Store {
        &*self.0.ports.store
    }

    /// What has just happened, for the doors' event streams.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// How much anybody may ask for.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Cancelled when the process is asked to end: endless answers end then.
    pub fn closing(&self) -> &CancellationToken {
        &self.0.closing
    }

    fn livekit(&self) -> &dyn LiveKit {
        &*self.0.ports.livekit
    }

    fn relay(&self) -> &dyn Relay {
        &*self.0.ports.relay
    }

    fn vault(&self) -> &Vault {
        &self.0.ports.vault
    }

    fn observed(&self) -> &ObservedStates {
        &self.0.observed
    }

    /// Now, by the studio's clock.
    pub fn now(&self) -> Timestamp {
        self.0.ports.clock.now()
    }

    /// LiveKit and the store answer, or why not.
    pub async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        let store = self.store().ping().await.map_err(|error| super::error::chain(&error));
        let livekit = self.livekit().ping().await.map_err(|error| super::error::chain(&error));
        vec![("store", store), ("livekit", livekit)]
    }

    fn new_id<T: TryFrom<String>>(&self) -> T {
        self.0.ids.next(self.now())
    }

    fn lock_of(&self, id: &SessionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.locks.lock().expect("no holder panics: nothing is called under this lock");
        Arc::clone(locks.entry(id.clone()).or_default())
    }

    fn forget(&self, id: &SessionId) {
        self.0.locks.lock().expect("no holder panics: nothing is called under this lock").remove(id);
        self.observed().forget(id);
    }

    /// The caller's session; any session for an admin. Foreign sessions give the same error as missing ones.
    async fn own(&self, caller: &Caller, id: &SessionId) -> StudioResult<Arc<Session>> {
        let session = self.store().session(id).await?;
        session.filter(|session| caller.owns(session) || caller.is_admin()).ok_or_else(|| StudioError::not_found("show"))
    }

    /// Reads a session, lets `step` change it (or leave it: `None`), stores it over the revision that was read, announces
    /// it. After a concurrent change everything is repeated on the new revision.
    async fn change<F>(&self, id: &SessionId, actor: Actor, mut step: F) -> StudioResult<Session>
    where
        F: FnMut(&Session) -> Option<Change> + Send,
    {
        loop {
            let stored = self.store().session(id).await?.ok_or(StoreError::Missing)?;
            let Some(Change { mut session, what }) = step(&stored) else { return Ok(Arc::unwrap_or_clone(stored)) };
            session.revision = stored.revision + 1;
            let entry = what.map(|what| TimelineEntry { at: self.now(), actor, what, state: session.state.status() });
            let deliveries = self.deliveries_of(&stored, &session);
            match self.store().update_session(&session, entry.as_ref(), &deliveries).await {
                Ok(()) => {
                    if let Some(entry) = &entry {
                        tracing::info!(session = %id, state = session.state.name(), ?actor, what = entry.what, "session changed");
                    }
                    self.announce(&session).await;
                    return Ok(session);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends the session's current view to all listeners.
    async fn announce(&self, session: &Session) {
        self.announced().insert(session.id.clone(), session.revision);
        let view: SessionView = self.view(session).await;
        self.feed().session(view);
    }
}
