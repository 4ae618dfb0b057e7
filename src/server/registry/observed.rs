//! What is known of running shows only while this process runs: the relay's evidence, when the room was looked at, the
//! overlay's heartbeat. All of it can be measured again, so none of it is stored; what cannot stands in the session.

use crate::{
    api::{
        overlay::Heartbeat,
        relay_control::{DestinationReport, DestinationState, IngestState, SessionReport},
    },
    domain::{
        ids::{DestinationId, Generation, SessionId},
        timestamp::Timestamp,
    },
};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;

/// A report may arrive later than others by this much; more is a clock that was set, or another relay.
const DELAYED_MS: i64 = 2_000;

/// What is known of one running session.
#[derive(Debug, Clone, Default)]
pub struct ObservedState {
    /// The relay's latest measurements and when they came.
    pub report: Option<(SessionReport, Timestamp)>,
    /// When the room was last looked into with success.
    pub host_looked_at: Option<Timestamp>,
    /// Whether LiveKit has the room, where it said so.
    pub room: Option<bool>,
    /// The overlay's latest heartbeat.
    pub heartbeat: Option<ReceivedHeartbeat>,
    /// The latest generation whose picture reached the relay.
    pub arrived: Option<Generation>,
    /// When this process heard of the session from the relay for the first time.
    pub watched_since: Option<Timestamp>,
    /// Since when nothing reaches the relay.
    pub composite_away_since: Option<Timestamp>,
    /// By how many milliseconds the relay's clock is behind ours; what a report took to arrive counts as such.
    relay_behind_ms: Option<i64>,
    /// Destinations that the relay is not told of, because their keys are missing or do not open.
    pub keyless: Vec<Keyless>,
}

/// A destination whose key is missing or does not open. The others go on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyless {
    pub id: DestinationId,
    /// Since when this process knows.
    pub since: Timestamp,
    /// What is wrong, and what to do.
    pub reason: String,
}

#[derive(Debug, Clone)]
pub struct ReceivedHeartbeat {
    pub generation: Generation,
    pub at: Timestamp,
    pub body: Heartbeat,
    /// When its frame counter last grew.
    pub moved_at: Timestamp,
}

impl ObservedState {
    /// Records a relay report in our time, and what the relay cannot say: that destinations have no key.
    pub fn record_report(&mut self, report: SessionReport, now: Timestamp) {
        let behind_ms = now.as_millis().saturating_sub(report.at.as_millis());
        // Reports take different times to arrive: moments must not move with each.
        let known = self.relay_behind_ms.filter(|known| (*known..known.saturating_add(DELAYED_MS)).contains(&behind_ms));
        let behind_ms = *self.relay_behind_ms.insert(known.unwrap_or(behind_ms));
        let mut report = report.moved(behind_ms);
        for Keyless { id, since, reason } in &self.keyless {
            report.destinations.retain(|of| &of.id != id);
            let state = DestinationState::Failed { at: *since, reason: reason.clone() };
            report.destinations.push(DestinationReport { state, ..DestinationReport::waiting(id.clone()) });
        }
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

/// What is known of every running session.
#[derive(Debug, Default)]
pub struct ObservedStates(Mutex<HashMap<SessionId, ObservedState>>);

impl ObservedStates {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, ObservedState>> {
        self.0.lock()
    }

    /// A copy of what is known of a session.
    pub fn of(&self, session: &SessionId) -> ObservedState {
        self.lock().get(session).cloned().unwrap_or_default()
    }

    /// Changes what is known of a session.
    pub fn update<R>(&self, session: &SessionId, change: impl FnOnce(&mut ObservedState) -> R) -> R {
        change(self.lock().entry(session.clone()).or_default())
    }

    /// Records a relay report.
    pub fn record_report(&self, report: SessionReport, now: Timestamp) {
        self.update(&report.session_id.clone(), |observed| observed.record_report(report, now));
    }

    /// Takes the overlay's heartbeat.
    pub fn record_heartbeat(&self, session: &SessionId, generation: Generation, body: Heartbeat, at: Timestamp) {
        self.update(session, |observed| {
            let moved_at = match &observed.heartbeat {
                Some(last) if (last.generation, last.at) > (generation, at) => return,
                Some(last) if last.generation == generation && last.body.frames == body.frames => last.moved_at,
                _ => at,
            };
            observed.heartbeat = Some(ReceivedHeartbeat { generation, at, body, moved_at });
        });
    }

    /// A session is over.
    pub fn forget(&self, session: &SessionId) {
        self.lock().remove(session);
    }
}
