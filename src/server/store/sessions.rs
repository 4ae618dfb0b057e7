//! Sessions with their timelines and their destinations' keys.

use super::{Idempotency, NewDelivery, RememberedCall, SavedDestination, SealedKey, StoreError};
use crate::domain::{
    ids::{DestinationId, EgressId, SessionId, UserId},
    session::{Actor, Owner, Session, SessionStatus},
    timestamp::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A session before it is stored, with what is stored and checked in the same transaction.
#[derive(Debug, Clone, Copy)]
pub struct NewStoredSession<'a> {
    /// Revision 1.
    pub session: &'a Session,
    /// The keys of its destinations.
    pub keys: &'a [(DestinationId, SealedKey)],
    pub idempotency: Option<&'a Idempotency>,
    /// Its first timeline entry.
    pub entry: &'a TimelineEntry,
    /// How many destinations are to be saved for the owner after it.
    pub saving: usize,
    pub limits: SessionLimits,
    /// Under which [`SessionStore::claim_start`] claimed the start.
    pub claim: Option<&'a str>,
}

/// How many there may be, with the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Active sessions of the account and its agents.
    pub of_account: usize,
    /// Active sessions of all accounts.
    pub in_all: usize,
    /// Saved destinations of the owner.
    pub saved: usize,
}

/// A session with other destinations, and what is stored in the same transaction.
#[derive(Debug, Clone, Copy)]
pub struct DestinationChange<'a> {
    /// As [`SessionStore::update_session`] takes it.
    pub session: &'a Session,
    pub entry: &'a TimelineEntry,
    pub deliveries: &'a [NewDelivery],
    /// The keys of the destinations that are new.
    pub keys: &'a [(DestinationId, SealedKey)],
    /// Destinations saved for the owner on the way.
    pub saved: &'a [SavedDestination],
    /// How many saved destinations the owner may have.
    pub most_saved: usize,
    /// The call that is remembered by its idempotency key.
    pub call: Option<&'a RememberedCall>,
}

/// One entry of a session's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: Actor,
    /// What happened, as a sentence.
    pub what: String,
    /// The status after it.
    pub state: SessionStatus,
}

/// Which sessions a list shows; newest first.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only this account's (its own and its agents').
    pub account: Option<UserId>,
    /// Only active ones, or only those that are over.
    pub active: Option<bool>,
    /// Only in this state; with an account, the caller sees to it.
    pub state: Option<SessionStatus>,
    /// Only behind this id: the cursor.
    pub behind: Option<SessionId>,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// At most this many.
    pub limit: usize,
}

#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a session with its first timeline entry and its destinations' keys, in one transaction.
    /// [`StoreError::Taken`] if the owner used the idempotency key in the 24 hours before (an older use is forgotten);
    /// [`StoreError::ActiveSession`] if the owner has an active one; [`StoreError::Starting`] if another start of the owner is
    /// claimed; [`StoreError::TooMany`] at a limit; [`StoreError::Missing`] if the owner is an agent that is gone.
    async fn insert_session(&self, new: &NewStoredSession<'_>) -> Result<(), StoreError>;
    /// Claims the start of a session whose owner has an active one, which is to end first: until `ttl` is over, the new one counts
    /// as a session, and the owner has no other start. Answers with the active session, or `None` if there is none any more.
    /// Refuses what [`Self::insert_session`] would refuse, except for the active session.
    async fn claim_start(&self, new: &NewStoredSession<'_>, ttl: Duration) -> Result<Option<SessionId>, StoreError>;
    /// Gives a claim back that led to no session.
    async fn release_start(&self, owner: &Owner, claim: &str) -> Result<(), StoreError>;
    /// A session, shared by all who look at it.
    async fn session(&self, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError>;
    /// The session an owner started with this key since `since`, and the fingerprint of what was asked for.
    async fn session_by_idempotency_key(
        &self,
        owner: &Owner,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<(Session, Option<String>)>, StoreError>;
    /// The session that asked for this egress, now or earlier.
    async fn session_by_egress(&self, egress: &EgressId) -> Result<Option<Session>, StoreError>;
    /// Stores `session` over the revision before its own, with a timeline entry if something happened, in one transaction.
    /// It also writes the webhook deliveries and, for a session that is over, its sums; that one's keys are deleted. [`StoreError::Stale`] if the stored
    /// revision is not `session.revision - 1`.
    async fn update_session(&self, session: &Session, entry: Option<&TimelineEntry>, deliveries: &[NewDelivery]) -> Result<(), StoreError>;
    /// Stores a session with other destinations: like [`Self::update_session`], and in the same transaction the keys of removed
    /// destinations are deleted, those of new ones added, destinations saved ([`StoreError::TooMany`] at the limit), and the call
    /// remembered ([`StoreError::Taken`] if its key was used since 24 hours before it).
    async fn update_destinations(&self, change: &DestinationChange<'_>) -> Result<(), StoreError>;
    /// The call that an owner's key was used for since `since`.
    async fn remembered_call(&self, owner: &Owner, key: &str, since: Timestamp) -> Result<Option<RememberedCall>, StoreError>;
    /// The keys of a session's destinations.
    async fn session_keys(&self, id: &SessionId) -> Result<Vec<(DestinationId, SealedKey)>, StoreError>;
    async fn active_sessions(&self) -> Result<Vec<Session>, StoreError>;
    /// The owner's active session.
    async fn active_session_of(&self, owner: &Owner) -> Result<Option<Session>, StoreError>;
    async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError>;
    /// How many sessions from this id on are in a state.
    async fn count_in_state(&self, state: SessionStatus, from: &SessionId) -> Result<u64, StoreError>;
    /// A session's timeline, oldest first.
    async fn timeline(&self, id: &SessionId) -> Result<Vec<TimelineEntry>, StoreError>;
}
