//! How many lines a session's feed takes: in a minute and in all. Kept in this process; the end of a feed that is not known here is
//! read from the store.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::FeedLimits,
    domain::ids::SessionId,
    server::{
        auth::throttle::Throttle,
        error::{StudioError, StudioResult},
        store::Store,
    },
};
use parking_lot::{Mutex, MutexGuard};
use serde_json::json;
use std::{collections::HashMap, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
/// Known feeds; beyond that all are forgotten and read again.
const MOST: usize = 10_000;
/// A snapshot is written after as many new lines.
const SNAPSHOT_AFTER: u64 = 500;

/// What this process knows of a feed.
#[derive(Clone, Copy)]
struct Known {
    end: u64,
    /// Where the feed ended when the last snapshot was due.
    snapshot: u64,
}

pub(super) struct LineLimits {
    per_minute: Throttle,
    in_all: u64,
    known: Mutex<HashMap<SessionId, Known>>,
}

impl LineLimits {
    pub(super) fn new(limits: FeedLimits, factor: u32) -> Self {
        let burst = limits.lines_per_minute.saturating_mul(factor);
        Self { per_minute: Throttle::new(burst, MINUTE / burst.max(1)), in_all: limits.lines_per_session, known: Mutex::default() }
    }

    /// Before lines are taken.
    ///
    /// # Errors
    /// Too many in a short time: 429. The feed is full: 409.
    pub(super) async fn admit(&self, store: &dyn Store, id: &SessionId, lines: usize) -> StudioResult<()> {
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        let known = self.known().get(id).map(|known| known.end);
        let end = if let Some(end) = known {
            end
        } else {
            let end = store.feed_end(id).await?;
            self.keep(id, Known { end, snapshot: end });
            end
        };
        if end >= self.in_all {
            let message = format!(
                "This stream's feed is full: it holds {} lines. Start another stream, or ask whoever runs the studio for more \
                 (FOOTLIGHT_LINES_PER_SHOW).",
                self.in_all
            );
            let error = ApiError { detail: json!({ "limit": self.in_all }), ..ApiError::new(ErrorCode::Conflict, message) };
            return Err(StudioError::Refused(error));
        }
        self.take(id, lines)
    }

    /// Before the overlay's settings are changed: they are few, and a host must be able to change them to the end.
    ///
    /// # Errors
    /// Too many lines in a short time: 429.
    pub(super) fn admit_settings(&self, id: &SessionId) -> StudioResult<()> {
        self.take(id, 1)
    }

    fn take(&self, id: &SessionId, lines: u32) -> StudioResult<()> {
        Ok(self.per_minute.take_many(id.as_str(), lines).admit("Too many lines for this stream's feed.")?)
    }

    /// The feed ends here now. `true`: so many lines are new that a snapshot is due.
    pub(super) fn appended(&self, id: &SessionId, end: u64) -> bool {
        let known = self.known().get(id).copied().unwrap_or(Known { end, snapshot: end });
        let due = end.saturating_sub(known.snapshot) >= SNAPSHOT_AFTER;
        self.keep(id, Known { end: end.max(known.end), snapshot: if due { end } else { known.snapshot } });
        due
    }

    fn keep(&self, id: &SessionId, feed: Known) {
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(id) {
            known.clear();
        }
        known.insert(id.clone(), feed);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, Known>> {
        self.known.lock()
    }
}
