//! A copy of the whole store, taken while it is used.

use super::StoreError;
use async_trait::async_trait;
use futures::stream::BoxStream;

/// What a copy has to fit to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreContents {
    /// The version of the schema.
    pub schema: usize,
    /// The ids of the master keys that sealed something in it, sorted.
    pub sealed_with: Vec<String>,
}

/// Parts of a copy, in order.
pub type StoreExport = BoxStream<'static, Result<Vec<u8>, StoreError>>;

#[async_trait]
pub trait BackupStore: Send + Sync + 'static {
    async fn contents(&self) -> Result<StoreContents, StoreError>;
    /// The store as it is at one moment, as statements that make it again. [`StoreError::ServerBackup`] where it
    /// is behind a socket.
    async fn export(&self) -> Result<StoreExport, StoreError>;
}
