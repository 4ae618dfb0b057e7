//! The view of a session: what is stored, joined with what is observed now.

use super::{SessionRegistry, destination_stats, evidence::is_on_air};
use crate::{
    api::{
        relay_control::{DestinationReport, DestinationState},
        sessions::{DestinationView, SessionView},
    },
    domain::{
        destination::{Destination, Platform},
        ids::{DestinationId, SessionId, UserId},
        session::{DestinationResult, Session, SessionState},
        timestamp::Timestamp,
    },
    server::error::{StudioResult, chain},
};

impl SessionRegistry {
    /// A session as its owner and admins may see it.
    pub(in crate::server) async fn view(&self, session: &Session) -> SessionView {
        let now = self.ports.now();
        let observed = self.observed().of(&session.id);
        let report = observed.report.as_ref().map(|(report, _)| report);
        let report_of = |id: &DestinationId| report.and_then(|report| report.destinations.iter().find(|of| &of.id == id));
        let results = match (session.state.is_over(), report) {
            (false, Some(report)) => destination_stats::count(&session.results, report),
            _ => session.results.clone(),
        };
        let running = matches!(session.state, SessionState::Live { .. });
        let (end_reason, end_message, end_note) = match &session.state {
            SessionState::Ended { reason, .. } => {
                (Some(reason.code().to_owned()), Some(reason.to_string()), reason.note().map(str::to_owned))
            }
            SessionState::Failed { cause, .. } => (Some(cause.code().to_owned()), Some(cause.to_string()), None),
            _ => (None, None, None),
        };
        let until = session.state.over_at().unwrap_or(match &session.state {
            SessionState::Ending { since, .. } => *since,
            _ => now,
        });
        SessionView {
            session_id: session.id.clone(),
            status: session.state.status(),
            on_air: running && observed.report.as_ref().is_some_and(|(report, at)| is_on_air(report, *at, now)),
            rehearsal: session.destinations.iter().all(|destination| destination.platform == Platform::Rehearsal),
            health: session.health.clone(),
            stream_type: session.stream_type,
            owner: session.owner.clone(),
            owner_name: self.name_of(&session.account).await,
            entity_name: session.entity_name.clone(),
            stream_title: session.title.clone(),
            platform: session.destinations.first().map(|destination| destination.platform),
            platforms: Vec::new(),
            viewer_count: session.viewers.now(now).filter(|_| running),
            peak_viewer_count: session.viewers.peak(),
            current_lobby_id: session.current_lobby_id.clone(),
            public: session.public,
            broadcast_delay_ms: session.broadcast_delay_ms,
            destinations: session
                .destinations
                .iter()
                .map(|of| DestinationView {
                    viewer_count: session.viewers.now_of(&of.id, now).filter(|_| running),
                    peak_viewer_count: session.viewers.peak_of(&of.id),
                    ..destination_view(of, report_of(&of.id), session.state.over_at(), &results)
                })
                .collect(),
            composite: report.map(|report| report.ingest.clone()),
            overlay: session.overlay.clone(),
            video: session.video,
            duration: session.state.live_since().map_or(0, |since| until.millis_since(since)),
            created_at: session.created_at,
            started_at: session.state.live_since(),
            ended_at: session.state.over_at(),
            end_reason,
            end_message,
            end_note,
            events_recorded: None,
            decisions_logged: None,
            egress_id: session.state.egress().cloned(),
            now,
            revision: session.revision,
        }
    }

    /// The same with the counts of a session that is over. They cost a question to the store, so lists do without.
    pub(in crate::server) async fn complete_view(&self, session: &Session) -> SessionView {
        let view = self.view(session).await;
        if !session.state.is_over() {
            return view;
        }
        match self.ports.store.feed_counts(&session.id).await {
            Ok(counts) => SessionView { events_recorded: Some(counts.events), decisions_logged: Some(counts.decisions), ..view },
            Err(error) => {
                tracing::warn!(session = %session.id, error = %chain(&error), "the counts of a session could not be read");
                view
            }
        }
    }

    /// The current view of a session, for a starting feed.
    ///
    /// # Errors
    /// The store failed.
    pub async fn feed_view(&self, id: &SessionId) -> StudioResult<Option<SessionView>> {
        match self.ports.store.session(id).await? {
            Some(session) => Ok(Some(self.complete_view(&session).await)),
            None => Ok(None),
        }
    }

    /// An account is gone, and nobody shall read its name any more.
    pub(in crate::server) fn forget_name(&self, user: &UserId) {
        self.known.names.lock().remove(user);
    }

    async fn name_of(&self, user: &UserId) -> String {
        let known = self.known.names.lock().get(user).cloned();
        if let Some(name) = known {
            return name;
        }
        let Ok(Some(found)) = self.ports.store.user(user).await else { return String::new() };
        self.known.names.lock().insert(user.clone(), found.name.clone());
        found.name
    }
}

fn destination_view(
    destination: &Destination,
    report: Option<&DestinationReport>,
    over: Option<Timestamp>,
    results: &[DestinationResult],
) -> DestinationView {
    let result = results.iter().find(|result| result.id == destination.id);
    let state = match (over, result, report) {
        (Some(at), Some(DestinationResult { failure: Some(reason), .. }), _) => DestinationState::Failed { at, reason: reason.clone() },
        (Some(at), _, _) => DestinationState::Finished { at },
        (None, _, Some(report)) => report.state.clone(),
        (None, _, None) => DestinationState::Waiting,
    };
    let live = report.filter(|_| over.is_none());
    DestinationView {
        destination: destination.clone(),
        state,
        bitrate_kbps: live.map_or(0, |report| report.bitrate_kbps),
        last_progress_at: live.and_then(|report| report.last_progress_at),
        reconnects: result.map_or(0, |result| result.reconnects),
        uptime_ms: result.map_or(0, |result| result.uptime_ms),
        viewer_count: None,
        peak_viewer_count: None,
    }
}
