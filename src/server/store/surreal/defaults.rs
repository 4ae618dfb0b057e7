//! Session defaults, by owner.

use super::{SurrealStore, query::encode};
use crate::{
    domain::session::Owner,
    server::store::{Defaults, DefaultsStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;

#[async_trait]
impl DefaultsStore for SurrealStore {
    async fn defaults(&self, owner: &Owner) -> Result<Defaults, StoreError> {
        let sql = "SELECT VALUE document FROM ONLY type::record('defaults', $owner)";
        Ok(self.read::<Option<Defaults>>(sql, json!({ "owner": owner.to_string() })).await?.unwrap_or_default())
    }

    async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> Result<(), StoreError> {
        let sql = "UPSERT type::record('defaults', $owner) SET document = $document RETURN NONE";
        self.run(sql, json!({ "owner": owner.to_string(), "document": encode(defaults)? })).await
    }
}
