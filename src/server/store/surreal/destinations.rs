//! Saved destinations.

use super::{SurrealStore, query::encode};
use crate::{
    domain::{ids::DestinationId, session::Owner, timestamp::Timestamp},
    server::store::{DestinationStore, SavedDestination, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

#[async_trait]
impl DestinationStore for SurrealStore {
    /// An id that another owner uses is [`StoreError::Taken`].
    async fn save_destination(&self, saved: &SavedDestination) -> Result<(), StoreError> {
        // Whose it is and the write are one transaction, as with agents.
        let sql = "{
            LET $row = type::record('destination', $id);
            LET $there = (SELECT VALUE owner FROM ONLY $row);
            IF $there != NONE AND $there != $owner { THROW 'destination_taken' };
            UPSERT $row SET owner = $owner, document = $document RETURN NONE;
        }";
        let variables = json!({ "id": saved.destination.id, "owner": saved.owner.to_string(), "document": encode(saved)? });
        self.run(sql, variables).await
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
