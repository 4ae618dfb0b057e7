//! The audit log: appended to, read from its end.

use super::query::{Database, encode};
use crate::{domain::audit::AuditEntry, server::store::StoreError};
use serde_json::json;

impl Database {
    pub(super) async fn insert_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let sql = "CREATE type::record('audit', $key) SET key = $key, document = $document RETURN NONE";
        self.run(sql, json!({ "key": entry.id, "document": encode(entry)? })).await
    }

    pub(super) async fn audit(&self, before: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let earlier = if before.is_some() { "AND key < $before" } else { "" };
        let sql = format!("SELECT VALUE document FROM audit WHERE shelf = 'all' {earlier} ORDER BY key DESC LIMIT $limit");
        self.read(&sql, json!({ "before": before, "limit": limit })).await
    }
}
