//! Which replica leads which session, and what others have for it.

use super::StoreError;
use crate::{
    api::overlay::Heartbeat,
    domain::ids::{Generation, SessionId},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An overlay's heartbeat that arrived at a replica that does not lead its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedHeartbeat {
    pub generation: Generation,
    #[serde(rename = "beat")]
    pub heartbeat: Heartbeat,
    /// How long ago, by the store's clock.
    pub age_ms: i64,
}

#[async_trait]
pub trait LeaseStore: Send + Sync + 'static {
    /// Takes or renews a session's lease for `ttl` by the store's own clock; `false` while another holder's runs.
    async fn claim_lease(&self, session: &SessionId, holder: &str, ttl: Duration) -> Result<bool, StoreError>;
    /// Gives back every lease of a holder.
    async fn release_leases(&self, holder: &str) -> Result<(), StoreError>;
    /// Stores an overlay's heartbeat for the replica that leads its session.
    async fn forward_heartbeat(&self, session: &SessionId, generation: Generation, heartbeat: &Heartbeat) -> Result<(), StoreError>;
    /// The latest forwarded heartbeat, and its age by the store's own clock.
    async fn forwarded_heartbeat(&self, session: &SessionId) -> Result<Option<ForwardedHeartbeat>, StoreError>;
}
