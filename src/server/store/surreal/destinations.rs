//! Saved destinations.

use super::{
    SurrealStore,
    limits::{ACCOUNT_OPEN, AGENT_EXISTS, LOCK_ACCOUNT, ROOM_FOR_SAVED},
    query::encode,
    starts::agent_of,
};
use crate::{
    domain::{
        ids::{DestinationId, UserId},
        session::Owner,
        timestamp::Timestamp,
    },
    server::store::{DestinationStore, SavedDestination, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

#[async_trait]
impl DestinationStore for SurrealStore {
    async fn insert_destination(&self, saved: &SavedDestination, account: &UserId, most: usize) -> Result<(), StoreError> {
        let sql = format!(
            "{{
            {LOCK_ACCOUNT} {ACCOUNT_OPEN} {AGENT_EXISTS} {ROOM_FOR_SAVED}
            LET $row = type::record('destination', $id);
            IF (SELECT VALUE owner FROM ONLY $row) != NONE {{ THROW 'destination_taken' }};
            CREATE $row SET owner = $owner, document = $document RETURN NONE;
            }}"
        );
        let variables = json!({
            "id": saved.destination.id, "owner": saved.owner.to_string(), "document": encode(saved)?, "account": account,
            "agent": agent_of(&saved.owner), "saving": 1, "most_saved": most,
        });
        self.run(&sql, variables).await
    }

    async fn replace_destination(&self, saved: &SavedDestination) -> Result<(), StoreError> {
        // An update makes no record: what was deleted meanwhile stays deleted.
        let sql = "UPDATE type::record('destination', $id) SET document = $document WHERE owner = $owner RETURN VALUE true";
        let variables = json!({ "id": saved.destination.id, "owner": saved.owner.to_string(), "document": encode(saved)? });
        let changed: Vec<Value> = self.read(sql, variables).await?;
        if changed.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    async fn saved_destinations(&self, owner: &Owner) -> Result<Vec<SavedDestination>, StoreError> {
        let sql = "SELECT VALUE document FROM destination WHERE owner = $owner";
        // Sorted here: people sort names without regard to capitals, the database by bytes.
        let mut saved: Vec<SavedDestination> = self.read(sql, json!({ "owner": owner.to_string() })).await?;
        saved.sort_by_key(|one| (one.destination.label().to_lowercase(), one.destination.id.clone()));
        Ok(saved)
    }

    async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> Result<(), StoreError> {
        // An update makes no record, so those that are not kept stay away.
        let sql = "FOR $id IN $ids { UPDATE type::record('destination', $id) SET document.used_at = $at RETURN NONE }";
        self.run(sql, json!({ "ids": ids, "at": at })).await
    }

    async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> Result<(), StoreError> {
        // What it returns tells whether there was one and it was the owner's.
        let sql = "DELETE type::record('destination', $id) WHERE owner = $owner RETURN BEFORE";
        let gone: Vec<Value> = self.read(sql, json!({ "id": id, "owner": owner.to_string() })).await?;
        if gone.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }
}
