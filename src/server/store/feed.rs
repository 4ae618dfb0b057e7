//! The feeds of sessions: numbered from 1 without gaps, each of the caller's ids once.

use super::StoreError;
use crate::domain::{ids::SessionId, timestamp::Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// One line of a session's feed: what happened in the session, in the order in which the server took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// From 1, without gaps, per session.
    pub seq: u64,
    /// When the server took it.
    pub at: Timestamp,
    /// The event's name on the wire: `session`, `overlay`, `show`.
    pub kind: String,
    /// The caller's own id, by which a repeat is recognised.
    pub id: Option<String>,
    pub data: serde_json::Value,
}

/// A line on its way into a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLine {
    /// The event's name on the wire.
    pub kind: &'static str,
    /// The caller's own id.
    pub id: Option<String>,
    pub data: serde_json::Value,
}

impl NewLine {
    /// Whether it is what an agent decided.
    pub fn is_decision(&self) -> bool {
        self.data["kind"] == "decision"
    }
}

/// The lines of a feed that still show, so that a reader need not begin at the first line. It only saves time: it may be missing or old.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedSnapshot {
    /// The number of the last line that was read for it.
    pub seq: u64,
    /// The way in which the lines were chosen; a reader with another way ignores it.
    pub version: u32,
    /// Oldest first.
    pub lines: Vec<FeedEntry>,
}

/// Counts of what agents and games sent to a session's feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedCounts {
    pub events: u64,
    pub decisions: u64,
}

#[async_trait]
pub trait FeedStore: Send + Sync + 'static {
    /// Appends to a session's feed and returns the sequence number; `None` if `id` was here before.
    async fn append_feed(
        &self,
        session: &SessionId,
        at: Timestamp,
        kind: &str,
        id: Option<&str>,
        data: &serde_json::Value,
    ) -> Result<Option<u64>, StoreError>;
    /// Appends several lines in one transaction, in their order; `None` for each whose id was here before.
    async fn append_lines(&self, session: &SessionId, at: Timestamp, lines: &[NewLine]) -> Result<Vec<Option<u64>>, StoreError>;
    /// Delays lines until `due`; `false` for each whose id is already stored.
    async fn hold_lines(&self, session: &SessionId, due: Timestamp, lines: &[NewLine]) -> Result<Vec<bool>, StoreError>;
    /// Appends the lines that are due, at most a hundred, and returns them; exactly one of several racing callers gets each.
    async fn release_lines(&self, session: &SessionId, now: Timestamp) -> Result<Vec<FeedEntry>, StoreError>;
    /// Counts of what [`Self::append_lines`] and [`Self::release_lines`] appended to a feed.
    async fn feed_counts(&self, session: &SessionId) -> Result<FeedCounts, StoreError>;
    /// Entries after `seq`, oldest first, at most `limit`.
    async fn feed_after(&self, session: &SessionId, seq: u64, limit: usize) -> Result<Vec<FeedEntry>, StoreError>;
    /// The number of a feed's last line; 0 without any.
    async fn feed_end(&self, session: &SessionId) -> Result<u64, StoreError>;
    /// What was stored by [`Self::save_feed_snapshot`]; `None` also for one that cannot be read.
    async fn feed_snapshot(&self, session: &SessionId) -> Result<Option<FeedSnapshot>, StoreError>;
    /// Stores a snapshot, unless the stored one is of the same version and not older.
    async fn save_feed_snapshot(&self, session: &SessionId, snapshot: &FeedSnapshot) -> Result<(), StoreError>;
}
