//! The sealed credentials of other services, by service.

use super::SurrealStore;
use crate::server::store::{CredentialStore, SealedKey, StoreError};
use async_trait::async_trait;
use serde_json::json;

#[async_trait]
impl CredentialStore for SurrealStore {
    async fn credential(&self, service: &str) -> Result<Option<SealedKey>, StoreError> {
        let sql = "SELECT VALUE sealed FROM ONLY type::record('credential', $service)";
        self.read(sql, json!({ "service": service })).await
    }

    async fn set_credential(&self, service: &str, sealed: Option<&SealedKey>) -> Result<(), StoreError> {
        let sql = match sealed {
            Some(_) => "UPSERT type::record('credential', $service) SET sealed = $sealed RETURN NONE",
            None => "DELETE type::record('credential', $service) RETURN NONE",
        };
        self.run(sql, json!({ "service": service, "sealed": sealed })).await
    }
}
