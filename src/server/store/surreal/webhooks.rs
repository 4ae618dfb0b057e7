//! LiveKit's deliveries, whole and once.

use super::{SurrealStore, query::DbError};
use crate::{
    domain::{ids::EgressId, timestamp::Timestamp},
    server::store::{StoreError, StoredWebhook, WebhookStore},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Row {
    id: String,
    egress: Option<EgressId>,
    at: i64,
    json: String,
}

#[async_trait]
impl WebhookStore for SurrealStore {
    async fn insert_webhook(&self, webhook: &StoredWebhook) -> Result<bool, StoreError> {
        let sql = "CREATE type::record('webhook', $id) SET egress = $egress ?? NONE, at = $at, json = $json RETURN NONE";
        let StoredWebhook { id, egress, at, body } = webhook;
        let variables = json!({ "id": id, "egress": egress, "at": at.as_millis(), "json": body.to_string() });
        // The id is the delivery's, so a delivery that comes again finds its record.
        match self.execute(sql, variables).await {
            Ok(_) => Ok(true),
            Err(DbError::Exists) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    async fn webhooks_of(&self, egress: &EgressId) -> Result<Vec<StoredWebhook>, StoreError> {
        // Two of the same millisecond need an order as well: their ids.
        let sql = "SELECT record::id(id) AS id, egress, at, json FROM webhook WHERE egress = $egress ORDER BY at, id";
        let rows: Vec<Row> = self.read(sql, json!({ "egress": egress })).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl TryFrom<Row> for StoredWebhook {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let body = serde_json::from_str(&row.json).map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self { id: row.id, egress: row.egress, at: Timestamp::from_millis(row.at), body })
    }
}
