//! Session defaults by owner, and settings of administrators.

use super::query::{Database, encode};
use crate::{
    domain::session::Owner,
    server::store::{Defaults, StoreError},
};
use serde_json::json;

impl Database {
    pub(super) async fn defaults(&self, owner: &Owner) -> Result<Defaults, StoreError> {
        let sql = "SELECT VALUE document FROM ONLY type::record('defaults', $owner)";
        Ok(self.read::<Option<Defaults>>(sql, json!({ "owner": owner.to_string() })).await?.unwrap_or_default())
    }

    pub(super) async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> Result<(), StoreError> {
        let sql = "UPSERT type::record('defaults', $owner) SET document = $document RETURN NONE";
        self.run(sql, json!({ "owner": owner.to_string(), "document": encode(defaults)? })).await
    }

    pub(super) async fn draining(&self) -> Result<bool, StoreError> {
        self.read("RETURN (SELECT VALUE draining FROM ONLY setting:house) ?? false", json!({})).await
    }

    pub(super) async fn set_draining(&self, draining: bool) -> Result<(), StoreError> {
        self.run("UPSERT setting:house SET draining = $draining RETURN NONE", json!({ "draining": draining })).await
    }
}
