//! What is sealed with a master key, and how another one takes over.

use super::{SavedDestination, StoreError};
use crate::domain::ids::{DestinationId, SessionId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A stream key or another secret as stored: `iv:authTag:encrypted` in hexadecimal, and which master key sealed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    /// The master key's id; it does not reveal the key.
    pub key_id: String,
    /// `iv:authTag:encrypted`.
    pub text: String,
}

#[async_trait]
pub trait KeyRotationStore: Send + Sync + 'static {
    /// Saved destinations whose key another master key than this one sealed.
    async fn destinations_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SavedDestination>, StoreError>;
    /// Replaces a saved destination's key, unless it is no longer the old one; whether it did.
    async fn reseal_destination(&self, id: &DestinationId, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError>;
    /// Sessions with a key that another master key than this one sealed.
    async fn sessions_sealed_with_other_key(&self, key_id: &str) -> Result<Vec<SessionId>, StoreError>;
    /// Replaces a session's keys, unless they are no longer the old ones; whether it did.
    async fn reseal_session(
        &self,
        id: &SessionId,
        old: &[(DestinationId, SealedKey)],
        new: &[(DestinationId, SealedKey)],
    ) -> Result<bool, StoreError>;
    /// Replaces it, unless it is no longer the old one; whether it did.
    async fn reseal_credential(&self, service: &str, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError>;
}
