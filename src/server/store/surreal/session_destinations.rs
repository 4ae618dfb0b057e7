//! Other destinations of a session: their keys, what is saved with them, and the call that is remembered, all in the transaction
//! that stores the session.

use super::{
    SurrealStore,
    limits::{LOCK_ACCOUNT, ROOM_FOR_SAVED},
    query::encode,
    sessions::sealed,
};
use crate::{
    domain::{session::Owner, timestamp::Timestamp},
    server::store::{DestinationChange, IDEMPOTENT_FOR_MS, RememberedCall, StoreError},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The keys that stay are those that are stored now, so a rotation in the meantime is not undone.
const WRITE_KEYS: &str = "
    LET $sealed = (SELECT VALUE sealed FROM ONLY type::record('session_keys', $key)) ?? [];
    UPSERT type::record('session_keys', $key) SET sealed = array::concat($sealed[WHERE destination IN $places], $new_keys) RETURN NONE;
";

const WRITE_SAVED: &str = "
    FOR $one IN $saved { CREATE type::record('destination', $one.destination.id) SET owner = $owner, document = $one RETURN NONE };
";

/// Older calls are forgotten on the way.
const REMEMBER_CALL: &str = "
    IF $call != NULL {
        DELETE remembered_call WHERE at < $call.forgotten RETURN NONE;
        LET $row = type::record('remembered_call', [$call.owner, $call.key]);
        IF (SELECT VALUE at FROM ONLY $row) != NONE { THROW 'repeated' };
        CREATE $row SET at = $call.at, fingerprint = $call.fingerprint, json = $call.json RETURN NONE
    };
";

#[derive(Deserialize)]
struct Row {
    at: i64,
    fingerprint: String,
    json: String,
}

impl SurrealStore {
    pub(super) async fn update_with_keys(&self, change: &DestinationChange<'_>) -> Result<(), StoreError> {
        let session = change.session;
        let places: Vec<_> = session.destinations.iter().map(|destination| &destination.id).collect();
        let more = format!("{REMEMBER_CALL} {LOCK_ACCOUNT} {ROOM_FOR_SAVED} {WRITE_SAVED} {WRITE_KEYS}");
        let call = change.call.map(|call| {
            json!({
                "owner": call.owner.to_string(),
                "key": call.key,
                "at": call.at.as_millis(),
                "forgotten": call.at.plus_millis(-IDEMPOTENT_FOR_MS).as_millis(),
                "fingerprint": call.fingerprint,
                "json": call.answer.to_string(),
            })
        });
        let used: [(&str, Value); 7] = [
            ("places", json!(places)),
            ("new_keys", sealed(change.keys)),
            ("account", json!(session.account)),
            ("saving", json!(change.saved.len())),
            ("most_saved", json!(change.most_saved)),
            ("saved", encode(&change.saved)?),
            ("call", json!(call)),
        ];
        self.update(session, Some(change.entry), change.deliveries, &more, used).await
    }

    pub(super) async fn call(&self, owner: &Owner, key: &str, since: Timestamp) -> Result<Option<RememberedCall>, StoreError> {
        let sql = "SELECT at, fingerprint, json FROM ONLY type::record('remembered_call', [$owner, $key])";
        let found: Option<Row> = self.read(sql, json!({ "owner": owner.to_string(), "key": key })).await?;
        let Some(row) = found.filter(|row| row.at >= since.as_millis()) else { return Ok(None) };
        let answer = serde_json::from_str(&row.json).map_err(|error| StoreError::Failed(Box::new(error)))?;
        let (at, fingerprint) = (Timestamp::from_millis(row.at), row.fingerprint);
        Ok(Some(RememberedCall { owner: owner.clone(), key: key.to_owned(), fingerprint, at, answer }))
    }
}
