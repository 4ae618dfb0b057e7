//! The port to persistent storage: accounts, sessions with their timelines, sealed keys, the feed's log.
//! One contract for SurrealDB in memory, on disk and over a socket. It enforces only the two rules that need a database:
//! one active session per owner, and no write over an older revision.

mod operations;
mod records;
pub mod surreal;

pub use operations::{Delivery, NewDelivery, OperationsStore};
pub use records::*;

use crate::{
    api::overlay::Heartbeat,
    domain::{
        account::User,
        agent::Agent,
        audit::AuditEntry,
        ids::{AgentId, DestinationId, EgressId, Generation, KeyId, SessionId, SignInId, UserId},
        key::ApiKey,
        session::{Owner, Session, SessionStatus},
        timestamp::Timestamp,
    },
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// A start repeated with its key within this long is the same start.
pub const IDEMPOTENT_FOR_MS: i64 = 24 * 3600 * 1000;

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The owner has an active session.
    #[error("the owner already has the active session {0}")]
    ActiveSession(SessionId),
    /// The name, id or key is taken.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// It was changed concurrently: read it again.
    #[error("it was changed by somebody else first")]
    Stale,
    #[error("it is not there")]
    Missing,
    /// The database failed or cannot be reached.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[async_trait]
pub trait Store: OperationsStore {
    /// Answers if the database does.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Adds an account. [`StoreError::Taken`] if the name (by `name_key`) is in use.
    async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> Result<(), StoreError>;
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;
    /// An account by its name, with its password hash if one is set.
    async fn user_by_name(&self, name_key: &str) -> Result<Option<(User, Option<String>)>, StoreError>;
    /// How many accounts there are.
    async fn count_users(&self) -> Result<u64, StoreError>;
    /// The names of all accounts, as they are shown.
    async fn user_names(&self) -> Result<Vec<String>, StoreError>;
    /// Sets, replaces or (`None`) forgets a password's hash. [`StoreError::Missing`] for an unknown account.
    async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> Result<(), StoreError>;

    async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> Result<(), StoreError>;
    /// What a cookie's token opens (never a one-time one).
    async fn sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError>;
    /// Removes a token and returns what it opened; exactly one of several racing callers gets it.
    async fn take_sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError>;
    /// An account's browsers (never one-time links), the latest first.
    async fn sign_ins_of(&self, user: &UserId) -> Result<Vec<SignIn>, StoreError>;
    /// Ends one of the account's sign-ins; [`StoreError::Missing`] if it is not theirs.
    async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> Result<(), StoreError>;
    /// Ends every sign-in and one-time link of an account but one.
    async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> Result<(), StoreError>;

    /// Adds an agent, or replaces what is known of the owner's agent with this id.
    async fn save_agent(&self, agent: &Agent) -> Result<(), StoreError>;
    async fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError>;
    /// A user's agents, the oldest first.
    async fn agents_of(&self, user: &UserId) -> Result<Vec<Agent>, StoreError>;
    /// Deletes a user's agent with its picture, keys, defaults and saved destinations; [`StoreError::Missing`] if it is not theirs.
    async fn delete_agent(&self, user: &UserId, id: &AgentId) -> Result<(), StoreError>;
    /// Replaces an agent's picture; `None` takes it away.
    async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> Result<(), StoreError>;
    async fn avatar(&self, agent: &AgentId) -> Result<Option<Avatar>, StoreError>;

    /// Adds an API key by its hash.
    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey) -> Result<(), StoreError>;
    /// The key behind a hash, whether it is still valid or not.
    async fn key(&self, hash: &TokenHash) -> Result<Option<ApiKey>, StoreError>;
    /// A user's keys and those of their agents, the oldest first.
    async fn keys_of(&self, user: &UserId) -> Result<Vec<ApiKey>, StoreError>;
    /// Revokes a user's key; a revoked one stays as it is. [`StoreError::Missing`] if it is not theirs.
    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> Result<ApiKey, StoreError>;
    /// Notes that a key was used.
    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError>;

    /// An owner's session defaults; the system's defaults if none are stored.
    async fn defaults(&self, owner: &Owner) -> Result<Defaults, StoreError>;
    async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> Result<(), StoreError>;

    /// Adds a line to the audit log.
    async fn insert_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// The audit log before this id, the latest first, at most `limit`.
    async fn audit(&self, before: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;

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
    /// Takes or renews a session's lease for `ttl` by the store's own clock; `false` while another holder's runs.
    async fn claim_lease(&self, session: &SessionId, holder: &str, ttl: Duration) -> Result<bool, StoreError>;
    /// Stores an overlay's heartbeat for the replica that leads its session.
    async fn forward_heartbeat(&self, session: &SessionId, generation: Generation, heartbeat: &Heartbeat) -> Result<(), StoreError>;
    /// The latest forwarded heartbeat, and its age by the store's own clock.
    async fn forwarded_heartbeat(&self, session: &SessionId) -> Result<Option<ForwardedHeartbeat>, StoreError>;
    /// Gives back every lease of a holder.
    async fn release_leases(&self, holder: &str) -> Result<(), StoreError>;
    async fn active_sessions(&self) -> Result<Vec<Session>, StoreError>;
    /// The owner's active session.
    async fn active_session_of(&self, owner: &Owner) -> Result<Option<Session>, StoreError>;
    async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError>;
    /// How many sessions from this id on are in a state.
    async fn count_in_state(&self, state: SessionStatus, from: &SessionId) -> Result<u64, StoreError>;
    /// Whether new sessions are refused for now.
    async fn draining(&self) -> Result<bool, StoreError>;
    /// Refuses new sessions, or takes them again.
    async fn set_draining(&self, draining: bool) -> Result<(), StoreError>;
    /// A session's timeline, oldest first.
    async fn timeline(&self, id: &SessionId) -> Result<Vec<TimelineEntry>, StoreError>;

    /// Saves a destination, or replaces the one with its id.
    async fn save_destination(&self, saved: &SavedDestination) -> Result<(), StoreError>;
    /// An owner's destinations, by name.
    async fn saved_destinations(&self, owner: &Owner) -> Result<Vec<SavedDestination>, StoreError>;
    /// Notes when destinations were used; those that are not kept are left out.
    async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> Result<(), StoreError>;
    /// Really deletes it; [`StoreError::Missing`] if it is not the owner's.
    async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> Result<(), StoreError>;

    /// Saved destinations whose key another master key than this one sealed.
    async fn destinations_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SavedDestination>, StoreError>;
    /// Replaces a saved destination's key, unless it is no longer the old one; whether it did.
    async fn reseal_destination(&self, id: &DestinationId, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError>;
    /// Sessions with a key that another master key than this one sealed.
    async fn sessions_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SessionId>, StoreError>;
    /// Replaces a session's keys, unless they are no longer the old ones; whether it did.
    async fn reseal_session(
        &self,
        id: &SessionId,
        old: &[(DestinationId, SealedKey)],
        new: &[(DestinationId, SealedKey)],
    ) -> Result<bool, StoreError>;

    /// Adds an overlay token.
    async fn insert_overlay_grant(&self, grant: &OverlayGrant) -> Result<(), StoreError>;
    /// An overlay token by its id.
    async fn overlay_grant(&self, id: &str) -> Result<Option<OverlayGrant>, StoreError>;
    /// Revokes a session's overlay tokens: those of one generation, or all.
    async fn revoke_overlay_grants(&self, session: &SessionId, generation: Option<Generation>) -> Result<(), StoreError>;

    /// Stores a webhook; `false` if its id is already stored.
    async fn insert_webhook(&self, webhook: &StoredWebhook) -> Result<bool, StoreError>;
    /// Webhooks that speak of an egress, oldest first.
    async fn webhooks_of(&self, egress: &EgressId) -> Result<Vec<StoredWebhook>, StoreError>;

    /// Appends to a session's feed and returns the sequence number; `None` if `id` was here before.
    async fn append_feed(
        &self,
        session: &SessionId,
        at: Timestamp,
        kind: &str,
        id: Option<&str>,
        data: &serde_json::Value,
    ) -> Result<Option<u64>, StoreError>;
    /// Appends several lines in one transaction, in their order; `None` for each whose id was here before.
    async fn append_lines(&self, session: &SessionId, at: Timestamp, lines: &[NewLine]) -> Result<Vec<Option<u64>>, StoreError>;
    /// Delays lines until `due`; `false` for each whose id is already stored.
    async fn hold_lines(&self, session: &SessionId, due: Timestamp, lines: &[NewLine]) -> Result<Vec<bool>, StoreError>;
    /// Appends the lines that are due, at most a hundred, and returns them; exactly one of several racing callers gets each.
    async fn release_lines(&self, session: &SessionId, now: Timestamp) -> Result<Vec<FeedEntry>, StoreError>;
    /// Counts of what [`Store::append_lines`] and [`Store::release_lines`] appended to a feed.
    async fn feed_counts(&self, session: &SessionId) -> Result<FeedCounts, StoreError>;
    /// Entries after `seq`, oldest first, at most `limit`.
    async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError>;
}
