//! What must be done for a show, from everything known about it: pure, so that every fault can be tried in a table.
//! Nothing is asked, stored or awaited here; `reconcile` gathers the snapshot and carries the actions out.

use super::facts::ShowFacts;
use crate::{
    api::broadcast::{DestinationState, IngestState, ShowReport},
    config::serve::Deadlines,
    domain::{
        ids::{EgressId, Generation},
        session::{EndReason, FailureCause, Outcome, Session, SessionState, StreamType, Trouble},
        timestamp::Timestamp,
    },
    server::livekit::{EgressFacts, EgressPhase},
};
use std::time::Duration;

/// Evidence older than this says nothing about now.
pub const EVIDENCE_MS: u64 = 5_000;
/// An accepted egress may take this long to stand in LiveKit's list.
const LISTED_WITHIN_MS: u64 = 15_000;
/// At most this many replacements …
const REPLACEMENTS: usize = 3;
/// … within this long.
pub const REPLACEMENTS_WITHIN_MS: u64 = 600_000;
/// Longer than any start that is still being worked on.
const PENDING_AT_MOST_MS: u64 = 60_000;

/// Everything known about one show.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// As stored.
    pub session: Session,
    /// What only this process knows.
    pub facts: ShowFacts,
    /// LiveKit's list, reduced to this session's egresses with their generations; `None` if LiveKit did not answer.
    pub egresses: Option<Vec<(Generation, EgressFacts)>>,
    /// Whether the relay knows the show; `None` if it did not answer.
    pub relayed: Option<bool>,
    /// Now.
    pub now: Timestamp,
}

/// Something to be done for a show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put the wanted state to the relay again.
    PutRelay,
    /// It is on air.
    GoLive,
    /// Begin the end.
    End(Outcome),
    /// Start a new egress in place of the one that is lost.
    Replace(String),
    /// Stop an egress that is no longer needed.
    StopEgress(EgressId),
    /// Take down relay show, room and tokens of an ending show.
    TakeDown,
    /// Everything is gone: it is over.
    Close,
    /// What is wrong beside the state has changed.
    Health(Vec<Trouble>),
}

/// What must be done now. Asked again after every action, webhook, report and tick; an empty answer is rest.
pub fn decide(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    let session = &snapshot.session;
    match &session.state {
        SessionState::Pending => pending(snapshot),
        SessionState::Starting { .. } | SessionState::Live { .. } => running(snapshot, deadlines),
        SessionState::Ending { .. } => ending(snapshot),
        SessionState::Ended { .. } | SessionState::Failed { .. } => Vec::new(),
    }
}

/// Nobody works on it any more (the worker holds the session's lock): the process was stopped in mid-start.
fn pending(snapshot: &Snapshot) -> Vec<Action> {
    if snapshot.now.millis_since(snapshot.session.created_at) < PENDING_AT_MOST_MS {
        return Vec::new();
    }
    vec![Action::End(Outcome::Failed(FailureCause::Interrupted))]
}

fn ending(snapshot: &Snapshot) -> Vec<Action> {
    let Some(egresses) = &snapshot.egresses else { return vec![Action::TakeDown] };
    let alive: Vec<_> = egresses.iter().filter(|(_, egress)| egress.phase != EgressPhase::Over).collect();
    let mut actions = vec![Action::TakeDown];
    actions.extend(alive.iter().map(|(_, egress)| Action::StopEgress(egress.id.clone())));
    if alive.is_empty() {
        actions.push(Action::Close);
    }
    actions
}

fn running(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    let Snapshot { session, facts, now, .. } = snapshot;
    let over = |outcome| vec![Action::End(outcome)];
    if let Some(reasons) = all_failed(facts.report.as_ref().map(|(report, _)| report)) {
        return over(Outcome::Failed(FailureCause::DestinationsFailed { reasons: label_reasons(session, reasons) }));
    }
    if let Some(since) = facts.host_away_since
        && facts.host_seen
        && now.millis_since(since) >= millis(deadlines.grace)
    {
        return over(Outcome::Ended(EndReason::HostLeft));
    }
    if session.state.live_since().is_some_and(|since| now.millis_since(since) >= millis(deadlines.show)) {
        return over(Outcome::Ended(EndReason::TooLong));
    }
    let starting = matches!(session.state, SessionState::Starting { .. });
    let takes = facts.report.as_ref().is_some_and(|(report, at)| now.millis_since(*at) <= EVIDENCE_MS && is_taken(report));
    let mut actions = Vec::new();
    if starting && takes {
        actions.push(Action::GoLive);
    } else if starting && now.millis_since(session.created_at) >= millis(deadlines.start) {
        return over(Outcome::Failed(start_failure(session, facts)));
    }
    if snapshot.relayed == Some(false) {
        actions.push(Action::PutRelay);
    }
    actions.extend(egress_actions(snapshot, deadlines));
    let health = health(snapshot, deadlines);
    if health != session.health {
        actions.push(Action::Health(health));
    }
    actions
}

/// The relay receives the composite and a destination takes it.
pub fn is_taken(report: &ShowReport) -> bool {
    let receiving = matches!(report.ingest.state, IngestState::Receiving { .. });
    receiving && report.destinations.iter().any(|destination| matches!(destination.state, DestinationState::Live { .. }))
}

/// A destination has taken bytes within the last 5 s, by evidence that is itself no older.
pub fn is_on_air(report: &ShowReport, received_at: Timestamp, now: Timestamp) -> bool {
    let report_age = now.millis_since(received_at);
    report.destinations.iter().any(|destination| {
        let live = matches!(destination.state, DestinationState::Live { .. });
        let progress = destination.last_progress_at.map(|at| report.at.millis_since(at) + report_age);
        live && progress.is_some_and(|age| age <= EVIDENCE_MS)
    })
}

fn all_failed(report: Option<&ShowReport>) -> Option<Vec<(crate::domain::ids::DestinationId, String)>> {
    let destinations = &report?.destinations;
    let failed: Vec<_> = destinations
        .iter()
        .filter_map(|destination| match &destination.state {
            DestinationState::Failed { reason, .. } => Some((destination.id.clone(), reason.clone())),
            _ => None,
        })
        .collect();
    (!failed.is_empty() && failed.len() == destinations.len()).then_some(failed)
}

fn label_reasons(session: &Session, reasons: Vec<(crate::domain::ids::DestinationId, String)>) -> Vec<String> {
    let label = |id| session.destinations.iter().find(|destination| &destination.id == id).map_or("a destination", |found| found.label());
    reasons.iter().map(|(id, reason)| format!("{}: {reason}", label(id))).collect()
}

fn start_failure(session: &Session, facts: &ShowFacts) -> FailureCause {
    if session.stream_type == StreamType::User && !facts.host_seen {
        return FailureCause::HostNeverJoined;
    }
    let receiving = facts.report.as_ref().is_some_and(|(report, _)| matches!(report.ingest.state, IngestState::Receiving { .. }));
    let missing = if receiving { "a destination that takes it" } else { "the composed picture" };
    FailureCause::StartDeadline { missing: missing.to_owned() }
}

fn egress_actions(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    let Snapshot { session, facts, now, .. } = snapshot;
    let Some(current) = session.state.egress() else { return Vec::new() };
    if let Some(reason) = loss(snapshot, current, deadlines) {
        let recent = facts.replaced_at.iter().filter(|at| now.millis_since(**at) < REPLACEMENTS_WITHIN_MS).count();
        if recent >= REPLACEMENTS {
            let cause = match session.state.live_since() {
                Some(_) => FailureCause::EgressKeptFailing { reason },
                None => FailureCause::EgressFailed { reason },
            };
            return vec![Action::End(Outcome::Failed(cause))];
        }
        return vec![Action::Replace(reason)];
    }
    // The new one has taken over at the relay: the older ones are only a cost.
    let taken_over = facts.report.as_ref().is_some_and(
        |(report, _)| matches!(report.ingest.state, IngestState::Receiving { generation, .. } if generation == session.generation),
    );
    let old = snapshot.egresses.iter().flatten().filter(|(generation, egress)| {
        let running = matches!(egress.phase, EgressPhase::Starting | EgressPhase::Active);
        running && taken_over && *generation < session.generation && &egress.id != current
    });
    old.map(|(_, egress)| Action::StopEgress(egress.id.clone())).collect()
}

/// Why the egress on air must be replaced, if it must.
fn loss(snapshot: &Snapshot, current: &EgressId, deadlines: &Deadlines) -> Option<String> {
    let Snapshot { session, facts, now, .. } = snapshot;
    let asked_at = facts.replaced_at.last().copied().unwrap_or(session.created_at);
    let young = now.millis_since(asked_at) < LISTED_WITHIN_MS;
    match snapshot.egresses.as_ref().map(|list| list.iter().find(|(_, egress)| &egress.id == current)) {
        Some(Some((_, egress))) if egress.phase == EgressPhase::Over => {
            return Some(egress.error.clone().unwrap_or_else(|| "the capture ended by itself".to_owned()));
        }
        Some(None) if !young => return Some("the capture is gone from the media server's list".to_owned()),
        _ => {}
    }
    if session.state.live_since().is_none() || young {
        return None;
    }
    let frozen = millis(deadlines.frozen);
    if facts.composite_away_since.is_some_and(|since| now.millis_since(since) >= frozen) {
        return Some("nothing reaches the relay".to_owned());
    }
    let pulse = facts.pulse.as_ref().filter(|pulse| pulse.generation == session.generation)?;
    if now.millis_since(pulse.at) >= frozen {
        return Some("the overlay page stopped answering".to_owned());
    }
    (now.millis_since(pulse.moved_at) >= frozen).then(|| "the overlay's picture stood still".to_owned())
}

fn health(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Trouble> {
    let Snapshot { session, facts, now, .. } = snapshot;
    let mut troubles = Vec::new();
    if session.state.live_since().is_some() {
        match &facts.report {
            Some((report, at)) if now.millis_since(*at) <= EVIDENCE_MS => {
                if !matches!(report.ingest.state, IngestState::Receiving { .. }) {
                    troubles.push(Trouble::NoComposite);
                }
                troubles.extend(destination_troubles(session, report));
            }
            _ => troubles.push(Trouble::StaleEvidence),
        }
        let quiet = |pulse: &super::facts::Pulse| now.millis_since(pulse.at.min(pulse.moved_at)) >= millis(deadlines.frozen) / 2;
        if facts.pulse.as_ref().is_some_and(quiet) {
            troubles.push(Trouble::OverlayFrozen);
        }
    }
    if facts.host_seen && facts.host_away_since.is_some() {
        troubles.push(Trouble::HostAway);
    }
    if session.health.contains(&Trouble::ReplacingEgress) && troubles.contains(&Trouble::NoComposite) {
        troubles.push(Trouble::ReplacingEgress);
    }
    troubles
}

fn destination_troubles(session: &Session, report: &ShowReport) -> Vec<Trouble> {
    let label = |id| session.destinations.iter().find(|destination| &destination.id == id).map(|found| found.label().to_owned());
    report
        .destinations
        .iter()
        .filter_map(|destination| {
            let reason = match &destination.state {
                DestinationState::Retrying { reason, .. } | DestinationState::Failed { reason, .. } => reason.clone(),
                _ => return None,
            };
            Some(Trouble::Destination { label: label(&destination.id)?, reason })
        })
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
