//! Carries out what was decided for one session, and collects orphans. Everything here is idempotent.

use super::{Reconciler, plan::Action};
use crate::{
    domain::{
        destination::Destination,
        ids::SessionId,
        room::{room_name, session_of_room},
        session::{Actor, Session, StreamType, is_of_relay},
    },
    server::{error::StudioResult, livekit::EgressPhase, metrics, registry::Change},
};

impl Reconciler {
    pub(super) async fn apply(&self, session: &Session, action: Action) -> StudioResult<()> {
        let id = &session.id;
        metrics::action(action.name());
        match action {
            Action::PutRelay => {
                let report = self.put_desired(session).await?;
                tracing::info!(session = %id, "the desired state was put to the relay again");
                self.registry.observed().record_report(report, self.ports.now());
            }
            Action::MakeRoom => {
                self.make_room(id).await?;
                self.registry.observed().update(id, |observed| observed.room = Some(true));
                tracing::info!(session = %id, "the room was made again");
            }
            Action::GoLive => {
                let since = self.ports.now();
                metrics::live(since.millis_since(session.created_at));
                let what = "On air: the relay receives the picture and a destination takes it.";
                self.registry
                    .change(id, Actor::Relay, |session| {
                        let state = session.state.clone().go_live(since).ok()?;
                        Some(Change { session: Session { state, ..session.clone() }, what: Some(what.to_owned()) })
                    })
                    .await?;
            }
            Action::End(outcome) => {
                self.start_ending(id, outcome.actor(), outcome).await?;
            }
            Action::Adopt(egress) => self.adopt(id, session.generation, &egress).await?,
            Action::Replace(reason) => self.replace_egress(session, &reason).await?,
            Action::Retire(egress, generation) => {
                self.ports.livekit.stop_egress(&egress).await?;
                if generation < session.generation {
                    self.ports.store.revoke_overlay_grants(id, Some(generation)).await?;
                }
                tracing::info!(session = %id, %egress, %generation, "egress stopped: another has taken over");
            }
            Action::StopEgress(egress) => {
                self.ports.livekit.stop_egress(&egress).await?;
                tracing::info!(session = %id, %egress, "egress stopped");
            }
            Action::TakeDown => self.take_down(session).await?,
            Action::Close => {
                let at = self.ports.now();
                self.registry
                    .change(id, Actor::Reconciler, |session| {
                        let state = session.state.clone().close(at).ok()?;
                        Some(Change {
                            session: Session { state, ..session.clone() },
                            what: Some("Room, relay and egress of the stream are gone.".to_owned()),
                        })
                    })
                    .await?;
            }
            Action::StoreStats(results) => {
                self.registry
                    .change(id, Actor::Relay, |session| {
                        let running = session.state.is_running();
                        running.then(|| Change { session: Session { results: results.clone(), ..session.clone() }, what: None })
                    })
                    .await?;
            }
            Action::Health(health) => {
                let actor = if is_of_relay(&session.health, &health) { Actor::Relay } else { Actor::Reconciler };
                self.registry
                    .change(id, actor, |session| {
                        let mut changed = Session { health: health.clone(), ..session.clone() };
                        let labels: Vec<&str> = session.destinations.iter().map(Destination::label).collect();
                        let what = changed.noted.note_health(&session.health, &health, &labels);
                        session.state.is_running().then_some(Change { session: changed, what })
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Platforms first, so that they see a clean end. A step that fails does not stop the others.
    async fn take_down(&self, session: &Session) -> StudioResult<()> {
        let relay = self.ports.relay.delete(&session.id).await;
        let room = match session.stream_type {
            StreamType::User => self.ports.livekit.delete_room(&room_name(&session.id)).await,
            StreamType::Agent => Ok(()),
        };
        self.ports.store.revoke_overlay_grants(&session.id, None).await?;
        relay?;
        room?;
        Ok(())
    }

    /// Ends what carries this deployment's mark and belongs to no active session: egresses after a crash or a time-out, rooms
    /// and relay shows whose end was not confirmed. Never anything of others.
    pub(super) async fn collect_orphans(&self) -> StudioResult<()> {
        let Ok(_collecting) = self.locks.collecting.try_lock() else { return Ok(()) };
        if let Ok(list) = self.ports.livekit.egresses().await {
            for egress in list.iter().filter(|egress| matches!(egress.phase, EgressPhase::Starting | EgressPhase::Active)) {
                let Some((id, _)) = self.session_of_page(&egress.page_url) else { continue };
                if self.is_over_or_unknown(&id).await? {
                    tracing::warn!(session = %id, egress = %egress.id, "ending an orphaned egress");
                    let _ = self.ports.livekit.stop_egress(&egress.id).await;
                }
            }
        }
        if let Ok(rooms) = self.ports.livekit.rooms().await {
            for room in rooms {
                let Some(id) = session_of_room(&room) else { continue };
                // An unknown session's room is another deployment's.
                if self.ports.store.session(&id).await?.is_some_and(|session| session.state.is_over()) {
                    let _ = self.ports.livekit.delete_room(&room).await;
                }
            }
        }
        if let Ok(shows) = self.ports.relay.sessions().await {
            for show in shows {
                if self.is_over_or_unknown(&show.session_id).await? {
                    let _ = self.ports.relay.delete(&show.session_id).await;
                }
            }
        }
        Ok(())
    }

    async fn is_over_or_unknown(&self, id: &SessionId) -> StudioResult<bool> {
        Ok(self.ports.store.session(id).await?.is_none_or(|session| session.state.is_over()))
    }
}
