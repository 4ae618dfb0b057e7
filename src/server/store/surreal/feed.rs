//! A session's feed: numbered from 1 without gaps, each of the caller's ids once.

use super::query::Database;
use crate::{
    domain::{ids::SessionId, timestamp::Timestamp},
    server::store::{FeedEntry, StoreError},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Row {
    seq: u64,
    at: i64,
    kind: String,
    caller_id: Option<String>,
    json: String,
}

impl Database {
    pub(super) async fn append_feed(
        &self,
        session: &SessionId,
        at: Timestamp,
        kind: &str,
        id: Option<&str>,
        data: &Value,
    ) -> Result<Option<u64>, StoreError> {
        // Every writer writes the head, so of two that read the same number one is refused and comes again.
        let sql = "{
            LET $seen = type::record('feed_seen', [$show, $id]);
            IF $id != NULL AND record::exists($seen) {
                NONE
            } ELSE {
                LET $head = type::record('feed_head', $show);
                LET $seq = ((SELECT VALUE last FROM ONLY $head) ?? 0) + 1;
                UPSERT $head SET last = $seq RETURN NONE;
                CREATE type::record('feed', [$show, $seq])
                    SET seq = $seq, at = $at, kind = $kind, caller_id = $id ?? NONE, json = $json RETURN NONE;
                IF $id != NULL { CREATE $seen SET seq = $seq RETURN NONE };
                $seq
            }
        }";
        let variables = json!({ "show": session, "at": at.as_millis(), "kind": kind, "id": id, "json": data.to_string() });
        self.read(sql, variables).await
    }

    pub(super) async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        // Without gaps, the limit is the end of the range.
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let until = after.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = "SELECT seq, at, kind, caller_id, json FROM feed:[$show, $after]>..=[$show, $until]";
        let rows: Vec<Row> = self.read(sql, json!({ "show": session, "after": after, "until": until })).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl TryFrom<Row> for FeedEntry {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let data = serde_json::from_str(&row.json).map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self { seq: row.seq, at: Timestamp::from_millis(row.at), kind: row.kind, id: row.caller_id, data })
    }
}
