//! What happened to a session, who caused it, what it cost.

use super::Sessions;
use crate::{
    api::sessions::{TimelineEntryView, TimelineView},
    domain::{
        analytics::counts_of,
        ids::SessionId,
        session::{Actor, Session},
    },
    server::{auth::caller::Caller, error::StudioResult, registry::destination_stats},
};
use serde_json::json;

impl Sessions {
    /// The timeline of a session, for its owner and administrators.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn timeline(&self, caller: &Caller, id: &SessionId) -> StudioResult<TimelineView> {
        let session = self.registry.own(caller, id).await?;
        let lines = self.ports.store.timeline(id).await?;
        let counts = self.ports.store.feed_counts(id).await?;
        let raw = if caller.is_admin() { Some(self.raw(&session).await) } else { None };
        let lines = lines.into_iter().map(|line| TimelineEntryView {
            at: line.at,
            actor: who(line.actor).to_owned(),
            what: line.what,
            state: line.state,
        });
        Ok(TimelineView { lines: lines.collect(), events: counts.events, decisions: counts.decisions, cost: self.cost(&session), raw })
    }

    fn cost(&self, session: &Session) -> Option<String> {
        let prices = self.ports.config.prices.as_ref().filter(|_| session.state.is_over())?;
        let counts = counts_of(session);
        let of = |what: &str| counts.iter().filter(|(name, _)| name == what).map(|(_, n)| n).sum();
        Some(prices.in_words(of("captured_ms"), of("sent_kb")))
    }

    /// As it is stored and as LiveKit and the relay tell it. It contains no secrets: keys are stored elsewhere, and of an
    /// egress only id and phase are included, not its page's address.
    async fn raw(&self, session: &Session) -> String {
        let egresses = self.ports.livekit.egresses().await.unwrap_or_default();
        let of_it =
            egresses.iter().filter(|egress| self.reconciler.session_of_page(&egress.page_url).is_some_and(|(of, _)| of == session.id));
        let egresses: Vec<_> = of_it.map(|egress| json!({ "id": egress.id, "phase": format!("{:?}", egress.phase) })).collect();
        let report = self.registry.observed().of(&session.id).report.map(|(report, _)| report);
        let counted = report.as_ref().map(|report| destination_stats::count(&session.results, report));
        let raw = json!({ "session": session, "egresses": egresses, "relay": report, "counted": counted });
        serde_json::to_string_pretty(&raw).unwrap_or_default()
    }
}

const fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Host => "the host",
        Actor::Admin => "an administrator",
        Actor::Agent => "the agent",
        Actor::Webhook => "LiveKit",
        Actor::Relay => "the relay",
        Actor::Reconciler => "the reconciler",
        Actor::Watchdog => "a watchdog",
        Actor::Studio => "the studio",
    }
}
