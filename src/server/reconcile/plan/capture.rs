//! Plans the egress: one that was never stored is adopted, a lost one replaced, a superseded one stopped.

use super::{Action, Snapshot, evidence::refused, millis};
use crate::{
    api::relay_control::IngestState,
    config::serve::Deadlines,
    domain::{
        ids::EgressId,
        session::{FailureCause, Outcome, SessionState},
    },
    server::{
        livekit::{EgressPhase, ObservedEgress},
        registry::evidence::EVIDENCE_MS,
    },
};

/// An accepted egress may take this long to stand in LiveKit's list.
const LISTED_WITHIN_MS: u64 = 15_000;
/// At most this many replacements …
const REPLACEMENTS: usize = 3;
/// … within this long.
pub const REPLACEMENTS_WITHIN_MS: u64 = 600_000;

/// An egress of the current generation that lives and is not the stored one: it was started, and the answer never came.
pub(super) fn unclaimed(snapshot: &Snapshot) -> Option<EgressId> {
    let Snapshot { session, egresses, .. } = snapshot;
    let alive = |egress: &ObservedEgress| matches!(egress.phase, EgressPhase::Starting | EgressPhase::Active);
    let mut mine = egresses.iter().flatten().filter(|(generation, egress)| *generation == session.generation && alive(egress));
    let found = mine.find(|(_, egress)| Some(&egress.id) != session.state.egress());
    // The stored one may be of the same generation and alive; then it stays, and the other one is ended below.
    let stored_lives = egresses
        .iter()
        .flatten()
        .any(|(generation, egress)| *generation == session.generation && alive(egress) && Some(&egress.id) == session.state.egress());
    found.filter(|_| !stored_lives).map(|(_, egress)| egress.id.clone())
}

/// How far the egress is that the session lives from, as LiveKit says.
pub(super) fn phase(snapshot: &Snapshot) -> Option<EgressPhase> {
    let current = snapshot.session.state.egress()?;
    let found = snapshot.egresses.iter().flatten().find(|(_, egress)| &egress.id == current)?;
    Some(found.1.phase)
}

pub(super) fn actions(snapshot: &Snapshot, deadlines: &Deadlines) -> Vec<Action> {
    let Snapshot { session, now, .. } = snapshot;
    let Some(current) = session.state.egress() else { return Vec::new() };
    if let Some(lost) = loss(snapshot, current, deadlines) {
        // What a refused egress says of itself is only that its connection broke.
        let reason = refused(&snapshot.observed, *now).map_or(lost, |why| format!("the relay refused the picture: {why}"));
        let recent = session.replaced_at.iter().filter(|at| now.millis_since(**at) < REPLACEMENTS_WITHIN_MS).count();
        if recent >= REPLACEMENTS {
            let cause = match session.state.live_since() {
                Some(_) => FailureCause::EgressKeptFailing { reason },
                None => FailureCause::EgressFailed { reason },
            };
            return vec![Action::End(Outcome::Failed(cause))];
        }
        return vec![Action::Replace(reason)];
    }
    // The new one has taken over at the relay: the older ones are only a cost. A second one of the same generation never
    // has a use.
    let taken_over = arriving(snapshot) == Some(session.generation);
    let superseded = snapshot.egresses.iter().flatten().filter(|(generation, egress)| {
        let running = matches!(egress.phase, EgressPhase::Starting | EgressPhase::Active);
        let older = *generation < session.generation && taken_over;
        running && &egress.id != current && (older || *generation == session.generation)
    });
    superseded.map(|(generation, egress)| Action::Retire(egress.id.clone(), *generation)).collect()
}

/// The generation whose picture reaches the relay now.
fn arriving(snapshot: &Snapshot) -> Option<crate::domain::ids::Generation> {
    match &snapshot.observed.report {
        Some((report, _)) => match report.ingest.state {
            IngestState::Receiving { generation, .. } => Some(generation),
            IngestState::Waiting | IngestState::Held { .. } => None,
        },
        None => None,
    }
}

/// Why the egress that the session lives from must be replaced, if it must.
fn loss(snapshot: &Snapshot, current: &EgressId, deadlines: &Deadlines) -> Option<String> {
    let Snapshot { session, observed, now, .. } = snapshot;
    let began = match session.state {
        SessionState::Starting { since, .. } => since,
        _ => session.created_at,
    };
    let age = now.millis_since(session.replaced_at.last().copied().unwrap_or(began));
    match snapshot.egresses.as_ref().map(|list| list.iter().find(|(_, egress)| &egress.id == current)) {
        Some(Some((_, egress))) if egress.phase == EgressPhase::Over => {
            return Some(egress.error.clone().unwrap_or_else(|| "the capture ended by itself".to_owned()));
        }
        Some(None) if age >= LISTED_WITHIN_MS => return Some("the capture is gone from the media server's list".to_owned()),
        _ => {}
    }
    // Without fresh evidence nothing is said about what arrives.
    observed.report.as_ref().filter(|(_, at)| now.millis_since(*at) <= EVIDENCE_MS)?;
    let frozen = millis(deadlines.frozen);
    if observed.arrived.is_none_or(|arrived| arrived < session.generation) {
        let late = age >= millis(deadlines.signal) && observed.watched_since.is_some_and(|at| now.millis_since(at) >= frozen);
        let why = match phase(snapshot) {
            Some(EgressPhase::Starting) => "the overlay page did not say that it is ready",
            _ => "nothing of it reached the relay",
        };
        return late.then(|| why.to_owned());
    }
    if observed.composite_away_since.is_some_and(|since| now.millis_since(since) >= frozen) {
        return Some("nothing reaches the relay".to_owned());
    }
    let heartbeat = observed.heartbeat.as_ref().filter(|heartbeat| heartbeat.generation == session.generation)?;
    if now.millis_since(heartbeat.at) >= frozen {
        return Some("the overlay page stopped answering".to_owned());
    }
    (now.millis_since(heartbeat.moved_at) >= frozen).then(|| "the overlay's picture stood still".to_owned())
}
