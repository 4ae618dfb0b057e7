//! How fresh the relay's evidence is, and whether it means that a session is taken and on air. Pure.

use crate::{
    api::relay_control::{DestinationReport, DestinationState, IngestState, SessionReport},
    domain::timestamp::Timestamp,
};

/// Evidence older than this says nothing about now.
pub const EVIDENCE_MS: u64 = 5_000;

/// The relay receives the composite and a destination takes it.
pub fn is_taken(report: &SessionReport) -> bool {
    let receiving = matches!(report.ingest.state, IngestState::Receiving { .. });
    receiving && report.destinations.iter().any(|destination| matches!(destination.state, DestinationState::Live { .. }))
}

/// A destination has taken bytes within the last 5 s, by evidence that is itself no older.
pub fn is_on_air(report: &SessionReport, received_at: Timestamp, now: Timestamp) -> bool {
    report.destinations.iter().any(|destination| {
        let live = matches!(destination.state, DestinationState::Live { .. });
        live && progress_age(destination, report, received_at, now).is_some_and(|age| age <= EVIDENCE_MS)
    })
}

/// How long ago a destination took bytes, in milliseconds: what the relay counted up to the report, and what we count from there.
pub fn progress_age(destination: &DestinationReport, report: &SessionReport, received_at: Timestamp, now: Timestamp) -> Option<u64> {
    destination.last_progress_at.map(|at| report.at.millis_since(at) + now.millis_since(received_at))
}
