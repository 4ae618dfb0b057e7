//! Stopping sessions, and reading the caller's sessions.

use super::{
    Change, Studio, destination_stats,
    listing::Listing,
    plan::{EVIDENCE_MS, is_taken},
};
use crate::{
    api::{
        public_http::SessionPage,
        relay_control::{DestinationState, SessionReport},
        sessions::SessionView,
    },
    domain::{
        ids::SessionId,
        session::{Actor, EndReason, Outcome, Session},
    },
    server::{auth::caller::Caller, error::StudioResult},
};
use std::time::Duration;

/// How long an answer waits for the end to be confirmed; after that the reconciler goes on alone.
const SETTLE: Duration = Duration::from_secs(8);
/// Sessions on one page of a list.
const PAGE: usize = 50;

impl Studio {
    /// Ends a session; one that is ending or over stays as it is. `note` is an administrator's reason.
    ///
    /// # Errors
    /// Not the caller's, or the store failed.
    pub async fn stop(&self, caller: &Caller, id: &SessionId, note: Option<String>) -> StudioResult<SessionView> {
        let session = self.own(caller, id).await?;
        let own = caller.owns(&session);
        let (actor, reason) = match note {
            Some(note) if caller.is_admin() => (Actor::Admin, EndReason::StoppedByAdmin { note: note.chars().take(300).collect() }),
            _ if own => (caller.actor(), EndReason::Stopped),
            _ => (Actor::Admin, EndReason::StoppedByAdmin { note: String::new() }),
        };
        self.start_ending(id, actor, Outcome::Ended(reason)).await?;
        self.note_admin_action(caller, &session, "was stopped").await;
        self.wait_until_ended(id).await?;
        self.session(caller, id).await
    }

    /// One session.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> StudioResult<SessionView> {
        let session = self.own(caller, id).await?;
        let view = self.view(&session).await;
        Ok(if caller.is_admin() { view } else { view.for_owner() })
    }

    /// The caller's running session.
    ///
    /// # Errors
    /// The store failed.
    pub async fn running(&self, caller: &Caller) -> StudioResult<Option<SessionView>> {
        match self.store().active_session_of(&caller.owner()).await? {
            Some(session) => Ok(Some(self.view(&session).await.for_owner())),
            None => Ok(None),
        }
    }

    /// A page of the caller's sessions, newest first: those behind `behind`, or the first ones.
    ///
    /// # Errors
    /// The store failed.
    pub async fn my_sessions(&self, caller: &Caller, behind: Option<SessionId>) -> StudioResult<SessionPage> {
        let listing = Listing { user: Some(caller.user.id.clone()), cursor: behind, limit: PAGE, ..Listing::default() };
        let page = self.list_sessions(caller, listing).await?;
        Ok(SessionPage { sessions: page.sessions.into_iter().map(SessionView::for_owner).collect(), ..page })
    }

    /// Takes the session into `ending`, with what each destination has done so far. The first outcome stays.
    pub(super) async fn start_ending(&self, id: &SessionId, actor: Actor, outcome: Outcome) -> StudioResult<Session> {
        let at = self.now();
        let report = self.last_report(id).await;
        self.change(id, actor, |session| {
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
        let heard = self.observed().of(id).report;
        let fresh = heard.as_ref().is_some_and(|(_, at)| self.now().millis_since(*at) <= EVIDENCE_MS);
        if !fresh
            && let Ok(shows) = self.relay().sessions().await
            && let Some(report) = shows.into_iter().find(|report| &report.session_id == id)
        {
            return Some(report);
        }
        heard.map(|(report, _)| report)
    }

    /// Reconciles an ending session until it is over, with a timeout.
    pub(super) async fn wait_until_ended(&self, id: &SessionId) -> StudioResult<()> {
        let work = async {
            loop {
                self.reconcile_session(id).await;
                match self.store().session(id).await? {
                    Some(session) if session.state.is_active() => tokio::time::sleep(Duration::from_millis(150)).await,
                    _ => return Ok(()),
                }
            }
        };
        tokio::time::timeout(SETTLE, work).await.unwrap_or(Ok(()))
    }

    /// Takes the relay's measurements of a session and acts on what they mean.
    pub async fn handle_report(&self, report: SessionReport) {
        let now = self.now();
        let id = report.session_id.clone();
        let changed = self.observed().update(&id, |observed| {
            let before = observed.report.as_ref().map(|(before, _)| (is_taken(before), states(before)));
            let after = (is_taken(&report), states(&report));
            observed.record_report(report, now);
            before != Some(after)
        });
        if changed {
            self.reconcile_session(&id).await;
        }
        match self.store().session(&id).await {
            Ok(Some(session)) if session.state.is_active() => self.announce(&session).await,
            // A report that was under way when the session ended: nothing else would clear it.
            Ok(_) => self.forget(&id),
            Err(_) => {}
        }
    }
}

fn states(report: &SessionReport) -> Vec<std::mem::Discriminant<DestinationState>> {
    report.destinations.iter().map(|destination| std::mem::discriminant(&destination.state)).collect()
}
