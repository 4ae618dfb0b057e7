//! API keys, by their hashes.

use super::{StoreError, TokenHash};
use crate::domain::{
    ids::{KeyId, UserId},
    key::ApiKey,
    timestamp::Timestamp,
};
use async_trait::async_trait;

#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// Adds an API key by its hash.
    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey) -> Result<(), StoreError>;
    /// The key behind a hash, whether it is still valid or not.
    async fn key(&self, hash: &TokenHash) -> Result<Option<ApiKey>, StoreError>;
    /// A user's keys and those of their agents, the oldest first.
    async fn keys_of(&self, user: &UserId) -> Result<Vec<ApiKey>, StoreError>;
    /// Revokes a user's key; a revoked one stays as it is. [`StoreError::Missing`] if it is not theirs.
    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> Result<ApiKey, StoreError>;
    /// Notes that a key was used.
    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError>;
}
