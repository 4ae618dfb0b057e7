//! Deleting by age, a step at a time.

use super::SurrealStore;
use crate::{
    domain::{ids::SessionId, timestamp::Timestamp},
    server::store::{RetentionStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;

/// Deletes the rows in `$rows`, and answers with how many there were.
const DELETE_ROWS: &str = "FOR $row IN $rows { DELETE $row RETURN NONE }; array::len($rows)";

/// Refuses to take anything from a session that is not over. One that is not there has nothing that could be needed.
pub(super) const IS_OVER: &str = "IF (SELECT VALUE active FROM ONLY type::record('session', $key)) = true { THROW 'active ' + $key };";

#[async_trait]
impl RetentionStore for SurrealStore {
    async fn prune_webhooks(&self, before: Timestamp, most: usize) -> Result<usize, StoreError> {
        let sql = format!("{{ LET $rows = (SELECT VALUE id FROM webhook WHERE at < $before LIMIT $most); {DELETE_ROWS} }}");
        self.read(&sql, json!({ "before": before.as_millis(), "most": most })).await
    }

    async fn prune_deliveries(&self, before: Timestamp, most: usize) -> Result<usize, StoreError> {
        let sql = format!("{{ LET $rows = (SELECT VALUE id FROM outbox WHERE at < $before LIMIT $most); {DELETE_ROWS} }}");
        self.read(&sql, json!({ "before": before.as_millis(), "most": most })).await
    }

    async fn prune_audit(&self, before: &str, most: usize) -> Result<usize, StoreError> {
        // Behind the equal prefix of the index the database reads in order and stops at the limit.
        let sql = format!(
            "{{ LET $rows = (SELECT VALUE id FROM audit WHERE shelf = 'all' AND key < $before ORDER BY key LIMIT $most); {DELETE_ROWS} }}"
        );
        self.read(&sql, json!({ "before": before, "most": most })).await
    }

    async fn prune_feed(&self, session: &SessionId, most: usize) -> Result<usize, StoreError> {
        // The ids of lines and of what was seen begin with the session's, so ranges of them are its own. A snapshot can be written
        // between two steps by somebody who reads the feed, so each step deletes it.
        let sql = format!(
            "{{
            {IS_OVER}
            DELETE type::record('feed_snapshot', $key) RETURN NONE;
            DELETE overlay_grant WHERE session = $key RETURN NONE;
            LET $lines = (SELECT VALUE id FROM feed:[$key, NONE]..=[$key, ..] LIMIT $most);
            LET $seen = (SELECT VALUE id FROM feed_seen:[$key, NONE]..=[$key, ..] LIMIT $most);
            LET $held = (SELECT VALUE id FROM feed_held WHERE session = $key LIMIT $most);
            LET $rows = array::concat($lines, $seen, $held);
            {DELETE_ROWS}
            }}"
        );
        self.read(&sql, json!({ "key": session, "most": most })).await
    }

    async fn feeds_pruned_to(&self) -> Result<Option<SessionId>, StoreError> {
        self.read("SELECT VALUE key FROM ONLY pruned:feeds", json!({})).await
    }

    async fn set_feeds_pruned_to(&self, session: &SessionId) -> Result<(), StoreError> {
        self.run("UPSERT pruned:feeds SET key = $key RETURN NONE", json!({ "key": session })).await
    }
}
