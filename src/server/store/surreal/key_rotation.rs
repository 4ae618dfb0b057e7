//! Sealed keys that another master key than the current one sealed, and their replacement: only over what was read.

use super::{SurrealStore, sessions::sealed};
use crate::{
    domain::ids::{DestinationId, SessionId},
    server::store::{KeyRotationStore, SavedDestination, SealedKey, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

#[async_trait]
impl KeyRotationStore for SurrealStore {
    async fn destinations_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SavedDestination>, StoreError> {
        // Every row is read, here and for sessions: nobody waits for a rotation, and an index on the key's id would cost each write.
        self.read("SELECT VALUE document FROM destination WHERE document.key.key_id != $key_id", json!({ "key_id": key_id })).await
    }

    async fn reseal_destination(&self, id: &DestinationId, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError> {
        // A sealed text has a random part of its own, so an equal text is the very key that was read.
        let sql = "UPDATE type::record('destination', $id) SET document.key = $new WHERE document.key.text = $old RETURN VALUE true";
        let changed: Vec<Value> = self.read(sql, json!({ "id": id, "old": old.text, "new": new })).await?;
        Ok(!changed.is_empty())
    }

    async fn sessions_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SessionId>, StoreError> {
        let sql = "SELECT VALUE record::id(id) FROM session_keys WHERE count(sealed[WHERE key.key_id != $key_id]) > 0";
        self.read(sql, json!({ "key_id": key_id })).await
    }

    async fn reseal_session(
        &self,
        id: &SessionId,
        old: &[(DestinationId, SealedKey)],
        new: &[(DestinationId, SealedKey)],
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE type::record('session_keys', $key) SET sealed = $new WHERE sealed = $old RETURN VALUE true";
        let changed: Vec<Value> = self.read(sql, json!({ "key": id, "old": sealed(old), "new": sealed(new) })).await?;
        Ok(!changed.is_empty())
    }

    async fn reseal_credential(&self, service: &str, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError> {
        let sql = "UPDATE type::record('credential', $service) SET sealed = $new WHERE sealed.text = $old RETURN VALUE true";
        let changed: Vec<Value> = self.read(sql, json!({ "service": service, "old": old.text, "new": new })).await?;
        Ok(!changed.is_empty())
    }
}
