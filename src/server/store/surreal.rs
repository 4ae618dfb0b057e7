//! The store on SurrealDB: in memory, on disk or over a socket by the address alone. The statements are in
//! the modules below; this file opens the database and implements the port.

mod accounts;
mod agents;
mod audit;
mod batch;
mod connect;
mod defaults;
mod destinations;
mod feed;
mod key_rotation;
mod keys;
mod leases;
mod operations;
mod overlays;
mod query;
mod schema;
mod session_cache;
mod sessions;
mod webhooks;

pub use connect::StoreCredentials;
pub use schema::NewerSchema;

use super::{
    Avatar, Defaults, FeedCounts, FeedEntry, ForwardedHeartbeat, NewDelivery, NewLine, OverlayGrant, SavedDestination, SealedKey,
    SessionFilter, SignIn, Store, StoreError, StoredWebhook, TimelineEntry, TokenHash,
};
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
    server::crash_budget::CrashBudget,
};
use async_trait::async_trait;
use query::Database;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// An open store; clones share it.
#[derive(Debug, Clone)]
pub struct SurrealStore(Database);

impl SurrealStore {
    /// Opens `surrealkv://folder`, `mem://` or `ws://host:port` and brings the schema up.
    ///
    /// # Errors
    /// The address cannot be opened, another process holds the folder for ten seconds more, the server refuses the
    /// credentials, or a newer Footlight wrote the store ([`NewerSchema`] as the source).
    pub async fn open(address: &str, credentials: Option<&StoreCredentials>) -> Result<Self, StoreError> {
        let client = connect::enter(address, credentials).await?;
        let cache = (!connect::is_shared(address)).then(Arc::default);
        let database = Database { client, crash_budget: None, cache };
        schema::migrate(&database).await?;
        Ok(Self(database))
    }

    /// The same store for a simulated process that is killed when the budget is exhausted.
    #[must_use]
    pub fn with_crash_budget(&self, budget: CrashBudget) -> Self {
        Self(Database { crash_budget: Some(budget), ..self.0.clone() })
    }
}

type StoreResult<T> = Result<T, StoreError>;

#[async_trait]
impl Store for SurrealStore {
    async fn ping(&self) -> StoreResult<()> {
        self.0.run("RETURN true", json!({})).await
    }
    async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> StoreResult<()> {
        self.0.insert_user(user, name_key, password_hash).await
    }
    async fn user(&self, id: &UserId) -> StoreResult<Option<User>> {
        self.0.user(id).await
    }
    async fn user_by_name(&self, name_key: &str) -> StoreResult<Option<(User, Option<String>)>> {
        self.0.user_by_name(name_key).await
    }
    async fn user_names(&self) -> StoreResult<Vec<String>> {
        self.0.user_names().await
    }
    async fn count_users(&self) -> StoreResult<u64> {
        self.0.count_users().await
    }
    async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> StoreResult<()> {
        self.0.set_password(user, password_hash).await
    }
    async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> StoreResult<()> {
        self.0.insert_sign_in(hash, sign_in).await
    }
    async fn sign_in(&self, hash: &TokenHash) -> StoreResult<Option<SignIn>> {
        self.0.sign_in(hash).await
    }
    async fn take_sign_in(&self, hash: &TokenHash) -> StoreResult<Option<SignIn>> {
        self.0.take_sign_in(hash).await
    }
    async fn sign_ins_of(&self, user: &UserId) -> StoreResult<Vec<SignIn>> {
        self.0.sign_ins_of(user).await
    }
    async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> StoreResult<()> {
        self.0.end_sign_in(user, id).await
    }
    async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> StoreResult<()> {
        self.0.end_other_sign_ins(user, keep).await
    }

    async fn save_agent(&self, agent: &Agent) -> StoreResult<()> {
        self.0.save_agent(agent).await
    }
    async fn agent(&self, id: &AgentId) -> StoreResult<Option<Agent>> {
        self.0.agent(id).await
    }
    async fn agents_of(&self, user: &UserId) -> StoreResult<Vec<Agent>> {
        self.0.agents_of(user).await
    }
    async fn delete_agent(&self, user: &UserId, id: &AgentId) -> StoreResult<()> {
        self.0.delete_agent(user, id).await
    }
    async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> StoreResult<()> {
        self.0.set_avatar(agent, avatar).await
    }
    async fn avatar(&self, agent: &AgentId) -> StoreResult<Option<Avatar>> {
        self.0.avatar(agent).await
    }

    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey) -> StoreResult<()> {
        self.0.insert_key(hash, key).await
    }
    async fn key(&self, hash: &TokenHash) -> StoreResult<Option<ApiKey>> {
        self.0.key(hash).await
    }
    async fn keys_of(&self, user: &UserId) -> StoreResult<Vec<ApiKey>> {
        self.0.keys_of(user).await
    }
    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> StoreResult<ApiKey> {
        self.0.revoke_key(user, id, at).await
    }
    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> StoreResult<()> {
        self.0.key_used(hash, at).await
    }

    async fn defaults(&self, owner: &Owner) -> StoreResult<Defaults> {
        self.0.defaults(owner).await
    }
    async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> StoreResult<()> {
        self.0.set_defaults(owner, defaults).await
    }

    async fn insert_audit(&self, entry: &AuditEntry) -> StoreResult<()> {
        self.0.insert_audit(entry).await
    }
    async fn audit(&self, before: Option<&str>, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.0.audit(before, limit).await
    }

    async fn insert_session(
        &self,
        session: &Session,
        keys: &[(DestinationId, SealedKey)],
        idempotency_key: Option<&str>,
        entry: &TimelineEntry,
    ) -> StoreResult<()> {
        self.0.insert_session(session, keys, idempotency_key, entry).await
    }
    async fn session(&self, id: &SessionId) -> StoreResult<Option<Arc<Session>>> {
        self.0.session(id).await
    }
    async fn session_by_idempotency_key(&self, owner: &Owner, key: &str, since: Timestamp) -> StoreResult<Option<Session>> {
        self.0.session_by_idempotency_key(owner, key, since).await
    }
    async fn session_by_egress(&self, egress: &EgressId) -> StoreResult<Option<Session>> {
        self.0.session_by_egress(egress).await
    }
    async fn update_session(&self, session: &Session, entry: Option<&TimelineEntry>, deliveries: &[NewDelivery]) -> StoreResult<()> {
        self.0.update_session(session, entry, deliveries).await
    }
    async fn set_session_keys(&self, id: &SessionId, keys: &[(DestinationId, SealedKey)]) -> StoreResult<()> {
        self.0.set_session_keys(id, keys).await
    }
    async fn session_keys(&self, id: &SessionId) -> StoreResult<Vec<(DestinationId, SealedKey)>> {
        self.0.session_keys(id).await
    }
    async fn claim_lease(&self, session: &SessionId, holder: &str, ttl: Duration) -> StoreResult<bool> {
        self.0.claim_lease(session, holder, ttl).await
    }
    async fn forward_heartbeat(&self, session: &SessionId, generation: Generation, heartbeat: &Heartbeat) -> StoreResult<()> {
        self.0.forward_heartbeat(session, generation, heartbeat).await
    }
    async fn forwarded_heartbeat(&self, session: &SessionId) -> StoreResult<Option<ForwardedHeartbeat>> {
        self.0.forwarded_heartbeat(session).await
    }
    async fn release_leases(&self, holder: &str) -> StoreResult<()> {
        self.0.release_leases(holder).await
    }
    async fn active_sessions(&self) -> StoreResult<Vec<Session>> {
        self.0.active_sessions().await
    }
    async fn active_session_of(&self, owner: &Owner) -> StoreResult<Option<Session>> {
        self.0.active_session_of(owner).await
    }
    async fn sessions(&self, filter: &SessionFilter) -> StoreResult<Vec<Session>> {
        self.0.sessions(filter).await
    }
    async fn count_in_state(&self, state: SessionStatus, from: &SessionId) -> StoreResult<u64> {
        self.0.count_in_state(state, from).await
    }
    async fn draining(&self) -> StoreResult<bool> {
        self.0.draining().await
    }
    async fn set_draining(&self, draining: bool) -> StoreResult<()> {
        self.0.set_draining(draining).await
    }
    async fn timeline(&self, id: &SessionId) -> StoreResult<Vec<TimelineEntry>> {
        self.0.timeline(id).await
    }

    async fn save_destination(&self, saved: &SavedDestination) -> StoreResult<()> {
        self.0.save_destination(saved).await
    }
    async fn saved_destinations(&self, owner: &Owner) -> StoreResult<Vec<SavedDestination>> {
        self.0.saved_destinations(owner).await
    }
    async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> StoreResult<()> {
        self.0.destinations_used(ids, at).await
    }
    async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> StoreResult<()> {
        self.0.delete_destination(owner, id).await
    }

    async fn destinations_sealed_with_other_key(&self, key_id: &str) -> StoreResult<Vec<SavedDestination>> {
        self.0.destinations_sealed_with_other_key(key_id).await
    }
    async fn reseal_destination(&self, id: &DestinationId, old: &SealedKey, new: &SealedKey) -> StoreResult<bool> {
        self.0.reseal_destination(id, old, new).await
    }
    async fn sessions_sealed_with_other_key(&self, key_id: &str) -> StoreResult<Vec<SessionId>> {
        self.0.sessions_sealed_with_other_key(key_id).await
    }
    async fn reseal_session(
        &self,
        id: &SessionId,
        old: &[(DestinationId, SealedKey)],
        new: &[(DestinationId, SealedKey)],
    ) -> StoreResult<bool> {
        self.0.reseal_session(id, old, new).await
    }

    async fn insert_overlay_grant(&self, grant: &OverlayGrant) -> StoreResult<()> {
        self.0.insert_overlay_grant(grant).await
    }
    async fn overlay_grant(&self, id: &str) -> StoreResult<Option<OverlayGrant>> {
        self.0.overlay_grant(id).await
    }
    async fn revoke_overlay_grants(&self, session: &SessionId, generation: Option<Generation>) -> StoreResult<()> {
        self.0.revoke_overlay_grants(session, generation).await
    }

    async fn insert_webhook(&self, webhook: &StoredWebhook) -> StoreResult<bool> {
        self.0.insert_webhook(webhook).await
    }
    async fn webhooks_of(&self, egress: &EgressId) -> StoreResult<Vec<StoredWebhook>> {
        self.0.webhooks_of(egress).await
    }

    async fn append_feed(
        &self,
        session: &SessionId,
        at: Timestamp,
        kind: &str,
        id: Option<&str>,
        data: &serde_json::Value,
    ) -> StoreResult<Option<u64>> {
        self.0.append_feed(session, at, kind, id, data).await
    }
    async fn append_lines(&self, session: &SessionId, at: Timestamp, lines: &[NewLine]) -> StoreResult<Vec<Option<u64>>> {
        self.0.append_lines(session, at, lines).await
    }
    async fn hold_lines(&self, session: &SessionId, due: Timestamp, lines: &[NewLine]) -> StoreResult<Vec<bool>> {
        self.0.hold_lines(session, due, lines).await
    }
    async fn release_lines(&self, session: &SessionId, now: Timestamp) -> StoreResult<Vec<FeedEntry>> {
        self.0.release_lines(session, now).await
    }
    async fn feed_counts(&self, session: &SessionId) -> StoreResult<FeedCounts> {
        self.0.feed_counts(session).await
    }
    async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> StoreResult<Vec<FeedEntry>> {
        self.0.feed_after(session, seq, limit).await
    }
}
