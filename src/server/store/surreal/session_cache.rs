//! A cache of stored sessions, so that reading one needs no database call. Only used where every write goes through this
//! process: a store in memory or in a folder.

use crate::domain::ids::SessionId;
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Sessions in the cache; beyond that it is cleared.
const MOST: usize = 2_000;
/// How long a write whose caller went away may still take effect: twice a statement's timeout.
const UNSURE_FOR: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Rows<T> {
    /// Grows at the start and the end of every write: what was read across one is not cached.
    revision: u64,
    sessions: HashMap<SessionId, T>,
    /// Writes in progress, and those whose end is unknown, by the revision at which each began.
    writes: HashMap<SessionId, Vec<(u64, Instant)>>,
}

#[derive(Debug)]
pub(super) struct SessionCache<T>(Mutex<Rows<T>>);

impl<T> Default for SessionCache<T> {
    fn default() -> Self {
        Self(Mutex::new(Rows { revision: 0, sessions: HashMap::new(), writes: HashMap::new() }))
    }
}

/// A write in progress. One that is dropped without `ended` may or may not take effect later.
#[must_use]
pub(super) struct Write<'a, T> {
    cache: &'a SessionCache<T>,
    id: &'a SessionId,
    began: u64,
}

impl<T: Clone> SessionCache<T> {
    fn lock(&self) -> MutexGuard<'_, Rows<T>> {
        self.0.lock()
    }

    /// The cached session, if there is one.
    pub(super) fn of(&self, id: &SessionId) -> Option<T> {
        self.lock().sessions.get(id).cloned()
    }

    /// Taken before a session is read, and given back with what was read.
    pub(super) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Caches what was read, unless something was written meanwhile, or still may be.
    pub(super) fn keep(&self, id: &SessionId, session: &T, revision: u64) {
        let mut rows = self.lock();
        if let Some(writes) = rows.writes.get_mut(id) {
            writes.retain(|(_, at)| at.elapsed() < UNSURE_FOR);
            if !writes.is_empty() {
                return;
            }
            rows.writes.remove(id);
        }
        if rows.revision != revision {
            return;
        }
        if rows.sessions.len() >= MOST {
            rows.sessions.clear();
        }
        rows.sessions.insert(id.clone(), session.clone());
    }

    /// Before a session is written: from here on it is not cached until it is read after the end.
    pub(super) fn write<'a>(&'a self, id: &'a SessionId) -> Write<'a, T> {
        let mut rows = self.lock();
        rows.revision += 1;
        let began = rows.revision;
        rows.sessions.remove(id);
        rows.writes.entry(id.clone()).or_default().push((began, Instant::now()));
        Write { cache: self, id, began }
    }
}

impl<T: Clone> Write<'_, T> {
    /// It took effect or was refused: nothing can happen later.
    pub(super) fn ended(self) {
        let mut rows = self.cache.lock();
        rows.revision += 1;
        if let Some(writes) = rows.writes.get_mut(self.id) {
            writes.retain(|(began, _)| *began != self.began);
            if writes.is_empty() {
                rows.writes.remove(self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Revisions stand for the sessions.
    fn cache() -> (SessionCache<u64>, SessionId) {
        (SessionCache::default(), "s1".parse().expect("an id"))
    }

    #[test]
    fn a_read_session_is_cached_until_it_is_written() {
        let (cache, id) = cache();
        cache.keep(&id, &1, cache.revision());
        assert_eq!(cache.of(&id), Some(1));
        cache.write(&id).ended();
        assert_eq!(cache.of(&id), None);
        cache.keep(&id, &2, cache.revision());
        assert_eq!(cache.of(&id), Some(2));
    }

    #[test]
    fn a_read_across_a_write_is_not_cached() {
        let (cache, id) = cache();
        let before = cache.revision();
        let (first, second) = (cache.write(&id), cache.write(&id));
        first.ended();
        cache.keep(&id, &2, cache.revision());
        assert_eq!(cache.of(&id), None, "the other may be stored yet");
        second.ended();
        cache.keep(&id, &1, before);
        assert_eq!(cache.of(&id), None);
    }

    #[test]
    fn a_write_without_an_end_prevents_caching() {
        let (cache, id) = cache();
        drop(cache.write(&id));
        cache.keep(&id, &1, cache.revision());
        assert_eq!(cache.of(&id), None);
    }

    #[test]
    fn two_writes_ending_in_any_order_clear_the_cache() {
        let (cache, id) = cache();
        let (second, third) = (cache.write(&id), cache.write(&id));
        third.ended();
        second.ended();
        assert_eq!(cache.of(&id), None, "the one that ends last need not be the last that was stored");
        cache.keep(&id, &3, cache.revision());
        assert_eq!(cache.of(&id), Some(3));
    }
}
