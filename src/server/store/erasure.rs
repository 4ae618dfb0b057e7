//! What is deleted because its owner wants it: sessions and accounts.

use super::StoreError;
use crate::domain::{
    audit::AuditEntry,
    ids::{SessionId, UserId},
    timestamp::Timestamp,
};
use async_trait::async_trait;

#[async_trait]
pub trait ErasureStore: Send + Sync + 'static {
    /// Deletes a session that is over, with its timeline, keys, overlay tokens, deliveries, egresses and their webhooks. Its feed is
    /// deleted before, by [`super::RetentionStore::prune_feed`]. [`StoreError::Missing`] if it is not there,
    /// [`StoreError::ActiveSession`] if it is not over.
    async fn delete_session(&self, id: &SessionId) -> Result<(), StoreError>;
    /// Begins to delete an account: its password, sign-ins and API keys go at once, and nothing new is made for it. Again for one that
    /// is being deleted changes nothing. [`StoreError::Missing`] if it is not there, [`StoreError::LastAdmin`] if no other
    /// administrator would be left.
    async fn close_account(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError>;
    /// Accounts that are being deleted.
    async fn closed_accounts(&self) -> Result<Vec<UserId>, StoreError>;
    /// Deletes a closed account with its agents, their pictures, defaults, saved destinations and sums. [`StoreError::Stale`] while it
    /// has sessions.
    async fn delete_account(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError>;
    /// Forgets the ids of accounts whose deletion ended before.
    async fn forget_closed_accounts(&self, before: Timestamp) -> Result<(), StoreError>;
    /// The lines of the audit log about an account, the oldest first, after this id, at most `limit`.
    async fn audit_of(&self, user: &UserId, after: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError>;
    /// Gives at most `most` lines of the audit log about an account to `pseudonym`, without subject and address; how many.
    async fn pseudonymise_audit(&self, user: &UserId, pseudonym: &UserId, most: usize) -> Result<usize, StoreError>;
}
