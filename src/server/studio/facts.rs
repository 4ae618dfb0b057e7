//! What is known of running shows only while this process runs: the relay's evidence, who is in the room, the overlay's
//! heartbeat, replacements. All of it can be measured again, so none of it is stored.

use crate::{
    api::{broadcast::ShowReport, overlay::Heartbeat},
    domain::{
        ids::{Generation, SessionId},
        timestamp::Timestamp,
    },
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

/// What is known of one running show.
#[derive(Debug, Clone, Default)]
pub struct ShowFacts {
    /// The relay's latest measurements and when they came.
    pub report: Option<(ShowReport, Timestamp)>,
    /// Whether the host was ever seen in the room.
    pub host_seen: bool,
    /// Since when the host is missing.
    pub host_away_since: Option<Timestamp>,
    /// The overlay's latest heartbeat.
    pub pulse: Option<Pulse>,
    /// When egresses were replaced, within the last ten minutes.
    pub replaced_at: Vec<Timestamp>,
    /// Since when nothing reaches the relay.
    pub composite_away_since: Option<Timestamp>,
}

/// The overlay's heartbeat.
#[derive(Debug, Clone)]
pub struct Pulse {
    /// Which egress's overlay.
    pub generation: Generation,
    /// When it came.
    pub at: Timestamp,
    /// What it said.
    pub beat: Heartbeat,
    /// When its frame counter last grew.
    pub moved_at: Timestamp,
}

/// What is known of every running show.
#[derive(Debug, Default)]
pub struct Facts(Mutex<HashMap<SessionId, ShowFacts>>);

impl Facts {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, ShowFacts>> {
        self.0.lock().expect("no holder panics: closures below only assign")
    }

    /// A copy of what is known of a show.
    pub fn of(&self, session: &SessionId) -> ShowFacts {
        self.lock().get(session).cloned().unwrap_or_default()
    }

    /// Changes what is known of a show.
    pub fn note<R>(&self, session: &SessionId, change: impl FnOnce(&mut ShowFacts) -> R) -> R {
        change(self.lock().entry(session.clone()).or_default())
    }

    /// Takes the overlay's heartbeat.
    pub fn beat(&self, session: &SessionId, generation: Generation, beat: Heartbeat, at: Timestamp) {
        self.note(session, |facts| {
            let moved_at = match &facts.pulse {
                Some(last) if last.generation == generation && last.beat.frames == beat.frames => last.moved_at,
                Some(last) if last.generation > generation => return,
                _ => at,
            };
            facts.pulse = Some(Pulse { generation, at, beat, moved_at });
        });
    }

    /// A show is over.
    pub fn forget(&self, session: &SessionId) {
        self.lock().remove(session);
    }
}
