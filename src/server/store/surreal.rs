//! The store on SurrealDB: in memory, on disk or over a socket by the address alone. Which statement does what stands
//! in the rooms below; here the database is opened and the port is answered.

mod accounts;
mod agents;
mod audit;
mod batch;
mod books;
mod connect;
mod defaults;
mod destinations;
mod feed;
mod keys;
mod known;
mod leases;
mod overlays;
mod query;
mod rotation;
mod schema;
mod sessions;
mod webhooks;

pub use connect::StoreCredentials;
pub use schema::NewerSchema;

use super::{
    Avatar, Defaults, FeedCounts, FeedEntry, NewDelivery, NewLine, OverlayGrant, PassedBeat, SavedDestination, SealedKey, SessionFilter,
    SignIn, Store, StoreError, StoredWebhook, TimelineEntry, TokenHash,
};
use crate::{
    api::overlay::Heartbeat,
    domain::{
        account::User,
        agent::Agent,
        audit::AuditEntry,
        ids::{AgentId, DestinationId, EgressId, Generation, KeyId, SessionId, SignInId, UserId},
        key::ApiKey,
        session::{Owner, Session},
        timestamp::Timestamp,
    },
    server::life::Life,
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
        let known = (!connect::is_shared(address)).then(Arc::default);
        let database = Database { client, life: None, known };
        schema::migrate(&database).await?;
        Ok(Self(database))
    }

    /// The same store, as a process has it that is killed in mid-work.
    #[must_use]
    pub fn mortal(&self, life: Life) -> Self {
        Self(Database { life: Some(life), ..self.0.clone() })
    }
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for SurrealStore {
    async fn ping(&self) -> Answer<()> {
        self.0.run("RETURN true", json!({})).await
    }

    async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> Answer<()> {
        self.0.insert_user(user, name_key, password_hash).await
    }
    async fn user(&self, id: &UserId) -> Answer<Option<User>> {
        self.0.user(id).await
    }
    async fn user_by_name(&self, name_key: &str) -> Answer<Option<(User, Option<String>)>> {
        self.0.user_by_name(name_key).await
    }
    async fn count_users(&self) -> Answer<u64> {
        self.0.count_users().await
    }
    async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> Answer<()> {
        self.0.set_password(user, password_hash).await
    }

    async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> Answer<()> {
        self.0.insert_sign_in(hash, sign_in).await
    }
    async fn sign_in(&self, hash: &TokenHash) -> Answer<Option<SignIn>> {
        self.0.sign_in(hash).await
    }
    async fn take_sign_in(&self, hash: &TokenHash) -> Answer<Option<SignIn>> {
        self.0.take_sign_in(hash).await
    }
    async fn sign_ins_of(&self, user: &UserId) -> Answer<Vec<SignIn>> {
        self.0.sign_ins_of(user).await
    }
    async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> Answer<()> {
        self.0.end_sign_in(user, id).await
    }
    async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> Answer<()> {
        self.0.end_other_sign_ins(user, keep).await
    }

    async fn save_agent(&self, agent: &Agent) -> Answer<()> {
        self.0.save_agent(agent).await
    }
    async fn agent(&self, id: &AgentId) -> Answer<Option<Agent>> {
        self.0.agent(id).await
    }
    async fn agents_of(&self, user: &UserId) -> Answer<Vec<Agent>> {
        self.0.agents_of(user).await
    }
    async fn delete_agent(&self, user: &UserId, id: &AgentId) -> Answer<()> {
        self.0.delete_agent(user, id).await
    }
    async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> Answer<()> {
        self.0.set_avatar(agent, avatar).await
    }
    async fn avatar(&self, agent: &AgentId) -> Answer<Option<Avatar>> {
        self.0.avatar(agent).await
    }

    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey) -> Answer<()> {
        self.0.insert_key(hash, key).await
    }
    async fn key(&self, hash: &TokenHash) -> Answer<Option<ApiKey>> {
        self.0.key(hash).await
    }
    async fn keys_of(&self, user: &UserId) -> Answer<Vec<ApiKey>> {
        self.0.keys_of(user).await
    }
    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> Answer<ApiKey> {
        self.0.revoke_key(user, id, at).await
    }
    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> Answer<()> {
        self.0.key_used(hash, at).await
    }

    async fn defaults(&self, owner: &Owner) -> Answer<Defaults> {
        self.0.defaults(owner).await
    }
    async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> Answer<()> {
        self.0.set_defaults(owner, defaults).await
    }

    async fn insert_audit(&self, entry: &AuditEntry) -> Answer<()> {
        self.0.insert_audit(entry).await
    }
    async fn audit(&self, before: Option<&str>, limit: usize) -> Answer<Vec<AuditEntry>> {
        self.0.audit(before, limit).await
    }

    async fn insert_session(
        &self,
        session: &Session,
        keys: &[(DestinationId, SealedKey)],
        idempotency_key: Option<&str>,
        entry: &TimelineEntry,
    ) -> Answer<()> {
        self.0.insert_session(session, keys, idempotency_key, entry).await
    }
    async fn session(&self, id: &SessionId) -> Answer<Option<Arc<Session>>> {
        self.0.session(id).await
    }
    async fn session_by_idempotency_key(&self, owner: &Owner, key: &str, since: Timestamp) -> Answer<Option<Session>> {
        self.0.session_by_idempotency_key(owner, key, since).await
    }
    async fn session_by_egress(&self, egress: &EgressId) -> Answer<Option<Session>> {
        self.0.session_by_egress(egress).await
    }
    async fn update_session(&self, session: &Session, entry: Option<&TimelineEntry>, news: &[NewDelivery]) -> Answer<()> {
        self.0.update_session(session, entry, news).await
    }
    async fn set_session_keys(&self, id: &SessionId, keys: &[(DestinationId, SealedKey)]) -> Answer<()> {
        self.0.set_session_keys(id, keys).await
    }
    async fn session_keys(&self, id: &SessionId) -> Answer<Vec<(DestinationId, SealedKey)>> {
        self.0.session_keys(id).await
    }
    async fn claim_lease(&self, session: &SessionId, holder: &str, ttl: Duration) -> Answer<bool> {
        self.0.claim_lease(session, holder, ttl).await
    }
    async fn pass_beat(&self, session: &SessionId, generation: Generation, beat: &Heartbeat) -> Answer<()> {
        self.0.pass_beat(session, generation, beat).await
    }
    async fn passed_beat(&self, session: &SessionId) -> Answer<Option<PassedBeat>> {
        self.0.passed_beat(session).await
    }
    async fn release_leases(&self, holder: &str) -> Answer<()> {
        self.0.release_leases(holder).await
    }
    async fn active_sessions(&self) -> Answer<Vec<Session>> {
        self.0.active_sessions().await
    }
    async fn active_session_of(&self, owner: &Owner) -> Answer<Option<Session>> {
        self.0.active_session_of(owner).await
    }
    async fn sessions(&self, filter: &SessionFilter) -> Answer<Vec<Session>> {
        self.0.sessions(filter).await
    }
    async fn count_in_state(&self, state: &str, from: &SessionId) -> Answer<u64> {
        self.0.count_in_state(state, from).await
    }
    async fn draining(&self) -> Answer<bool> {
        self.0.draining().await
    }
    async fn set_draining(&self, draining: bool) -> Answer<()> {
        self.0.set_draining(draining).await
    }
    async fn timeline(&self, id: &SessionId) -> Answer<Vec<TimelineEntry>> {
        self.0.timeline(id).await
    }

    async fn save_destination(&self, saved: &SavedDestination) -> Answer<()> {
        self.0.save_destination(saved).await
    }
    async fn saved_destinations(&self, owner: &Owner) -> Answer<Vec<SavedDestination>> {
        self.0.saved_destinations(owner).await
    }
    async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> Answer<()> {
        self.0.destinations_used(ids, at).await
    }
    async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> Answer<()> {
        self.0.delete_destination(owner, id).await
    }

    async fn destinations_sealed_otherwise(&self, key_id: &str) -> Answer<Vec<SavedDestination>> {
        self.0.destinations_sealed_otherwise(key_id).await
    }
    async fn reseal_destination(&self, id: &DestinationId, old: &SealedKey, new: &SealedKey) -> Answer<bool> {
        self.0.reseal_destination(id, old, new).await
    }
    async fn sessions_sealed_otherwise(&self, key_id: &str) -> Answer<Vec<SessionId>> {
        self.0.sessions_sealed_otherwise(key_id).await
    }
    async fn reseal_session(&self, id: &SessionId, old: &[(DestinationId, SealedKey)], new: &[(DestinationId, SealedKey)]) -> Answer<bool> {
        self.0.reseal_session(id, old, new).await
    }

    async fn insert_overlay_grant(&self, grant: &OverlayGrant) -> Answer<()> {
        self.0.insert_overlay_grant(grant).await
    }
    async fn overlay_grant(&self, id: &str) -> Answer<Option<OverlayGrant>> {
        self.0.overlay_grant(id).await
    }
    async fn revoke_overlay_grants(&self, session: &SessionId, generation: Option<Generation>) -> Answer<()> {
        self.0.revoke_overlay_grants(session, generation).await
    }

    async fn insert_webhook(&self, webhook: &StoredWebhook) -> Answer<bool> {
        self.0.insert_webhook(webhook).await
    }
    async fn webhooks_of(&self, egress: &EgressId) -> Answer<Vec<StoredWebhook>> {
        self.0.webhooks_of(egress).await
    }

    async fn append_feed(
        &self,
        session: &SessionId,
        at: Timestamp,
        kind: &str,
        id: Option<&str>,
        data: &serde_json::Value,
    ) -> Answer<Option<u64>> {
        self.0.append_feed(session, at, kind, id, data).await
    }
    async fn append_lines(&self, session: &SessionId, at: Timestamp, lines: &[NewLine]) -> Answer<Vec<Option<u64>>> {
        self.0.append_lines(session, at, lines).await
    }
    async fn hold_lines(&self, session: &SessionId, due: Timestamp, lines: &[NewLine]) -> Answer<Vec<bool>> {
        self.0.hold_lines(session, due, lines).await
    }
    async fn release_lines(&self, session: &SessionId, now: Timestamp) -> Answer<Vec<FeedEntry>> {
        self.0.release_lines(session, now).await
    }
    async fn feed_counts(&self, session: &SessionId) -> Answer<FeedCounts> {
        self.0.feed_counts(session).await
    }
    async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> Answer<Vec<FeedEntry>> {
        self.0.feed_after(session, seq, limit).await
    }
}
