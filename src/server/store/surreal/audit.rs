//! The audit log: appended to, read from its end.

use super::{SurrealStore, query::encode};
use crate::{
    domain::audit::AuditEntry,
    server::store::{AuditStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;

#[async_trait]
impl AuditStore for SurrealStore {
    async fn insert_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let sql = "CREATE type::record('audit', $key) SET key = $key, document = $document RETURN NONE";
        self.run(sql, json!({ "key": entry.id, "document": encode(entry)? })).await
    }

    async fn set_audit_count(&self, id: &str, count: u32) -> Result<(), StoreError> {
        self.run("UPDATE type::record('audit', $key) SET document.count = $count RETURN NONE", json!({ "key": id, "count": count })).await
    }

    async fn audit(&self, before: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let earlier = if before.is_some() { "AND key < $before" } else { "" };
        // `shelf` is `all` in every line: it is what the index begins with, and behind an equal prefix the database reads the
        // keys in order and stops at the limit. Without it every line would be read and sorted.
        let sql = format!("SELECT VALUE document FROM audit WHERE shelf = 'all' {earlier} ORDER BY key DESC LIMIT $limit");
        self.read(&sql, json!({ "before": before, "limit": limit })).await
    }
}
