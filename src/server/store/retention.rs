//! What is deleted by its age. Each call is one step: it deletes a bounded number of rows, found by an index.

use super::StoreError;
use crate::domain::{ids::SessionId, timestamp::Timestamp};
use async_trait::async_trait;

#[async_trait]
pub trait RetentionStore: Send + Sync + 'static {
    /// Deletes at most `most` of LiveKit's webhooks that came before; how many it deleted.
    async fn prune_webhooks(&self, before: Timestamp, most: usize) -> Result<usize, StoreError>;
    /// The same for lines of the outbox that were written before, delivered or not.
    async fn prune_deliveries(&self, before: Timestamp, most: usize) -> Result<usize, StoreError>;
    /// The same for lines of the audit log with a smaller id.
    async fn prune_audit(&self, before: &str, most: usize) -> Result<usize, StoreError>;
    /// Deletes at most `most` lines of a feed, at most as many of the ids that it has seen and of its delayed lines, with its snapshot
    /// and the session's overlay tokens. Its last number and its counts stay. How many it deleted; 0 when nothing is left.
    /// [`StoreError::ActiveSession`] for a session that is not over.
    async fn prune_feed(&self, session: &SessionId, most: usize) -> Result<usize, StoreError>;
    /// The last session whose feed was deleted by its age: so were those of all sessions before it.
    async fn feeds_pruned_to(&self) -> Result<Option<SessionId>, StoreError>;
    async fn set_feeds_pruned_to(&self, session: &SessionId) -> Result<(), StoreError>;
}
