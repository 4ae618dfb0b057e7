//! Agents and their pictures.

use super::StoreError;
use crate::domain::{
    agent::Agent,
    ids::{AgentId, UserId},
};
use async_trait::async_trait;

/// An agent's picture, as it was fetched or handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avatar {
    /// `image/png`, `image/jpeg`, `image/webp`.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

#[async_trait]
pub trait AgentStore: Send + Sync + 'static {
    /// Adds an agent. [`StoreError::TooMany`] if its user has `most` already, [`StoreError::Taken`] if the id is taken.
    async fn insert_agent(&self, agent: &Agent, most: usize) -> Result<(), StoreError>;
    /// Replaces what is known of a user's agent; [`StoreError::Missing`] if it is not theirs, or was deleted.
    async fn replace_agent(&self, agent: &Agent) -> Result<(), StoreError>;
    async fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError>;
    /// A user's agents, the oldest first.
    async fn agents_of(&self, user: &UserId) -> Result<Vec<Agent>, StoreError>;
    /// Deletes a user's agent with its picture, keys, defaults and saved destinations. [`StoreError::Missing`] if it is not theirs,
    /// [`StoreError::ActiveSession`] or [`StoreError::Starting`] while a session of its is active or about to start.
    async fn delete_agent(&self, user: &UserId, id: &AgentId) -> Result<(), StoreError>;
    /// Replaces an agent's picture; `None` takes it away.
    async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> Result<(), StoreError>;
    async fn avatar(&self, agent: &AgentId) -> Result<Option<Avatar>, StoreError>;
}
