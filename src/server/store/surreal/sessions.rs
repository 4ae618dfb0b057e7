//! Sessions and their timelines: who may have one, which revision follows which, and in what order they are listed.

use super::{
    SurrealStore,
    analytics::{WRITE_SUMS, sums_of},
    outbox::{WRITE_OUTBOX, outbox_of},
    query::{DbError, encode},
};
use crate::{
    domain::{
        ids::{DestinationId, EgressId, SessionId},
        session::{Owner, Session, SessionStatus},
        timestamp::Timestamp,
    },
    server::store::{
        DestinationChange, NewDelivery, NewStoredSession, RememberedCall, SealedKey, SessionFilter, SessionStore, StoreError, TimelineEntry,
    },
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Refuses a second active session by the first one's id. The unique index is what decides between racing ones: the
/// loser comes here again, and only now sees the winner.
pub(super) const ONE_ACTIVE: &str = "IF $active {
    LET $winner = (SELECT VALUE key FROM session WHERE active_owner = $owner AND key != $key)[0];
    IF $winner != NONE { THROW 'active ' + $winner };
};";

/// What follows every stored revision.
pub(super) const WRITE_TRACES: &str = "
    IF $replaced != NULL { DELETE type::record('timeline', [$key, $replaced]) RETURN NONE };
    IF $entry != NULL { CREATE type::record('timeline', [$key, $revision]) SET document = $entry RETURN NONE };
    IF $egress != NULL { UPSERT type::record('egress', $egress) SET session = $key RETURN NONE };
";

#[derive(Serialize, Deserialize)]
struct OneKey {
    destination: DestinationId,
    key: SealedKey,
}

#[derive(Deserialize)]
struct Keyed {
    document: Session,
    fingerprint: Option<String>,
}

/// A session's keys as they are stored.
pub(super) fn sealed(keys: &[(DestinationId, SealedKey)]) -> Value {
    keys.iter().map(|(destination, key)| json!({ "destination": destination, "key": key })).collect()
}

#[async_trait]
impl SessionStore for SurrealStore {
    async fn insert_session(&self, new: &NewStoredSession<'_>) -> Result<(), StoreError> {
        self.insert(new).await
    }

    async fn claim_start(&self, new: &NewStoredSession<'_>, ttl: Duration) -> Result<Option<SessionId>, StoreError> {
        self.claim(new, ttl).await
    }

    async fn release_start(&self, owner: &Owner, claim: &str) -> Result<(), StoreError> {
        self.release(owner, claim).await
    }

    async fn update_session(&self, session: &Session, entry: Option<&TimelineEntry>, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
        self.update(session, entry, deliveries, "", []).await
    }

    async fn update_destinations(&self, change: &DestinationChange<'_>) -> Result<(), StoreError> {
        self.update_with_keys(change).await
    }

    async fn remembered_call(&self, owner: &Owner, key: &str, since: Timestamp) -> Result<Option<RememberedCall>, StoreError> {
        self.call(owner, key, since).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        let Some(cache) = &self.cache else { return self.stored_session(id).await };
        if let Some(session) = cache.of(id) {
            return Ok(Some(session));
        }
        let revision = cache.revision();
        let found = self.stored_session(id).await?;
        if let Some(session) = &found {
            cache.keep(id, session, revision);
        }
        Ok(found)
    }

    async fn session_by_idempotency_key(
        &self,
        owner: &Owner,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<(Session, Option<String>)>, StoreError> {
        let sql = "SELECT document, fingerprint FROM session WHERE idempotency = $idempotency AND created_at >= $since";
        let found: Vec<Keyed> = self.read(sql, json!({ "idempotency": idempotency(owner, key), "since": since.as_millis() })).await?;
        Ok(found.into_iter().next().map(|row| (row.document, row.fingerprint)))
    }

    async fn session_by_egress(&self, egress: &EgressId) -> Result<Option<Session>, StoreError> {
        // Every egress has a record of its own, so earlier ones are found as well.
        let sql = "{
            LET $key = (SELECT VALUE session FROM ONLY type::record('egress', $egress));
            IF $key = NONE { NONE } ELSE { (SELECT VALUE document FROM ONLY type::record('session', $key)) }
        }";
        self.read(sql, json!({ "egress": egress })).await
    }

    async fn session_keys(&self, id: &SessionId) -> Result<Vec<(DestinationId, SealedKey)>, StoreError> {
        let sql = "SELECT VALUE sealed FROM ONLY type::record('session_keys', $key)";
        let keys: Option<Vec<OneKey>> = self.read(sql, json!({ "key": id })).await?;
        Ok(keys.unwrap_or_default().into_iter().map(|one| (one.destination, one.key)).collect())
    }

    async fn active_sessions(&self) -> Result<Vec<Session>, StoreError> {
        // `active, key` is an index, so they come in order.
        self.read("SELECT VALUE document FROM session WHERE active = true ORDER BY key", json!({})).await
    }

    async fn active_session_of(&self, owner: &Owner) -> Result<Option<Session>, StoreError> {
        // The database sets `active_owner` itself, only while the session is active: there is at most one.
        let sql = "RETURN (SELECT VALUE document FROM session WHERE active_owner = $owner)[0]";
        self.read(sql, json!({ "owner": owner.to_string() })).await
    }

    async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<Session>, StoreError> {
        // Each condition is the beginning of an index that goes on with the key, so the database reads in order and stops at the
        // limit. `shelf` is `all` in every session, for the index over all of them.
        let rows = match (&filter.account, &filter.state, filter.active) {
            (Some(_), _, Some(_)) => "account = $account AND active = $active",
            (Some(_), _, None) => "account = $account",
            (None, Some(_), _) => "state = $state",
            (None, None, Some(_)) => "active = $active",
            (None, None, None) => "shelf = 'all'",
        };
        let (behind, order) = if filter.oldest_first { ("AND key > $behind", "ASC") } else { ("AND key < $behind", "DESC") };
        let behind = if filter.behind.is_some() { behind } else { "" };
        let sql = format!("SELECT VALUE document FROM session WHERE {rows} {behind} ORDER BY key {order} LIMIT $limit");
        let SessionFilter { account, state, active, behind, limit, .. } = filter;
        let variables = json!({ "account": account, "state": state, "active": active, "behind": behind, "limit": limit });
        self.read(&sql, variables).await
    }

    async fn count_in_state(&self, state: SessionStatus, from: &SessionId) -> Result<u64, StoreError> {
        // A group over nothing has no row: `?? 0`.
        let sql = "RETURN (SELECT VALUE count FROM (SELECT count() FROM session WHERE state = $state AND key >= $from GROUP ALL))[0] ?? 0";
        self.read(sql, json!({ "state": state, "from": from })).await
    }

    async fn timeline(&self, id: &SessionId) -> Result<Vec<TimelineEntry>, StoreError> {
        // The ids are [session, revision] and sorted: NONE comes before every number, `..` after.
        self.read("SELECT VALUE document FROM timeline:[$key, NONE]..=[$key, ..]", json!({ "key": id })).await
    }
}

impl SurrealStore {
    /// Stores a session over the revision before its own; `more` is written and checked in the same transaction.
    pub(super) async fn update(
        &self,
        session: &Session,
        entry: Option<&TimelineEntry>,
        deliveries: &[NewDelivery],
        more: &str,
        used: impl IntoIterator<Item = (&'static str, Value)> + Send,
    ) -> Result<(), StoreError> {
        // Keys and lease go with the end: nobody needs the keys of what is over, and no replica has to lead it.
        let sql = format!(
            "{{
            LET $stored = (SELECT revision, state FROM ONLY type::record('session', $key));
            IF $stored = NONE {{ THROW 'missing' }};
            IF $stored.revision != $revision - 1 {{ THROW 'stale' }};
            LET $was = $stored.state;
            {ONE_ACTIVE}
            {more}
            UPDATE type::record('session', $key) SET active = $active, state = $state, revision = $revision, document = $document RETURN NONE;
            IF !$active {{
                DELETE type::record('session_keys', $key) RETURN NONE;
                DELETE type::record('lease', $key) RETURN NONE
            }};
            {WRITE_TRACES}
            {WRITE_SUMS}
            {WRITE_OUTBOX}
            }}"
        );
        let mut variables = changing(session, entry)?;
        for (name, value) in sums_of(session).into_iter().chain([outbox_of(session, deliveries)]).chain(used) {
            variables[name] = value;
        }
        self.store(session, &sql, variables).await
    }

    /// Writes a session, which is not cached meanwhile.
    pub(super) async fn store(&self, session: &Session, sql: &str, variables: Value) -> Result<(), StoreError> {
        let write = self.cache.as_deref().map(|cache| cache.write(&session.id));
        let done = self.execute(sql, variables).await;
        // What failed otherwise than by its own refusal may still be carried out.
        if let (Ok(_) | Err(DbError::Thrown(_)), Some(write)) = (&done, write) {
            write.ended();
        }
        done.map(drop).map_err(Into::into)
    }

    async fn stored_session(&self, id: &SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        let sql = "SELECT VALUE document FROM ONLY type::record('session', $key)";
        Ok(self.read::<Option<_>>(sql, json!({ "key": id })).await?.map(Arc::new))
    }
}

/// The variables of an insert and an update alike.
pub(super) fn changing(session: &Session, entry: Option<&TimelineEntry>) -> Result<Value, StoreError> {
    Ok(json!({
        "key": session.id,
        "owner": session.owner.to_string(),
        "active": session.state.is_active(),
        "state": session.state.name(),
        "revision": session.revision,
        "document": encode(session)?,
        "entry": encode(&entry)?,
        // A line about the overlay takes the place of the one to which it adds.
        "replaced": session.noted.replaced_by(session.revision).filter(|_| entry.is_some()),
        "egress": session.state.egress(),
    }))
}

/// An owner's text has no space, so no two pairs read alike.
pub(super) fn idempotency(owner: &Owner, key: &str) -> String {
    format!("{owner} {key}")
}
