//! Overlay tokens.

use super::StoreError;
use crate::domain::ids::{Generation, SessionId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An overlay token as stored, by its id (`jti`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayGrant {
    pub id: String,
    /// The one session it opens.
    pub session: SessionId,
    /// The one egress it was made for.
    pub generation: Generation,
    /// Set when the egress or the session is over.
    pub revoked: bool,
}

#[async_trait]
pub trait OverlayGrantStore: Send + Sync + 'static {
    /// Adds an overlay token.
    async fn insert_overlay_grant(&self, grant: &OverlayGrant) -> Result<(), StoreError>;
    /// An overlay token by its id.
    async fn overlay_grant(&self, id: &str) -> Result<Option<OverlayGrant>, StoreError>;
    /// Revokes a session's overlay tokens: those of one generation, or all.
    async fn revoke_overlay_grants(&self, session: &SessionId, generation: Option<Generation>) -> Result<(), StoreError>;
}
