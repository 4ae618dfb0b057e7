//! A new egress in place of a lost one, while the relay holds the platforms: make before break where a slot is free, break
//! before make where not. The generation is stored before its egress is asked for: whatever is killed or lost in between,
//! there are never two egresses of one generation, and one whose answer was lost is found by its mark and taken.

use super::{Reconciler, plan::REPLACEMENTS_WITHIN_MS};
use crate::{
    domain::{
        ids::{EgressId, Generation, SessionId},
        session::{Actor, Session},
    },
    server::{
        error::StudioResult,
        livekit::{EgressPhase, EgressRequest, LiveKitError},
        registry::Change,
    },
};
use std::time::Duration;
use tokio::time::Instant;

/// How long one replacement waits for a slot, or for an engine that is being restarted. Three of them are about as long as
/// the relay holds the platforms.
const TIMEOUT: Duration = Duration::from_secs(25);
/// How long an egress whose answer was lost may take to stand in the list.
const LOST_ANSWER: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

impl Reconciler {
    /// Asks for the next generation's egress and stores it as the one the session lives from.
    pub(super) async fn replace_egress(&self, session: &Session, reason: &str) -> StudioResult<()> {
        let id = &session.id;
        let generation = session.generation.next();
        // The relay must know the new generation before it publishes, and still take the old one until then.
        let next = Session { generation, ..session.clone() };
        self.put_desired(&next).await?;
        let now = self.ports.now();
        let what = format!("The capture is replaced, because {reason}.");
        // Counted before it is known to work: a start that keeps failing must come to an end too.
        let stored = self
            .registry
            .change(id, Actor::Reconciler, |stored| {
                if stored.generation != session.generation || !is_running(stored) {
                    return None;
                }
                let mut next = Session { generation, ..stored.clone() };
                next.replaced_at.retain(|at| now.millis_since(*at) < REPLACEMENTS_WITHIN_MS);
                next.replaced_at.push(now);
                Some(Change { session: next, what: Some(what.clone()) })
            })
            .await?;
        if stored.generation != generation {
            return Ok(());
        }
        self.registry.observed().update(id, |observed| observed.heartbeat = None);
        let old = session.state.egress();
        let egress = self.start_in_place(&stored, generation, old).await?;
        self.adopt(id, generation, &egress).await?;
        // The old one's overlay closes with it; while both run, it goes when the new one has taken over.
        if !self.alive(id, session.generation).await {
            self.ports.store.revoke_overlay_grants(id, Some(session.generation)).await?;
        }
        Ok(())
    }

    /// Stores an accepted egress as the one the session lives from. One that the session no longer needs is stopped
    /// with it or collected as an orphan.
    pub(super) async fn adopt(&self, id: &SessionId, generation: Generation, egress: &EgressId) -> StudioResult<()> {
        let since = self.ports.now();
        self.registry
            .change(id, Actor::Studio, |session| {
                if session.generation != generation || session.state.egress() == Some(egress) {
                    return None;
                }
                let first = session.state.egress().is_none();
                let state = session.state.clone();
                let state = if first { state.start(egress.clone(), since) } else { state.replace_egress(egress.clone()) }.ok()?;
                let what = if first {
                    "The capture was accepted; its browser boots while the host joins."
                } else {
                    "The new capture was accepted."
                };
                Some(Change { session: Session { state, ..session.clone() }, what: Some(what.to_owned()) })
            })
            .await?;
        Ok(())
    }

    /// Starts an egress, through a slot that must first be freed and an engine that is away for a while.
    async fn start_in_place(&self, session: &Session, generation: Generation, old: Option<&EgressId>) -> StudioResult<EgressId> {
        let request = self.egress_request(session, generation).await?;
        let until = Instant::now() + TIMEOUT;
        loop {
            let refusal = match self.start_once(&session.id, generation, &request).await {
                Ok(egress) => return Ok(egress),
                Err(refusal @ (LiveKitError::NoSlot | LiveKitError::Down(_))) => refusal,
                Err(refusal) => return Err(refusal.into()),
            };
            if refusal == LiveKitError::NoSlot
                && let Some(old) = old
            {
                // Break before make. It may be over, or its engine gone: the next attempt will show.
                let _ = self.ports.livekit.stop_egress(old).await;
            }
            let still_wanted =
                self.ports.store.session(&session.id).await?.is_some_and(|now| is_running(&now) && now.generation == generation);
            if !still_wanted || Instant::now() >= until {
                return Err(refusal.into());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks once. An answer that does not come may be lost behind an egress that was started: it is looked for by its mark
    /// and never asked for twice.
    pub(super) async fn start_once(
        &self,
        id: &SessionId,
        generation: Generation,
        request: &EgressRequest,
    ) -> Result<EgressId, LiveKitError> {
        let lost = match self.ports.livekit.start_egress(request).await {
            Err(lost @ LiveKitError::Unreachable(_)) => lost,
            answer => return answer,
        };
        let until = Instant::now() + LOST_ANSWER;
        loop {
            if let Some(found) = self.listed(id, generation).await {
                tracing::warn!(session = %id, %generation, egress = %found, "the answer to a start was lost; its egress was found");
                return Ok(found);
            }
            if Instant::now() >= until {
                return Err(lost);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn alive(&self, id: &SessionId, generation: Generation) -> bool {
        self.listed(id, generation).await.is_some()
    }

    /// The running egress of a session's generation, by the mark in its page's address.
    async fn listed(&self, id: &SessionId, generation: Generation) -> Option<EgressId> {
        let list = self.ports.livekit.egresses().await.ok()?;
        let running = |phase| matches!(phase, EgressPhase::Starting | EgressPhase::Active);
        let found = list
            .into_iter()
            .find(|egress| running(egress.phase) && self.session_of_page(&egress.page_url) == Some((id.clone(), generation)));
        found.map(|egress| egress.id)
    }
}

fn is_running(session: &Session) -> bool {
    session.state.is_running()
}
