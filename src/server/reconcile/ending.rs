//! The end of a session, and what the relay reports of it until then.

use super::Reconciler;
use crate::{
    api::relay_control::{DestinationState, SessionReport},
    domain::{
        ids::SessionId,
        session::{Actor, Outcome, Session},
    },
    server::{
        error::StudioResult,
        registry::{
            Change, destination_stats,
            evidence::{EVIDENCE_MS, is_taken},
        },
    },
};
use std::time::Duration;

/// How long the answer to a stop waits for the end to be confirmed; after that the reconciler goes on alone.
pub(in crate::server) const STOP_WAITS: Duration = Duration::from_secs(8);

impl Reconciler {
    /// Takes the session into `ending`, with what each destination has done so far. The first outcome stays.
    pub(in crate::server) async fn start_ending(&self, id: &SessionId, actor: Actor, outcome: Outcome) -> StudioResult<Session> {
        let at = self.ports.now();
        let report = self.last_report(id).await;
        self.registry
            .change(id, actor, |session| {
                let state = session.state.clone().end(outcome.clone(), at).ok()?;
                let results =
                    report.as_ref().map_or_else(|| session.results.clone(), |report| destination_stats::count(&session.results, report));
                let what = Some(outcome.to_string());
                Some(Change { session: Session { state, results, health: Vec::new(), ..session.clone() }, what })
            })
            .await
    }

    /// The relay's latest report: the recorded one, or a fresh one if that is old.
    async fn last_report(&self, id: &SessionId) -> Option<SessionReport> {
        let heard = self.registry.observed().of(id).report;
        let fresh = heard.as_ref().is_some_and(|(_, at)| self.ports.now().millis_since(*at) <= EVIDENCE_MS);
        if !fresh
            && let Ok(shows) = self.ports.relay.sessions().await
            && let Some(report) = shows.into_iter().find(|report| &report.session_id == id)
        {
            return Some(report);
        }
        heard.map(|(report, _)| report)
    }

    /// Reconciles an ending session until it is over, at most for `longest`. Whether it is over.
    pub(in crate::server) async fn wait_until_ended(&self, id: &SessionId, longest: Duration) -> StudioResult<bool> {
        let work = async {
            loop {
                self.reconcile_session(id).await;
                match self.ports.store.session(id).await? {
                    Some(session) if session.state.is_active() => tokio::time::sleep(Duration::from_millis(150)).await,
                    _ => return Ok(true),
                }
            }
        };
        tokio::time::timeout(longest, work).await.unwrap_or(Ok(false))
    }

    /// Takes the relay's measurements of a session and acts on what they mean.
    pub async fn handle_report(&self, report: SessionReport) {
        let now = self.ports.now();
        let id = report.session_id.clone();
        let changed = self.registry.observed().update(&id, |observed| {
            let before = observed.report.as_ref().map(|(before, _)| (is_taken(before), states(before)));
            let after = (is_taken(&report), states(&report));
            observed.record_report(report, now);
            before != Some(after)
        });
        if changed {
            self.reconcile_session(&id).await;
        }
        match self.ports.store.session(&id).await {
            Ok(Some(session)) if session.state.is_active() => self.registry.announce(&session).await,
            // A report that was under way when the session ended: nothing else would clear it.
            Ok(_) => self.forget(&id),
            Err(_) => {}
        }
    }
}

fn states(report: &SessionReport) -> Vec<std::mem::Discriminant<DestinationState>> {
    report.destinations.iter().map(|destination| std::mem::discriminant(&destination.state)).collect()
}
