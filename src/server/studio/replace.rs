//! A new egress in place of a lost one, while the relay holds the platforms: make before break where a slot is free, break
//! before make where not.

use super::{Change, Studio};
use crate::{
    domain::session::{Actor, Session, Trouble},
    server::{
        error::{Answer, StudioError},
        livekit::LiveKitError,
    },
};

impl Studio {
    /// Asks for the next generation's egress and stores it as the one the session lives from.
    pub(super) async fn replace_egress(&self, session: &Session, reason: &str) -> Answer<()> {
        let id = &session.id;
        let generation = session.generation.next();
        let now = self.now();
        tracing::warn!(session = %id, %generation, reason, "replacing the egress");
        // The relay must know the new generation before it publishes, and still take the old one until then.
        let next = Session { generation, ..session.clone() };
        self.relay().put(&self.wanted(&next).await?).await?;
        // Counted before it is known to work: a start that keeps failing must come to an end too.
        self.facts().note(id, |facts| facts.replaced_at.push(now));
        let egress = match self.ask_for_egress(session, generation).await {
            Err(StudioError::LiveKit(LiveKitError::NoSlot)) => {
                if let Some(old) = session.state.egress() {
                    self.livekit().stop_egress(old).await?;
                }
                self.ask_for_egress(session, generation).await?
            }
            other => other?,
        };
        self.facts().note(id, |facts| {
            facts.pulse = None;
            facts.composite_away_since = None;
        });
        let what = format!("A new capture was started, because {reason}.");
        self.change(id, Actor::Reconciler, |session| {
            let state = session.state.clone().replace_egress(egress.clone()).ok()?;
            let mut health = session.health.clone();
            health.push(Trouble::ReplacingEgress);
            Some(Change { session: Session { state, generation, health, ..session.clone() }, what: Some(what.clone()) })
        })
        .await?;
        Ok(())
    }
}
