//! The past of a session's feed: the lines that still show, for readers who join late, and pages of those that a reader missed.
//! However long a feed is, as much is read as was appended since its last snapshot.

use super::KIND;
use crate::{
    domain::{
        ids::SessionId,
        overlay_state::{OverlayEvent, OverlayState},
    },
    server::{
        error::{StudioResult, chain},
        ports::Ports,
        store::{FeedEntry, FeedSnapshot},
    },
};
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Lines read at once.
const PAGE: usize = 500;
/// After a longer tail a snapshot is written.
const LONG_TAIL: u64 = 500;
/// Missed lines that a reader gets in full; older ones only as far as they still show.
pub const RESUMED: u64 = 1_000;
/// To be raised when other lines are kept than before.
const VERSION: u32 = 1;

/// The lines of a feed that still show.
#[derive(Debug, Default)]
pub struct Shown {
    state: OverlayState,
    lines: BTreeMap<u64, FeedEntry>,
    /// The last line that says the overlay's settings.
    settings: Option<u64>,
    /// The number of the last line that was read.
    pub seq: u64,
}

impl Shown {
    fn add(&mut self, lines: Vec<FeedEntry>) {
        for line in lines {
            self.seq = self.seq.max(line.seq);
            if line.kind == KIND {
                // A line of another shape is another version's, and nothing that this one could draw.
                let Some(event) = event_of(&line) else { continue };
                self.state.apply(line.seq, event, line.at);
            } else {
                self.settings = self.settings.max(Some(line.seq));
            }
            self.lines.insert(line.seq, line);
        }
        let kept = self.state.kept();
        self.lines.retain(|seq, _| kept.contains(seq) || self.settings == Some(*seq));
    }

    /// Oldest first.
    pub fn into_lines(self) -> impl Iterator<Item = FeedEntry> {
        self.lines.into_values()
    }
}

/// The overlay event in a line, if it is one.
pub fn event_of(line: &FeedEntry) -> Option<OverlayEvent> {
    (line.kind == KIND).then(|| serde::Deserialize::deserialize(&line.data).ok()).flatten()
}

/// Reads the past of feeds. Cheap to clone.
#[derive(Clone)]
pub struct FeedHistory {
    ports: Arc<Ports>,
    /// Sessions whose snapshot is being written.
    writing: Arc<Mutex<HashSet<SessionId>>>,
}

impl FeedHistory {
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, writing: Arc::default() }
    }

    /// The lines that still show, from the stored snapshot and what came after it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn shown(&self, id: &SessionId) -> StudioResult<Shown> {
        let (shown, tail) = self.read(id).await?;
        if tail > LONG_TAIL {
            self.write_snapshot(id);
        }
        Ok(shown)
    }

    /// What a reader is sent first who has seen everything up to `after`: of lines long past those that still show. Its second part
    /// is the number from which it reads on, page by page.
    ///
    /// # Errors
    /// The store failed.
    pub async fn resume(&self, id: &SessionId, after: u64) -> StudioResult<(Vec<FeedEntry>, u64)> {
        let from = self.ports.store.feed_end(id).await?.saturating_sub(RESUMED);
        if after >= from {
            return Ok((Vec::new(), after));
        }
        let shown = self.shown(id).await?;
        Ok((shown.into_lines().filter(|line| line.seq > after && line.seq <= from).collect(), from))
    }

    /// The next lines after a number.
    ///
    /// # Errors
    /// The store failed.
    pub async fn page(&self, id: &SessionId, after: u64) -> StudioResult<Vec<FeedEntry>> {
        Ok(self.ports.store.feed_after(id, after, PAGE).await?)
    }

    /// Writes a snapshot in the background, unless one of this session is being written.
    pub fn write_snapshot(&self, id: &SessionId) {
        if !self.writing().insert(id.clone()) {
            return;
        }
        let (history, id) = (self.clone(), id.clone());
        tokio::spawn(async move {
            if let Err(error) = history.snapshot(&id).await {
                tracing::warn!(session = %id, error = %chain(&error), "the snapshot of a feed was not written; pages load more slowly");
            }
            history.writing().remove(&id);
        });
    }

    async fn snapshot(&self, id: &SessionId) -> StudioResult<()> {
        let (shown, _) = self.read(id).await?;
        let snapshot = FeedSnapshot { seq: shown.seq, version: VERSION, lines: shown.into_lines().collect() };
        Ok(self.ports.store.save_feed_snapshot(id, &snapshot).await?)
    }

    /// The lines that still show, and how many were read after the snapshot.
    async fn read(&self, id: &SessionId) -> StudioResult<(Shown, u64)> {
        let mut shown = Shown::default();
        let end = self.ports.store.feed_end(id).await?;
        let snapshot = self.ports.store.feed_snapshot(id).await?;
        // One that is ahead of its feed belongs to another copy of the store.
        if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.version == VERSION && snapshot.seq <= end) {
            shown.add(snapshot.lines);
            shown.seq = snapshot.seq;
        }
        let from = shown.seq;
        loop {
            let page = self.page(id, shown.seq).await?;
            let last = page.len() < PAGE;
            shown.add(page);
            if last {
                let tail = shown.seq - from;
                return Ok((shown, tail));
            }
        }
    }

    fn writing(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        self.writing.lock()
    }
}
