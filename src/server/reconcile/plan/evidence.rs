//! What the relay's evidence means: whether a session is given up, and what is wrong beside its state.

use super::{Snapshot, millis};
use crate::{
    api::relay_control::{DestinationReport, DestinationState, IngestState, SessionReport},
    config::serve::Deadlines,
    domain::{
        ids::DestinationId,
        session::{HealthIssue, HostPresence, Session},
        timestamp::Timestamp,
    },
    server::registry::{
        evidence::{EVIDENCE_MS, progress_age},
        observed::{ObservedState, ReceivedHeartbeat},
    },
};

/// One sentence for each destination, if every one of them is given up.
pub(super) fn all_failed(session: &Session, observed: &ObservedState) -> Option<Vec<String>> {
    let (report, _) = observed.report.as_ref()?;
    let destination_of = |id: &DestinationId| session.destinations.iter().find(|destination| &destination.id == id);
    let mut reasons = Vec::new();
    for destination in &report.destinations {
        // One that is being removed has no say.
        let Some(known) = destination_of(&destination.id) else { continue };
        let DestinationState::Failed { reason, .. } = &destination.state else { return None };
        reasons.push(format!("{}: {reason}", known.label()));
    }
    // One that was just added is in no report yet.
    (!reasons.is_empty() && reasons.len() == session.destinations.len()).then_some(reasons)
}

/// Why the relay takes nothing of what it is sent, if that is so.
pub(super) fn refused(observed: &ObservedState, now: Timestamp) -> Option<&str> {
    let (report, at) = observed.report.as_ref()?;
    let away = !matches!(report.ingest.state, IngestState::Receiving { .. });
    report.ingest.refusal.as_deref().filter(|_| away && now.millis_since(*at) <= EVIDENCE_MS)
}

pub(super) fn health(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<HealthIssue> {
    let Snapshot { session, observed, now, .. } = snapshot;
    let mut issues = Vec::new();
    if let Some(reason) = refused(observed, *now) {
        issues.push(HealthIssue::CompositeRefused { reason: reason.to_owned() });
    }
    if session.state.live_since().is_some() {
        match &observed.report {
            Some((report, at)) if now.millis_since(*at) <= EVIDENCE_MS => {
                if report.ingest.refusal.is_none() && !matches!(report.ingest.state, IngestState::Receiving { .. }) {
                    issues.push(HealthIssue::NoComposite);
                }
                issues.extend(report.destinations.iter().filter_map(|of| destination_issue(session, of, report, *at, *now)));
            }
            _ => issues.push(HealthIssue::StaleEvidence),
        }
        let quiet = |heartbeat: &ReceivedHeartbeat| now.millis_since(heartbeat.at.min(heartbeat.moved_at)) >= millis(deadlines.frozen) / 2;
        if observed.heartbeat.as_ref().is_some_and(quiet) {
            issues.push(HealthIssue::OverlayFrozen);
        }
    }
    if matches!(session.host, HostPresence::Away { .. }) {
        issues.push(HealthIssue::HostAway);
    }
    if observed.report.is_some() && !session.replaced_at.is_empty() && observed.arrived.is_none_or(|arrived| arrived < session.generation) {
        issues.push(HealthIssue::ReplacingEgress);
    }
    issues
}

fn destination_issue(
    session: &Session,
    destination: &DestinationReport,
    report: &SessionReport,
    received_at: Timestamp,
    now: Timestamp,
) -> Option<HealthIssue> {
    let label = session.destinations.iter().find(|known| known.id == destination.id)?.label().to_owned();
    let reason = match &destination.state {
        DestinationState::Retrying { reason, .. } | DestinationState::Failed { reason, .. } => reason.clone(),
        DestinationState::Live { .. } if progress_age(destination, report, received_at, now).is_none_or(|age| age > EVIDENCE_MS) => {
            "it has taken nothing for a while".to_owned()
        }
        _ => return None,
    };
    Some(HealthIssue::Destination { label, reason })
}
