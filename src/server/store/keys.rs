//! API keys, by their hashes.

use super::{StoreError, TokenHash};
use crate::domain::{
    ids::{KeyId, UserId},
    key::ApiKey,
    timestamp::Timestamp,
};
use async_trait::async_trait;

/// How many keys an account and its agents may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLimits {
    /// Valid at once.
    pub valid: usize,
    /// Revoked or expired ones that are still listed: the oldest are deleted.
    pub invalid: usize,
}

#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// Adds an API key by its hash, and deletes the oldest of those that are not valid any more, down to the limit.
    /// [`StoreError::TooMany`] if the account has as many valid ones as it may; [`StoreError::Missing`] if the key's agent is gone.
    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey, limits: KeyLimits) -> Result<(), StoreError>;
    /// The key behind a hash, whether it is still valid or not.
    async fn key(&self, hash: &TokenHash) -> Result<Option<ApiKey>, StoreError>;
    /// A user's keys and those of their agents, the oldest first.
    async fn keys_of(&self, user: &UserId) -> Result<Vec<ApiKey>, StoreError>;
    /// Revokes a user's key; a revoked one stays as it is. [`StoreError::Missing`] if it is not theirs.
    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> Result<ApiKey, StoreError>;
    /// Notes that a key was used.
    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError>;
}
