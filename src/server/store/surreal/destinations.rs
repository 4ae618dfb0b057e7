//! Saved destinations, and the sealed keys of a session's destinations.

use super::query::{Database, DbError, encode};
use crate::{
    domain::{
        ids::{DestinationId, SessionId},
        session::Owner,
        timestamp::Timestamp,
    },
    server::store::{SavedDestination, SealedKey, StoreError},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize)]
struct OneKey {
    destination: DestinationId,
    key: SealedKey,
}

/// A session's keys as they are stored.
pub(super) fn sealed(keys: &[(DestinationId, SealedKey)]) -> Value {
    keys.iter().map(|(destination, key)| json!({ "destination": destination, "key": key })).collect()
}

impl Database {
    pub(super) async fn set_session_keys(&self, id: &SessionId, keys: &[(DestinationId, SealedKey)]) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('session_keys', $key) SET sealed = $sealed RETURN VALUE true";
        let changed: Vec<Value> = self.read(sql, json!({ "key": id, "sealed": sealed(keys) })).await?;
        if changed.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    pub(super) async fn session_keys(&self, id: &SessionId) -> Result<Vec<(DestinationId, SealedKey)>, StoreError> {
        let sql = "SELECT VALUE sealed FROM ONLY type::record('session_keys', $key)";
        let keys: Option<Vec<OneKey>> = self.read(sql, json!({ "key": id })).await?;
        Ok(keys.unwrap_or_default().into_iter().map(|one| (one.destination, one.key)).collect())
    }

    /// An id that another owner uses is [`StoreError::Taken`].
    pub(super) async fn save_destination(&self, saved: &SavedDestination) -> Result<(), StoreError> {
        let sql = "{
            LET $row = type::record('destination', $id);
            LET $there = (SELECT VALUE owner FROM ONLY $row);
            IF $there != NONE AND $there != $owner { THROW 'taken' };
            UPSERT $row SET owner = $owner, document = $document RETURN NONE;
        }";
        let variables = json!({ "id": saved.destination.id, "owner": saved.owner.to_string(), "document": encode(saved)? });
        match self.execute(sql, variables).await {
            Ok(_) => Ok(()),
            Err(DbError::Thrown(_)) => Err(StoreError::Taken("the destination's id")),
            Err(other) => Err(other.into()),
        }
    }

    pub(super) async fn saved_destinations(&self, owner: &Owner) -> Result<Vec<SavedDestination>, StoreError> {
        let sql = "SELECT VALUE document FROM destination WHERE owner = $owner";
        let mut saved: Vec<SavedDestination> = self.read(sql, json!({ "owner": owner.to_string() })).await?;
        saved.sort_by_key(|one| (one.destination.label().to_lowercase(), one.destination.id.clone()));
        Ok(saved)
    }

    pub(super) async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> Result<(), StoreError> {
        let sql = "FOR $id IN $ids { UPDATE type::record('destination', $id) SET document.used_at = $at RETURN NONE }";
        self.run(sql, json!({ "ids": ids, "at": at })).await
    }

    pub(super) async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> Result<(), StoreError> {
        let sql = "DELETE type::record('destination', $id) WHERE owner = $owner RETURN BEFORE";
        let gone: Vec<Value> = self.read(sql, json!({ "id": id, "owner": owner.to_string() })).await?;
        if gone.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }
}
