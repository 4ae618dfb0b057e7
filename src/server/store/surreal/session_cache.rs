//! Sessions as they are stored, so that looking at a show asks no database. Only where every write goes through this process, as
//! with a store in memory or in a folder, which belongs to one.

use crate::domain::ids::SessionId;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Sessions known at once; beyond that all are read again.
const MOST: usize = 2_000;
/// How long a write whose caller went away may still be carried out: twice the patience of a statement.
const UNSURE_FOR: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Rows<T> {
    /// Grows with every write, at its beginning and its end: what was read across one is not kept.
    revision: u64,
    sessions: HashMap<SessionId, T>,
    /// Writes under way, and those of which nobody heard the end, by the turn at which each began.
    writes: HashMap<SessionId, Vec<(u64, Instant)>>,
}

/// What this process knows.
#[derive(Debug)]
pub(super) struct SessionCache<T>(Mutex<Rows<T>>);

impl<T> Default for SessionCache<T> {
    fn default() -> Self {
        Self(Mutex::new(Rows { revision: 0, sessions: HashMap::new(), writes: HashMap::new() }))
    }
}

/// A write under way. One that is dropped without its end may or may not be carried out later.
#[must_use]
pub(super) struct Write<'a, T> {
    cache: &'a SessionCache<T>,
    id: &'a SessionId,
    began: u64,
}

impl<T: Clone> SessionCache<T> {
    fn lock(&self) -> MutexGuard<'_, Rows<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is stored, if that is known.
    pub(super) fn of(&self, id: &SessionId) -> Option<T> {
        self.lock().sessions.get(id).cloned()
    }

    /// Taken before a session is read, and given back with what was read.
    pub(super) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Keeps what was read, unless something was written meanwhile, or still may be.
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

    /// Before a session is written: from here on it is not known, until it is read after the end.
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
    /// It was carried out or refused: nothing of it can happen later.
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
    fn what_was_read_is_known_until_it_is_written() {
        let (cache, id) = cache();
        cache.keep(&id, &1, cache.revision());
        assert_eq!(cache.of(&id), Some(1));
        cache.write(&id).ended();
        assert_eq!(cache.of(&id), None);
        cache.keep(&id, &2, cache.revision());
        assert_eq!(cache.of(&id), Some(2));
    }

    #[test]
    fn what_was_read_across_a_write_is_not_kept() {
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
    fn a_write_whose_end_nobody_heard_leaves_it_to_the_database() {
        let (cache, id) = cache();
        drop(cache.write(&id));
        cache.keep(&id, &1, cache.revision());
        assert_eq!(cache.of(&id), None);
    }

    #[test]
    fn the_later_of_two_that_were_stored_is_known_whoever_hears_of_it_first() {
        let (cache, id) = cache();
        let (second, third) = (cache.write(&id), cache.write(&id));
        third.ended();
        second.ended();
        assert_eq!(cache.of(&id), None, "the one that ends last need not be the last that was stored");
        cache.keep(&id, &3, cache.revision());
        assert_eq!(cache.of(&id), Some(3));
    }
}
