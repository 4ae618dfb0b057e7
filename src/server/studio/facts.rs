//! What is known of running shows only while this process runs: the relay's evidence, when the room was looked at, the
//! overlay's heartbeat. All of it can be measured again, so none of it is stored; what cannot stands in the session.

use crate::{
    api::{
        broadcast::{IngestState, ShowReport},
        overlay::Heartbeat,
    },
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
    /// When the room was last looked into with success.
    pub host_looked_at: Option<Timestamp>,
    /// Whether LiveKit has the room, where it said so.
    pub room: Option<bool>,
    /// The overlay's latest heartbeat.
    pub pulse: Option<Pulse>,
    /// The latest generation whose picture reached the relay.
    pub arrived: Option<Generation>,
    /// When this process heard of the show from the relay for the first time.
    pub watched_since: Option<Timestamp>,
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

impl ShowFacts {
    /// Takes the relay's measurements.
    pub fn hear(&mut self, report: ShowReport, now: Timestamp) {
        if let IngestState::Receiving { generation, .. } = report.ingest.state {
            self.arrived = self.arrived.max(Some(generation));
            self.composite_away_since = None;
        } else {
            self.composite_away_since = self.composite_away_since.or(Some(now));
        }
        self.watched_since = self.watched_since.or(Some(now));
        self.report = Some((report, now));
    }
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

    /// Takes the relay's measurements.
    pub fn hear(&self, report: ShowReport, now: Timestamp) {
        self.note(&report.session_id.clone(), |facts| facts.hear(report, now));
    }

    /// Takes the overlay's heartbeat.
    pub fn beat(&self, session: &SessionId, generation: Generation, beat: Heartbeat, at: Timestamp) {
        self.note(session, |facts| {
            let moved_at = match &facts.pulse {
                Some(last) if (last.generation, last.at) > (generation, at) => return,
                Some(last) if last.generation == generation && last.beat.frames == beat.frames => last.moved_at,
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
