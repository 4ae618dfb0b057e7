//! Destinations kept by their owners.

use super::{SealedKey, StoreError};
use crate::domain::{
    destination::Destination,
    ids::{DestinationId, UserId},
    session::Owner,
    timestamp::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A destination kept by its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDestination {
    pub owner: Owner,
    /// Where, as it may be shown.
    pub destination: Destination,
    pub key: SealedKey,
    /// When it was last on air.
    pub used_at: Option<Timestamp>,
}

#[async_trait]
pub trait DestinationStore: Send + Sync + 'static {
    /// Saves a destination for an owner, of whose account it is told. [`StoreError::TooMany`] if the owner has `most` already,
    /// [`StoreError::Taken`] if the id is taken, [`StoreError::Missing`] if the owner is an agent that is gone.
    async fn insert_destination(&self, saved: &SavedDestination, account: &UserId, most: usize) -> Result<(), StoreError>;
    /// Replaces what is known of a saved destination; [`StoreError::Missing`] if it is not the owner's, or was deleted.
    async fn replace_destination(&self, saved: &SavedDestination) -> Result<(), StoreError>;
    /// An owner's destinations, by name.
    async fn saved_destinations(&self, owner: &Owner) -> Result<Vec<SavedDestination>, StoreError>;
    /// Notes when destinations were used; those that are not kept are left out.
    async fn destinations_used(&self, ids: &[DestinationId], at: Timestamp) -> Result<(), StoreError>;
    /// Really deletes it; [`StoreError::Missing`] if it is not the owner's.
    async fn delete_destination(&self, owner: &Owner, id: &DestinationId) -> Result<(), StoreError>;
}
