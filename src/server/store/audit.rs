//! The audit log.

use super::StoreError;
use crate::domain::audit::AuditEntry;
use async_trait::async_trait;

#[async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Adds a line to the audit log.
    async fn insert_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// Sets how often a line's event happened.
    async fn set_audit_count(&self, id: &str, count: u32) -> Result<(), StoreError>;
    /// The audit log before this id, the latest first, at most `limit`.
    async fn audit(&self, before: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;
}
