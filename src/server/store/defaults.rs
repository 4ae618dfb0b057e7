//! What an owner's sessions begin with.

use super::StoreError;
use crate::domain::{agent::AutoStart, overlay::OverlayPatch, session::Owner};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The defaults of an owner's sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Defaults {
    /// Differences from what every user's or agent's overlay begins with.
    pub overlay: OverlayPatch,
    /// Where and whether a session starts individually.
    pub auto_start: AutoStart,
}

#[async_trait]
pub trait DefaultsStore: Send + Sync + 'static {
    /// An owner's session defaults; the system's defaults if none are stored.
    async fn defaults(&self, owner: &Owner) -> Result<Defaults, StoreError>;
    async fn set_defaults(&self, owner: &Owner, defaults: &Defaults) -> Result<(), StoreError>;
}
