//! Sessions as they were stored last, so that looking at a show asks no database. Only where every write goes through this
//! process, as with a store in memory or in a folder, which belongs to one: what is known is then what is stored.

use crate::domain::{ids::SessionId, session::Session};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Sessions known at once; beyond that all are read again.
const MOST: usize = 2_000;
/// How long a write whose caller went away may still be carried out: twice the patience of a statement.
const UNSURE_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Rows {
    /// Grows with every write, at its beginning and its end: what was read across one is not kept.
    turn: u64,
    tickets: u64,
    sessions: HashMap<SessionId, Session>,
    /// Writes under way, and those of which nobody heard the end.
    writes: HashMap<SessionId, Vec<(u64, Instant)>>,
}

impl Rows {
    fn is_settled(&mut self, id: &SessionId, now: Instant) -> bool {
        let Some(writes) = self.writes.get_mut(id) else { return true };
        writes.retain(|(_, begun)| now.duration_since(*begun) < UNSURE_FOR);
        if writes.is_empty() {
            self.writes.remove(id);
            return true;
        }
        false
    }
}

/// What this process knows.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Rows>);

/// A write under way. One that is dropped without an end may or may not be carried out later.
#[must_use]
pub(super) struct Write<'a> {
    known: &'a Known,
    id: &'a SessionId,
    ticket: u64,
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is stored, if that is known.
    pub(super) fn of(&self, id: &SessionId) -> Option<Session> {
        self.lock().sessions.get(id).cloned()
    }

    /// Taken before a session is read, and given back with what was read.
    pub(super) fn turn(&self) -> u64 {
        self.lock().turn
    }

    /// Keeps what was read, unless it is being written or something newer is known.
    pub(super) fn keep(&self, session: &Session, turn: u64) {
        let mut rows = self.lock();
        if rows.turn == turn && rows.is_settled(&session.id, Instant::now()) {
            put(&mut rows, session);
        }
    }

    /// Before a session is written.
    pub(super) fn write<'a>(&'a self, id: &'a SessionId) -> Write<'a> {
        let mut rows = self.lock();
        rows.turn += 1;
        rows.tickets += 1;
        let ticket = rows.tickets;
        rows.sessions.remove(id);
        rows.writes.entry(id.clone()).or_default().push((ticket, Instant::now()));
        Write { known: self, id, ticket }
    }
}

impl Write<'_> {
    /// It is stored.
    pub(super) fn stored(self, session: &Session) {
        let mut rows = self.known.lock();
        self.end(&mut rows);
        if rows.is_settled(self.id, Instant::now()) {
            put(&mut rows, session);
        }
    }

    /// It was refused: nothing has changed.
    pub(super) fn refused(self) {
        self.end(&mut self.known.lock());
    }

    fn end(&self, rows: &mut Rows) {
        rows.turn += 1;
        if let Some(writes) = rows.writes.get_mut(self.id) {
            writes.retain(|(ticket, _)| *ticket != self.ticket);
        }
    }
}

fn put(rows: &mut Rows, session: &Session) {
    if rows.sessions.get(&session.id).is_some_and(|known| known.revision > session.revision) {
        return;
    }
    if rows.sessions.len() >= MOST {
        rows.sessions.clear();
    }
    rows.sessions.insert(session.id.clone(), session.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::Generation,
        overlay::OverlaySettings,
        session::{HostPresence, Owner, SessionState, StreamType},
        timestamp::Timestamp,
        video::VideoPreset,
    };

    fn session(revision: u64) -> Session {
        Session {
            id: "s1".parse().expect("an id"),
            owner: Owner::User("u1".parse().expect("an id")),
            account: "u1".parse().expect("an id"),
            stream_type: StreamType::User,
            entity_name: "Ada".into(),
            title: String::new(),
            state: SessionState::Pending,
            health: Vec::new(),
            destinations: Vec::new(),
            video: VideoPreset::Hd30.format(),
            overlay: OverlaySettings::for_user(),
            generation: Generation::FIRST,
            created_at: Timestamp::default(),
            public: false,
            current_lobby_id: None,
            broadcast_delay_ms: 0,
            host: HostPresence::NotYet,
            replaced_at: Vec::new(),
            results: Vec::new(),
            audience: crate::domain::audience::Audience::default(),
            revision,
        }
    }

    fn revision(known: &Known) -> Option<u64> {
        known.of(&session(1).id).map(|session| session.revision)
    }

    #[test]
    fn what_was_stored_last_is_known() {
        let known = Known::default();
        known.keep(&session(1), known.turn());
        assert_eq!(revision(&known), Some(1));
        known.write(&session(2).id).stored(&session(2));
        assert_eq!(revision(&known), Some(2));
    }

    #[test]
    fn what_was_read_across_a_write_is_not_kept() {
        let (known, id) = (Known::default(), session(1).id);
        let before = known.turn();
        let (first, second) = (known.write(&id), known.write(&id));
        first.stored(&session(2));
        assert_eq!(revision(&known), None, "the other may be stored yet");
        second.refused();
        known.keep(&session(1), before);
        assert_eq!(revision(&known), None);
        known.keep(&session(2), known.turn());
        assert_eq!(revision(&known), Some(2));
    }

    #[test]
    fn a_write_whose_end_nobody_heard_leaves_it_to_the_database() {
        let known = Known::default();
        drop(known.write(&session(1).id));
        known.keep(&session(1), known.turn());
        assert_eq!(revision(&known), None);
    }

    #[test]
    fn the_later_of_two_that_were_stored_stays() {
        let (known, id) = (Known::default(), session(1).id);
        let (second, third) = (known.write(&id), known.write(&id));
        third.stored(&session(3));
        second.stored(&session(2));
        known.keep(&session(3), known.turn());
        known.keep(&session(2), known.turn());
        assert_eq!(revision(&known), Some(3));
    }
}
