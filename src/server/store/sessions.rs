//! Sessions with their timelines and their destinations' keys.

use super::{NewDelivery, SealedKey, StoreError};
use crate::domain::{
    ids::{DestinationId, EgressId, SessionId, UserId},
    session::{Actor, Owner, Session, SessionStatus},
    timestamp::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A start repeated with its key within this long is the same start.
pub const IDEMPOTENT_FOR_MS: i64 = 24 * 3600 * 1000;

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
    /// Adds a session (revision 1) with its first timeline entry and its destinations' keys, in one transaction.
    /// [`StoreError::ActiveSession`] if the owner has an active one; [`StoreError::Taken`] if the owner used `idempotency_key`
    /// in the 24 hours before (an older use is forgotten).
    async fn insert_session(
        &self,
        session: &Session,
        keys: &[(DestinationId, SealedKey)],
        idempotency_key: Option<&str>,
        entry: &TimelineEntry,
    ) -> Result<(), StoreError>;
    /// A session, shared by all who look at it.
    async fn session(&self, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError>;
    /// The session an owner started with this key since `since`.
    async fn session_by_idempotency_key(&self, owner: &Owner, key: &str, since: Timestamp) -> Result<Option<Session>, StoreError>;
    /// The session that asked for this egress, now or earlier.
    async fn session_by_egress(&self, egress: &EgressId) -> Result<Option<Session>, StoreError>;
    /// Stores `session` over the revision before its own, with a timeline entry if something happened, in one transaction.
    /// It also writes the webhook deliveries and, for a finished session, its sums. [`StoreError::Stale`] if the stored
    /// revision is not `session.revision - 1`.
    async fn update_session(&self, session: &Session, entry: Option<&TimelineEntry>, deliveries: &[NewDelivery]) -> Result<(), StoreError>;
    /// Replaces the keys of a session's destinations.
    async fn set_session_keys(&self, id: &SessionId, keys: &[(DestinationId, SealedKey)]) -> Result<(), StoreError>;
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
