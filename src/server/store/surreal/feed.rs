//! A session's feed: numbered from 1 without gaps, each of the caller's ids once. One line, many at once, and those that are
//! held back for a while.

use super::{
    SurrealStore,
    query::{DbError, decode},
    thrown::Thrown,
};
use crate::{
    domain::{ids::SessionId, timestamp::Timestamp},
    server::store::{FeedCounts, FeedEntry, FeedSnapshot, FeedStore, NewLine, StoreError},
};
use async_trait::async_trait;
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

#[derive(Deserialize)]
struct Before {
    last: u64,
    seen: Vec<bool>,
}

#[derive(Deserialize)]
struct SnapshotRow {
    seq: u64,
    version: u32,
    json: String,
}

#[derive(Deserialize)]
struct Held {
    key: String,
    kind: String,
    caller_id: Option<String>,
    json: String,
}

/// The numbers were chosen from what was read before: if the feed's end is no longer there, nothing is written and the caller
/// chooses again. Held lines left their ids when they came, so these are marked only where the lines are new (`$mark`).
const APPEND: &str = "{
    IF ((SELECT VALUE last FROM ONLY $head) ?? 0) != $last { THROW 'feed_moved' };
    UPSERT $head SET last = $new, events = (events ?? 0) + $events, decisions = (decisions ?? 0) + $decisions RETURN NONE;
    FOR $row IN $rows {
        CREATE type::record('feed', [$show, $row.seq])
            SET seq = $row.seq, at = $at, kind = $row.kind, caller_id = $row.id ?? NONE, json = $row.json RETURN NONE;
        IF $row.id != NULL AND $mark { CREATE type::record('feed_seen', [$show, $row.id]) SET seq = $row.seq RETURN NONE };
    };
    FOR $key IN $released { DELETE type::record('feed_held', $key) RETURN NONE };
}";

#[async_trait]
impl FeedStore for SurrealStore {
    async fn append_feed(
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

    async fn append_lines(&self, session: &SessionId, at: Timestamp, lines: &[NewLine]) -> Result<Vec<Option<u64>>, StoreError> {
        loop {
            let before = self.before(session, lines).await?;
            let mut seq = before.last;
            let numbers: Vec<Option<u64>> = fresh(lines, &before.seen)
                .into_iter()
                .map(|fresh| {
                    seq += u64::from(fresh);
                    fresh.then_some(seq)
                })
                .collect();
            let rows: Vec<Value> = lines
                .iter()
                .zip(&numbers)
                .filter_map(|(line, seq)| {
                    seq.map(|seq| json!({ "seq": seq, "kind": line.kind, "id": line.id, "json": line.data.to_string() }))
                })
                .collect();
            let decisions = lines.iter().zip(&numbers).filter(|(line, seq)| seq.is_some() && line.is_decision()).count();
            if rows.is_empty() || self.append(session, at, before.last, &rows, decisions, &[]).await? {
                return Ok(numbers);
            }
        }
    }

    async fn hold_lines(&self, session: &SessionId, due: Timestamp, lines: &[NewLine]) -> Result<Vec<bool>, StoreError> {
        let before = self.before(session, lines).await?;
        let taken = fresh(lines, &before.seen);
        // One id for the call and the line's place in it: ids of one millisecond are in no order of their own.
        let call = ulid::Ulid::new().to_string().to_lowercase();
        let rows: Vec<Value> = lines
            .iter()
            .zip(&taken)
            .enumerate()
            .filter(|(_, (_, taken))| **taken)
            .map(|(place, (line, _))| {
                let key = format!("{call}{place:03}");
                json!({ "key": key, "kind": line.kind, "id": line.id, "json": line.data.to_string() })
            })
            .collect();
        let sql = "{
            FOR $row IN $rows {
                CREATE type::record('feed_held', $row.key) SET key = $row.key, session = $show, due = $due,
                    kind = $row.kind, caller_id = $row.id ?? NONE, json = $row.json RETURN NONE;
                IF $row.id != NULL { CREATE type::record('feed_seen', [$show, $row.id]) SET seq = 0 RETURN NONE };
            }
        }";
        match self.execute(sql, json!({ "show": session, "due": due.as_millis(), "rows": rows })).await {
            Ok(_) => Ok(taken),
            // Another call was first with one of the ids: what it holds is held.
            Err(DbError::Exists) => self.hold_lines(session, due, lines).await,
            Err(other) => Err(other.into()),
        }
    }

    async fn release_lines(&self, session: &SessionId, now: Timestamp) -> Result<Vec<FeedEntry>, StoreError> {
        loop {
            // Of one moment, in the order in which they came: the keys sort so.
            let sql =
                "SELECT key, kind, caller_id, json, due FROM feed_held WHERE session = $show AND due <= $now ORDER BY due, key LIMIT 100";
            let held: Vec<Held> = self.read(sql, json!({ "show": session, "now": now.as_millis() })).await?;
            if held.is_empty() {
                return Ok(Vec::new());
            }
            let last = self.before(session, &[]).await?.last;
            let mut entries = Vec::with_capacity(held.len());
            for (seq, held) in (last + 1..).zip(&held) {
                let data: Value = serde_json::from_str(&held.json).map_err(|error| StoreError::Failed(Box::new(error)))?;
                entries.push(FeedEntry { seq, at: now, kind: held.kind.clone(), id: held.caller_id.clone(), data });
            }
            let rows: Vec<Value> = entries
                .iter()
                .map(|entry| json!({ "seq": entry.seq, "kind": entry.kind, "id": entry.id, "json": entry.data.to_string() }))
                .collect();
            let decisions = entries.iter().filter(|entry| entry.data["kind"] == "decision").count();
            let keys: Vec<&str> = held.iter().map(|held| held.key.as_str()).collect();
            if self.append(session, now, last, &rows, decisions, &keys).await? {
                return Ok(entries);
            }
        }
    }

    async fn feed_counts(&self, session: &SessionId) -> Result<FeedCounts, StoreError> {
        // A feed that only has single lines has an end, but no counts.
        let sql = "SELECT (events ?? 0) AS events, (decisions ?? 0) AS decisions FROM ONLY type::record('feed_head', $show)";
        Ok(self.read::<Option<FeedCounts>>(sql, json!({ "show": session })).await?.unwrap_or_default())
    }

    async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError> {
        // The ids are [session, seq] and sorted, so a range of them is the answer. Without gaps, the limit is its end.
        let after = i64::try_from(seq).unwrap_or(i64::MAX);
        let until = after.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = "SELECT seq, at, kind, caller_id, json FROM feed:[$show, $after]>..=[$show, $until]";
        let rows: Vec<Row> = self.read(sql, json!({ "show": session, "after": after, "until": until })).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn feed_end(&self, session: &SessionId) -> Result<u64, StoreError> {
        self.read("RETURN (SELECT VALUE last FROM ONLY type::record('feed_head', $show)) ?? 0", json!({ "show": session })).await
    }

    async fn feed_snapshot(&self, session: &SessionId) -> Result<Option<FeedSnapshot>, StoreError> {
        let sql = "SELECT seq, version, json FROM ONLY type::record('feed_snapshot', $show)";
        let Some(row) = self.read::<Option<SnapshotRow>>(sql, json!({ "show": session })).await? else { return Ok(None) };
        match serde_json::from_str(&row.json) {
            Ok(lines) => Ok(Some(FeedSnapshot { seq: row.seq, version: row.version, lines })),
            Err(error) => {
                tracing::warn!(%session, %error, "the snapshot of a feed cannot be read; the feed is read from its beginning");
                Ok(None)
            }
        }
    }

    async fn save_feed_snapshot(&self, session: &SessionId, snapshot: &FeedSnapshot) -> Result<(), StoreError> {
        let sql = "{
            LET $stored = (SELECT seq, version FROM ONLY type::record('feed_snapshot', $show));
            IF $stored = NONE OR $stored.version != $version OR $stored.seq < $seq {
                UPSERT type::record('feed_snapshot', $show) SET seq = $seq, version = $version, json = $json RETURN NONE
            }
        }";
        let lines = serde_json::to_string(&snapshot.lines).map_err(|error| StoreError::Failed(Box::new(error)))?;
        self.run(sql, json!({ "show": session, "seq": snapshot.seq, "version": snapshot.version, "json": lines })).await
    }
}

impl SurrealStore {
    /// The feed's end, and which of the lines' ids were here before.
    async fn before(&self, session: &SessionId, lines: &[NewLine]) -> Result<Before, StoreError> {
        let ids: Vec<&str> = lines.iter().filter_map(|line| line.id.as_deref()).collect();
        // One look-up by id for each, in one statement: nothing is searched.
        let asked: Vec<String> =
            (0..ids.len()).map(|index| format!("record::exists(type::record('feed_seen', [$show, $ids[{index}]]))")).collect();
        let sql =
            format!("RETURN {{ last: (SELECT VALUE last FROM ONLY type::record('feed_head', $show)) ?? 0, seen: [{}] }}", asked.join(", "));
        let mut before: Before = decode(self.execute(&sql, json!({ "show": session, "ids": ids })).await?)?;
        let mut seen = before.seen.into_iter();
        before.seen = lines.iter().map(|line| line.id.is_some() && seen.next().unwrap_or(false)).collect();
        Ok(before)
    }

    /// Appends behind `last`; `false` if somebody else was first there.
    async fn append(
        &self,
        session: &SessionId,
        at: Timestamp,
        last: u64,
        rows: &[Value],
        decisions: usize,
        released: &[&str],
    ) -> Result<bool, StoreError> {
        let sql = format!("{{ LET $head = type::record('feed_head', $show); {APPEND} }}");
        let variables = json!({
            "show": session, "at": at.as_millis(), "last": last, "new": last + rows.len() as u64, "rows": rows,
            "events": rows.len(), "decisions": decisions, "released": released, "mark": released.is_empty(),
        });
        match self.execute(&sql, variables).await {
            Ok(_) => Ok(true),
            Err(DbError::Thrown(Thrown::FeedMoved) | DbError::Exists) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}

impl TryFrom<Row> for FeedEntry {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let data = serde_json::from_str(&row.json).map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self { seq: row.seq, at: Timestamp::from_millis(row.at), kind: row.kind, id: row.caller_id, data })
    }
}

/// Which lines are new: neither stored before nor repeated within the batch.
fn fresh(lines: &[NewLine], seen: &[bool]) -> Vec<bool> {
    let mut ids = std::collections::HashSet::new();
    lines.iter().zip(seen).map(|(line, seen)| !seen && line.id.as_deref().is_none_or(|id| ids.insert(id.to_owned()))).collect()
}
