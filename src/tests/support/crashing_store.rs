//! The store of a process that is killed after a number of calls. Every method first spends one call. Inside a method there is no
//! further place to be killed at: each method of the store writes with at most one statement, and what it reads before leaves no
//! trace, so a kill in between is the same as a kill before the method.

use super::crash_budget::CrashBudget;
use async_trait::async_trait;
use footlight::{
    api::overlay::Heartbeat,
    domain::{
        account::User,
        agent::Agent,
        analytics::Sum,
        audit::AuditEntry,
        ids::{AgentId, DestinationId, EgressId, Generation, KeyId, SessionId, SignInId, UserId},
        key::ApiKey,
        session::{Owner, Session, SessionStatus},
        timestamp::Timestamp,
    },
    server::store::{
        AccountStore, AgentStore, AnalyticsStore, AuditStore, Avatar, BackupStore, CredentialStore, Defaults, DefaultsStore, Delivery,
        DestinationChange, DestinationStore, ErasureStore, FeedCounts, FeedEntry, FeedSnapshot, FeedStore, ForwardedHeartbeat, KeyLimits,
        KeyRotationStore, KeyStore, LeaseStore, NewDelivery, NewLine, NewStoredSession, OutboxStore, OverlayGrant, OverlayGrantStore,
        RememberedCall, RetentionStore, SavedDestination, SealedKey, SessionFilter, SessionStore, SignIn, Store, StoreContents, StoreError,
        StoreExport, StoredWebhook, TimelineEntry, TokenHash, WebhookStore,
    },
};
use std::{sync::Arc, time::Duration};

pub struct CrashingStore(pub Arc<dyn Store>, pub CrashBudget);

/// Implements each port by spending a call and handing it on.
macro_rules! handed_on {
    ($($port:ident { $($method:ident($($name:ident: $kind:ty),*) -> $answer:ty;)* })*) => { $(
        #[async_trait]
        impl $port for CrashingStore { $(
            async fn $method(&self, $($name: $kind),*) -> Result<$answer, StoreError> {
                self.1.count(stringify!($method));
                self.1.spend().await;
                self.0.$method($($name),*).await
            }
        )* }
    )* };
}

handed_on! {
    AccountStore {
        insert_user(user: &User, name_key: &str, password_hash: Option<&str>) -> ();
        user(id: &UserId) -> Option<User>;
        user_by_name(name_key: &str) -> Option<(User, Option<String>)>;
        count_users() -> u64;
        user_names() -> Vec<String>;
        set_password(user: &UserId, password_hash: Option<&str>) -> ();
        insert_sign_in(hash: &TokenHash, sign_in: &SignIn) -> ();
        sign_in(hash: &TokenHash) -> Option<SignIn>;
        take_sign_in(hash: &TokenHash) -> Option<SignIn>;
        sign_ins_of(user: &UserId) -> Vec<SignIn>;
        end_sign_in(user: &UserId, id: &SignInId) -> ();
        end_other_sign_ins(user: &UserId, keep: Option<&SignInId>) -> ();
    }
    AgentStore {
        insert_agent(agent: &Agent, most: usize) -> ();
        replace_agent(agent: &Agent) -> ();
        agent(id: &AgentId) -> Option<Agent>;
        agents_of(user: &UserId) -> Vec<Agent>;
        delete_agent(user: &UserId, id: &AgentId) -> ();
        set_avatar(agent: &AgentId, avatar: Option<&Avatar>) -> ();
        avatar(agent: &AgentId) -> Option<Avatar>;
    }
    AnalyticsStore {
        sums(account: Option<&UserId>, from: &str, to: &str) -> Vec<Sum>;
    }
    AuditStore {
        insert_audit(entry: &AuditEntry) -> ();
        set_audit_count(id: &str, count: u32) -> ();
        audit(before: Option<&str>, limit: usize) -> Vec<AuditEntry>;
    }
    BackupStore {
        contents() -> StoreContents;
        export() -> StoreExport;
    }
    CredentialStore {
        credential(service: &str) -> Option<SealedKey>;
        set_credential(service: &str, sealed: Option<&SealedKey>) -> ();
    }
    DefaultsStore {
        defaults(owner: &Owner) -> Defaults;
        set_defaults(owner: &Owner, defaults: &Defaults) -> ();
    }
    DestinationStore {
        insert_destination(saved: &SavedDestination, account: &UserId, most: usize) -> ();
        replace_destination(saved: &SavedDestination) -> ();
        saved_destinations(owner: &Owner) -> Vec<SavedDestination>;
        destinations_used(ids: &[DestinationId], at: Timestamp) -> ();
        delete_destination(owner: &Owner, id: &DestinationId) -> ();
    }
    ErasureStore {
        delete_session(id: &SessionId) -> ();
        close_account(user: &UserId, at: Timestamp) -> ();
        closed_accounts() -> Vec<UserId>;
        delete_account(user: &UserId, at: Timestamp) -> ();
        forget_closed_accounts(before: Timestamp) -> ();
        audit_of(user: &UserId, after: Option<&str>, limit: usize) -> Vec<AuditEntry>;
        pseudonymise_audit(user: &UserId, pseudonym: &UserId, most: usize) -> usize;
    }
    FeedStore {
        append_feed(session: &SessionId, at: Timestamp, kind: &str, id: Option<&str>, data: &serde_json::Value) -> Option<u64>;
        append_lines(session: &SessionId, at: Timestamp, lines: &[NewLine]) -> Vec<Option<u64>>;
        hold_lines(session: &SessionId, due: Timestamp, lines: &[NewLine]) -> Vec<bool>;
        release_lines(session: &SessionId, now: Timestamp) -> Vec<FeedEntry>;
        feed_counts(session: &SessionId) -> FeedCounts;
        feed_after(session: &SessionId, seq: u64, limit: usize) -> Vec<FeedEntry>;
        feed_end(session: &SessionId) -> u64;
        feed_snapshot(session: &SessionId) -> Option<FeedSnapshot>;
        save_feed_snapshot(session: &SessionId, snapshot: &FeedSnapshot) -> ();
    }
    KeyRotationStore {
        destinations_sealed_with_other_key(key_id: &str) -> Vec<SavedDestination>;
        reseal_destination(id: &DestinationId, old: &SealedKey, new: &SealedKey) -> bool;
        sessions_sealed_with_other_key(key_id: &str) -> Vec<SessionId>;
        reseal_session(id: &SessionId, old: &[(DestinationId, SealedKey)], new: &[(DestinationId, SealedKey)]) -> bool;
        reseal_credential(service: &str, old: &SealedKey, new: &SealedKey) -> bool;
    }
    KeyStore {
        insert_key(hash: &TokenHash, key: &ApiKey, limits: KeyLimits) -> ();
        key(hash: &TokenHash) -> Option<ApiKey>;
        keys_of(user: &UserId) -> Vec<ApiKey>;
        revoke_key(user: &UserId, id: &KeyId, at: Timestamp) -> ApiKey;
        key_used(hash: &TokenHash, at: Timestamp) -> ();
    }
    LeaseStore {
        claim_lease(session: &SessionId, holder: &str, ttl: Duration) -> bool;
        release_leases(holder: &str) -> ();
        forward_heartbeat(session: &SessionId, generation: Generation, heartbeat: &Heartbeat) -> ();
        forwarded_heartbeat(session: &SessionId) -> Option<ForwardedHeartbeat>;
    }
    OutboxStore {
        pending_deliveries(limit: usize) -> Vec<Delivery>;
        due_deliveries(hook: &str, now: Timestamp, limit: usize) -> Vec<Delivery>;
        deliveries_to_others(hooks: &[String], limit: usize) -> Vec<Delivery>;
        due_before(delivery: &Delivery) -> Option<Timestamp>;
        hold_up(delivery: &Delivery, due: Timestamp) -> ();
        note_delivery(id: &str, attempts: u32, result: &str, due: Option<Timestamp>) -> ();
        deliveries(session: Option<&SessionId>, behind: Option<&str>, limit: usize) -> Vec<Delivery>;
        deliver_again(id: &str, due: Timestamp) -> ();
    }
    OverlayGrantStore {
        insert_overlay_grant(grant: &OverlayGrant) -> ();
        overlay_grant(id: &str) -> Option<OverlayGrant>;
        revoke_overlay_grants(session: &SessionId, generation: Option<Generation>) -> ();
    }
    RetentionStore {
        prune_webhooks(before: Timestamp, most: usize) -> usize;
        prune_deliveries(before: Timestamp, most: usize) -> usize;
        prune_audit(before: &str, most: usize) -> usize;
        prune_feed(session: &SessionId, most: usize) -> usize;
        feeds_pruned_to() -> Option<SessionId>;
        set_feeds_pruned_to(session: &SessionId) -> ();
    }
    SessionStore {
        insert_session(new: &NewStoredSession<'_>) -> ();
        claim_start(new: &NewStoredSession<'_>, ttl: Duration) -> Option<SessionId>;
        release_start(owner: &Owner, claim: &str) -> ();
        session(id: &SessionId) -> Option<Arc<Session>>;
        session_by_idempotency_key(owner: &Owner, key: &str, since: Timestamp) -> Option<(Session, Option<String>)>;
        session_by_egress(egress: &EgressId) -> Option<Session>;
        update_session(session: &Session, entry: Option<&TimelineEntry>, deliveries: &[NewDelivery]) -> ();
        update_destinations(change: &DestinationChange<'_>) -> ();
        remembered_call(owner: &Owner, key: &str, since: Timestamp) -> Option<RememberedCall>;
        session_keys(id: &SessionId) -> Vec<(DestinationId, SealedKey)>;
        active_sessions() -> Vec<Session>;
        active_session_of(owner: &Owner) -> Option<Session>;
        sessions(filter: &SessionFilter) -> Vec<Session>;
        count_in_state(state: SessionStatus, from: &SessionId) -> u64;
        timeline(id: &SessionId) -> Vec<TimelineEntry>;
    }
    WebhookStore {
        insert_webhook(webhook: &StoredWebhook) -> bool;
        webhooks_of(egress: &EgressId) -> Vec<StoredWebhook>;
    }
    Store {
        ping() -> ();
        draining() -> bool;
        set_draining(draining: bool) -> ();
    }
}
