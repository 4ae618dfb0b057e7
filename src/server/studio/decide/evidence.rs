//! What the relay's evidence means: whether a show is taken, on air, given up, and what is wrong beside its state.

use super::{Snapshot, millis};
use crate::{
    api::broadcast::{DestinationReport, DestinationState, IngestState, ShowReport},
    config::serve::Deadlines,
    domain::{
        ids::DestinationId,
        session::{HostPresence, Session, Trouble},
        timestamp::Timestamp,
    },
    server::studio::facts::{Pulse, ShowFacts},
};

/// Evidence older than this says nothing about now.
pub const EVIDENCE_MS: u64 = 5_000;

/// The relay receives the composite and a destination takes it.
pub fn is_taken(report: &ShowReport) -> bool {
    let receiving = matches!(report.ingest.state, IngestState::Receiving { .. });
    receiving && report.destinations.iter().any(|destination| matches!(destination.state, DestinationState::Live { .. }))
}

/// A destination has taken bytes within the last 5 s, by evidence that is itself no older.
pub fn is_on_air(report: &ShowReport, received_at: Timestamp, now: Timestamp) -> bool {
    report.destinations.iter().any(|destination| {
        let live = matches!(destination.state, DestinationState::Live { .. });
        live && progress_age(destination, report, received_at, now).is_some_and(|age| age <= EVIDENCE_MS)
    })
}

/// How long ago a destination took bytes: the relay's clock counts up to the report, ours from there.
fn progress_age(destination: &DestinationReport, report: &ShowReport, received_at: Timestamp, now: Timestamp) -> Option<u64> {
    destination.last_progress_at.map(|at| report.at.millis_since(at) + now.millis_since(received_at))
}

/// One sentence for each destination, if every one of them is given up.
pub(super) fn all_failed(session: &Session, facts: &ShowFacts) -> Option<Vec<String>> {
    let (report, _) = facts.report.as_ref()?;
    let wanted = |id: &DestinationId| session.destinations.iter().find(|destination| &destination.id == id);
    let mut reasons = Vec::new();
    for destination in &report.destinations {
        // One that is being removed has no say.
        let Some(known) = wanted(&destination.id) else { continue };
        let DestinationState::Failed { reason, .. } = &destination.state else { return None };
        reasons.push(format!("{}: {reason}", known.label()));
    }
    // One that was just added stands in no report yet.
    (!reasons.is_empty() && reasons.len() == session.destinations.len()).then_some(reasons)
}

/// Why the relay takes nothing of what it is sent, if that is so.
pub(super) fn refused(facts: &ShowFacts, now: Timestamp) -> Option<&str> {
    let (report, at) = facts.report.as_ref()?;
    let away = !matches!(report.ingest.state, IngestState::Receiving { .. });
    report.ingest.refusal.as_deref().filter(|_| away && now.millis_since(*at) <= EVIDENCE_MS)
}

pub(super) fn health(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Trouble> {
    let Snapshot { session, facts, now, .. } = snapshot;
    let mut troubles = Vec::new();
    if let Some(reason) = refused(facts, *now) {
        troubles.push(Trouble::CompositeRefused { reason: reason.to_owned() });
    }
    if session.state.live_since().is_some() {
        match &facts.report {
            Some((report, at)) if now.millis_since(*at) <= EVIDENCE_MS => {
                if report.ingest.refusal.is_none() && !matches!(report.ingest.state, IngestState::Receiving { .. }) {
                    troubles.push(Trouble::NoComposite);
                }
                troubles.extend(report.destinations.iter().filter_map(|of| destination_trouble(session, of, report, *at, *now)));
            }
            _ => troubles.push(Trouble::StaleEvidence),
        }
        let quiet = |pulse: &Pulse| now.millis_since(pulse.at.min(pulse.moved_at)) >= millis(deadlines.frozen) / 2;
        if facts.pulse.as_ref().is_some_and(quiet) {
            troubles.push(Trouble::OverlayFrozen);
        }
    }
    if matches!(session.host, HostPresence::Away { .. }) {
        troubles.push(Trouble::HostAway);
    }
    if facts.report.is_some() && !session.replaced_at.is_empty() && facts.arrived.is_none_or(|arrived| arrived < session.generation) {
        troubles.push(Trouble::ReplacingEgress);
    }
    troubles
}

fn destination_trouble(
    session: &Session,
    destination: &DestinationReport,
    report: &ShowReport,
    received_at: Timestamp,
    now: Timestamp,
) -> Option<Trouble> {
    let label = session.destinations.iter().find(|known| known.id == destination.id)?.label().to_owned();
    let reason = match &destination.state {
        DestinationState::Retrying { reason, .. } | DestinationState::Failed { reason, .. } => reason.clone(),
        DestinationState::Live { .. } if progress_age(destination, report, received_at, now).is_none_or(|age| age > EVIDENCE_MS) => {
            "it has taken nothing for a while".to_owned()
        }
        _ => return None,
    };
    Some(Trouble::Destination { label, reason })
}
