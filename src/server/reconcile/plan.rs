//! What must be done for a session, from everything known about it: pure, so that every fault can be tried in a table.
//! Nothing is asked, stored or awaited here; `reconcile` gathers the snapshot and carries the actions out.

mod capture;
mod evidence;

pub use capture::REPLACEMENTS_WITHIN_MS;

use crate::{
    api::relay_control::IngestState,
    config::serve::Deadlines,
    domain::{
        ids::{EgressId, Generation},
        session::{DestinationResult, EndReason, FailureCause, HealthIssue, HostPresence, Outcome, Session, SessionState, StreamType},
        timestamp::Timestamp,
    },
    server::{
        livekit::{EgressPhase, ObservedEgress},
        registry::{
            destination_stats,
            evidence::{is_on_air, is_taken},
            observed::ObservedState,
        },
    },
};
use std::time::Duration;

/// A pending session is left alone this long: whoever looks at it holds its lock and its lease, so nobody works on it any
/// more, but an egress asked for in the last moment may not stand in the list yet.
const PENDING_AT_MOST_MS: u64 = 5_000;
/// The same while LiveKit does not say what it has.
const PENDING_UNSEEN_MS: u64 = 60_000;
/// `LiveKit` lists the egresses of a crashed node for ever. The relay takes nothing of an ending session, so after this long the
/// owner is set free; what really runs is still ended as an orphan.
const ENDING_AT_MOST_MS: u64 = 120_000;
/// A look into the room older than this says nothing about now.
const LOOK_MS: u64 = 10_000;

/// Everything known about one session.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub session: Session,
    /// What only this process knows.
    pub observed: ObservedState,
    /// LiveKit's list, reduced to this session's egresses with their generations; `None` if LiveKit did not answer.
    pub egresses: Option<Vec<(Generation, ObservedEgress)>>,
    /// Whether the relay knows the session; `None` if it did not answer.
    pub relayed: Option<bool>,
    pub now: Timestamp,
}

/// An action for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put the wanted state to the relay again.
    PutRelay,
    /// Make the room again: LiveKit has lost it.
    MakeRoom,
    /// It is on air.
    GoLive,
    End(Outcome),
    /// Take an egress of the current generation that was started and never stored: the answer was lost.
    Adopt(EgressId),
    /// Start a new egress in place of the one that is lost.
    Replace(String),
    /// Stop an egress whose successor has taken over, and close its overlay.
    Retire(EgressId, Generation),
    /// Stop an egress of an ending session.
    StopEgress(EgressId),
    /// Delete relay session, room and tokens of an ending session.
    TakeDown,
    /// Everything is gone: it is over.
    Close,
    /// Keep how the destinations have done so far.
    StoreStats(Vec<DestinationResult>),
    /// What is wrong beside the state has changed.
    Health(Vec<HealthIssue>),
}

impl Action {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PutRelay => "put_relay",
            Self::MakeRoom => "make_room",
            Self::GoLive => "go_live",
            Self::End(_) => "end",
            Self::Adopt(_) => "adopt",
            Self::Replace(_) => "replace",
            Self::Retire(..) => "retire",
            Self::StopEgress(_) => "stop_egress",
            Self::TakeDown => "take_down",
            Self::Close => "close",
            Self::StoreStats(_) => "tally",
            Self::Health(_) => "health",
        }
    }
}

/// Plans the actions due now. Called after every action, webhook, report and tick; an empty plan means converged.
pub fn plan(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    match &snapshot.session.state {
        SessionState::Pending => pending(snapshot),
        SessionState::Starting { .. } | SessionState::Live { .. } => running(snapshot, deadlines),
        SessionState::Ending { since, .. } => ending(snapshot, *since),
        SessionState::Ended { .. } | SessionState::Failed { .. } => Vec::new(),
    }
}

/// No process works on it any more: it was stopped during the start.
fn pending(snapshot: &Snapshot) -> Vec<Action> {
    if let Some(adopted) = capture::unclaimed(snapshot) {
        return vec![Action::Adopt(adopted)];
    }
    let patience = if snapshot.egresses.is_some() { PENDING_AT_MOST_MS } else { PENDING_UNSEEN_MS };
    if snapshot.now.millis_since(snapshot.session.created_at) < patience {
        return Vec::new();
    }
    vec![Action::End(Outcome::Failed(FailureCause::Interrupted))]
}

fn ending(snapshot: &Snapshot, since: Timestamp) -> Vec<Action> {
    let overdue = snapshot.now.millis_since(since) >= ENDING_AT_MOST_MS;
    let alive: Option<Vec<_>> = snapshot
        .egresses
        .as_ref()
        .map(|list| list.iter().filter(|(_, egress)| egress.phase != EgressPhase::Over).map(|(_, egress)| egress.id.clone()).collect());
    let gone = alive.as_ref().is_some_and(Vec::is_empty);
    let mut actions = vec![Action::TakeDown];
    actions.extend(alive.into_iter().flatten().map(Action::StopEgress));
    if gone || overdue {
        actions.push(Action::Close);
    }
    actions
}

fn running(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    let Snapshot { session, observed, now, .. } = snapshot;
    if let Some(adopted) = capture::unclaimed(snapshot) {
        return vec![Action::Adopt(adopted)];
    }
    if let Some(outcome) = required_end(snapshot, deadlines) {
        return vec![Action::End(outcome)];
    }
    let mut actions = Vec::new();
    if matches!(session.state, SessionState::Starting { .. })
        && observed.report.as_ref().is_some_and(|(report, at)| is_taken(report) && is_on_air(report, *at, *now))
    {
        actions.push(Action::GoLive);
    }
    if snapshot.relayed == Some(false) {
        actions.push(Action::PutRelay);
    }
    if observed.room == Some(false) && session.stream_type == StreamType::User {
        actions.push(Action::MakeRoom);
    }
    actions.extend(capture::actions(snapshot, deadlines));
    if let Some(results) = observed.report.as_ref().and_then(|(report, _)| destination_stats::due(&session.results, report)) {
        actions.push(Action::StoreStats(results));
    }
    let health = evidence::health(snapshot, deadlines);
    if health != session.health {
        actions.push(Action::Health(health));
    }
    actions
}

/// Why a running session must end, if it must: permanent failures and watchdogs.
fn required_end(snapshot: &Snapshot, deadlines: &Deadlines) -> Option<Outcome> {
    let Snapshot { session, observed, now, .. } = snapshot;
    let failed = |cause| Some(Outcome::Failed(cause));
    if let Some(reasons) = evidence::all_failed(session, observed) {
        return failed(FailureCause::DestinationsFailed { reasons });
    }
    let age = now.millis_since(session.created_at);
    // A LiveKit that does not answer must not end a session: only a fresh look into the room counts.
    let looked = observed.host_looked_at.is_some_and(|at| now.millis_since(at) <= LOOK_MS);
    if session.stream_type == StreamType::User && looked {
        match session.host {
            HostPresence::Away { since } if now.millis_since(since) >= millis(deadlines.grace) => {
                return Some(Outcome::Ended(EndReason::HostLeft));
            }
            HostPresence::NotYet if age >= millis(deadlines.host) => return failed(FailureCause::HostNeverJoined),
            HostPresence::NotYet | HostPresence::Here | HostPresence::Away { .. } => {}
        }
    }
    if session.state.live_since().is_some_and(|since| now.millis_since(since) >= millis(deadlines.show)) {
        return Some(Outcome::Ended(EndReason::TooLong));
    }
    let taken = observed.report.as_ref().is_some_and(|(report, at)| is_taken(report) && is_on_air(report, *at, *now));
    if matches!(session.state, SessionState::Starting { .. }) && !taken && age >= millis(deadlines.start) {
        return failed(FailureCause::StartDeadline { missing: missing(snapshot) });
    }
    None
}

/// What kept a session from going on air.
fn missing(snapshot: &Snapshot) -> String {
    if let Some(reason) = evidence::refused(&snapshot.observed, snapshot.now) {
        return format!("a picture that platforms take ({reason})");
    }
    let missing = match &snapshot.observed.report {
        Some((report, _)) if matches!(report.ingest.state, IngestState::Receiving { .. }) => "a destination that takes it",
        None => "the relay's word",
        Some(_) if capture::phase(snapshot) == Some(EgressPhase::Starting) => "the overlay page's start signal",
        Some(_) => "the composed picture",
    };
    missing.to_owned()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
