//! LiveKit's webhooks, whole and once.

use super::StoreError;
use crate::domain::{ids::EgressId, timestamp::Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A webhook as it came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredWebhook {
    /// LiveKit's id of the delivery.
    pub id: String,
    /// The egress it speaks of, if any.
    pub egress: Option<EgressId>,
    pub at: Timestamp,
    pub body: serde_json::Value,
}

#[async_trait]
pub trait WebhookStore: Send + Sync + 'static {
    /// Stores a webhook; `false` if its id is already stored.
    async fn insert_webhook(&self, webhook: &StoredWebhook) -> Result<bool, StoreError>;
    /// Webhooks that speak of an egress, oldest first.
    async fn webhooks_of(&self, egress: &EgressId) -> Result<Vec<StoredWebhook>, StoreError>;
}
