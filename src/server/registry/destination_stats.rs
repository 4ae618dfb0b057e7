//! How each destination has done over a whole session: counted on over relays that were restarted and processes that died,
//! so that there are statistics for every way in which a session can end. Pure.

use crate::{
    api::relay_control::{DestinationReport, DestinationState, SessionReport},
    domain::session::DestinationResult,
};

/// A crash loses at most this much of an uptime.
const KEPT_EVERY_MS: u64 = 30_000;

/// What was kept, brought up to a report. A destination that is no longer played to stays as it was.
pub fn count(kept: &[DestinationResult], report: &SessionReport) -> Vec<DestinationResult> {
    let mut results = kept.to_vec();
    for of in &report.destinations {
        match results.iter_mut().find(|result| result.id == of.id) {
            Some(result) => *result = counted_on(result, of),
            None => results.push(fresh(of)),
        }
    }
    results
}

/// What a report adds, if it is worth being stored.
pub fn due(kept: &[DestinationResult], report: &SessionReport) -> Option<Vec<DestinationResult>> {
    let results = count(kept, report);
    let news = results.iter().any(|result| match kept.iter().find(|of| of.id == result.id) {
        None => true,
        Some(of) => {
            let first = of.uptime_ms == 0 && result.uptime_ms > 0;
            first
                || result.uptime_ms >= of.uptime_ms + KEPT_EVERY_MS
                || (result.reconnects, &result.failure) != (of.reconnects, &of.failure)
        }
    });
    news.then_some(results)
}

fn fresh(of: &DestinationReport) -> DestinationResult {
    DestinationResult { id: of.id.clone(), uptime_ms: of.uptime_ms, reconnects: of.reconnects, carried: (0, 0), failure: failure(of) }
}

fn counted_on(result: &DestinationResult, of: &DestinationReport) -> DestinationResult {
    // Less than was counted before: another relay counts, from nothing. It came back, so that is a reconnect as well.
    let restarted = of.uptime_ms < result.uptime_ms.saturating_sub(result.carried.0);
    let carried = if restarted { (result.uptime_ms, result.reconnects + 1) } else { result.carried };
    DestinationResult {
        id: of.id.clone(),
        uptime_ms: carried.0 + of.uptime_ms,
        reconnects: carried.1 + of.reconnects,
        carried,
        failure: failure(of),
    }
}

fn failure(of: &DestinationReport) -> Option<String> {
    match &of.state {
        DestinationState::Failed { reason, .. } => Some(reason.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::relay_control::IngestReport, domain::timestamp::Timestamp};

    fn report(uptime_ms: u64, reconnects: u32) -> SessionReport {
        let at = Timestamp::from_millis(1_000);
        SessionReport {
            session_id: "s1".parse().expect("an id"),
            at,
            ingest: IngestReport::nothing(),
            destinations: vec![DestinationReport {
                state: DestinationState::Live { since: at },
                reconnects,
                uptime_ms,
                ..DestinationReport::waiting("d1".parse().expect("an id"))
            }],
        }
    }

    #[test]
    fn counts_continue_over_a_restarted_relay() {
        let mut kept = Vec::new();
        for (uptime, reconnects, total, in_all) in
            [(10_000, 0, 10_000, 0), (60_000, 1, 60_000, 1), (2_000, 0, 62_000, 2), (9_000, 0, 69_000, 2), (1_000, 0, 70_000, 3)]
        {
            kept = count(&kept, &report(uptime, reconnects));
            assert_eq!((kept[0].uptime_ms, kept[0].reconnects), (total, in_all), "after {uptime}");
        }
    }

    #[test]
    fn stats_are_stored_twice_a_minute_and_on_changes() {
        let kept = count(&[], &report(10_000, 0));
        assert_eq!(due(&kept, &report(39_999, 0)), None);
        assert!(due(&kept, &report(40_000, 0)).is_some());
        assert!(due(&kept, &report(11_000, 1)).is_some());
        assert!(due(&[], &report(0, 0)).is_some());
        let waiting = count(&[], &report(0, 0));
        assert!(due(&waiting, &report(100, 0)).is_some(), "that it was accepted is known at once");
    }
}
