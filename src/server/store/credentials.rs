//! The sealed credentials of other services.

use super::{SealedKey, StoreError};
use async_trait::async_trait;

#[async_trait]
pub trait CredentialStore: Send + Sync + 'static {
    /// The sealed credential of a service.
    async fn credential(&self, service: &str) -> Result<Option<SealedKey>, StoreError>;
    /// Replaces it; `None` forgets it.
    async fn set_credential(&self, service: &str, sealed: Option<&SealedKey>) -> Result<(), StoreError>;
}
