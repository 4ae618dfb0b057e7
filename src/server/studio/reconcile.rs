//! Gathers what is known of each show, asks `decide`, carries the actions out. One path for everything that can move a
//! show: the relay's events, webhooks, heartbeats, timers and restarts all end here, so whatever was lost, doubled or late
//! converges within seconds.

use super::{
    Change, Studio,
    decide::{Action, Snapshot, decide},
};
use crate::{
    domain::{
        ids::{Generation, SessionId},
        room::{host_identity, room_name, session_of_room},
        session::{Actor, Outcome, Session, SessionState, StreamType},
    },
    server::{
        error::{Answer, chain},
        livekit::{EgressFacts, EgressPhase},
        relay::RelayEvent,
    },
};
use futures::StreamExt;
use std::time::Duration;

/// Every show is looked at this often, whatever was heard of it.
const TICK: Duration = Duration::from_secs(2);
/// A relay that is away is tried again this often.
const RECONNECT: Duration = Duration::from_secs(1);
/// One action can make the next one due; more rounds than this are left to the next tick.
const ROUNDS: usize = 4;

impl Studio {
    /// Watches every show until the process ends.
    pub async fn watch(self) {
        let relay = self.clone();
        tokio::spawn(async move { relay.hear_relay().await });
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.tick().await {
                tracing::warn!(error = %chain(&error), "a round of the reconciler failed; the next one tries again");
            }
        }
    }

    async fn hear_relay(&self) {
        loop {
            match self.relay().events().await {
                Ok(mut events) => {
                    tracing::info!("listening to the relay");
                    while let Some(event) = events.next().await {
                        match event {
                            RelayEvent::Show(report) => self.take_report(*report).await,
                            RelayEvent::Gone(session) => self.act(&session).await,
                        }
                    }
                    tracing::warn!("the relay's events ended");
                }
                Err(error) => tracing::warn!(%error, "the relay does not answer"),
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// One round over every active show, then over what belongs to none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn tick(&self) -> Answer<()> {
        let active = self.store().active_sessions().await?;
        for session in &active {
            if session.stream_type == StreamType::User && session.state.egress().is_some() {
                self.look_for_host(&session.id).await;
            }
            self.release(&session.id).await;
            self.act(&session.id).await;
        }
        self.sweep().await
    }

    /// Looks who is in the room; a LiveKit that does not answer changes nothing.
    pub(super) async fn look_for_host(&self, id: &SessionId) {
        let Ok(identities) = self.livekit().participants(&room_name(id)).await else { return };
        let present = identities.contains(&host_identity(id));
        let now = self.now();
        self.facts().note(id, |facts| {
            facts.host_seen |= present;
            facts.host_away_since = if present { None } else { facts.host_away_since.or(Some(now)) };
        });
    }

    /// Decides and acts for one show until nothing more is due. Somebody who already works on it goes on alone.
    pub(super) async fn act(&self, id: &SessionId) {
        let lock = self.lock_of(id);
        let Ok(_held) = lock.try_lock() else { return };
        for _ in 0..ROUNDS {
            let snapshot = match self.snapshot(id).await {
                Ok(Some(snapshot)) => snapshot,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(session = %id, error = %chain(&error), "a show could not be looked at");
                    break;
                }
            };
            let over = snapshot.session.state.is_over();
            let actions = decide(&snapshot, &self.config().deadlines);
            if over {
                self.forget(id);
            }
            let mut again = false;
            for action in actions {
                again |= !matches!(action, Action::TakeDown | Action::StopEgress(_) | Action::Health(_));
                if let Err(error) = self.perform(&snapshot.session, action.clone()).await {
                    tracing::warn!(session = %id, ?action, error = %chain(&error), "an action failed; it is tried again");
                    again = false;
                    break;
                }
            }
            if !again {
                break;
            }
        }
    }

    async fn snapshot(&self, id: &SessionId) -> Answer<Option<Snapshot>> {
        let Some(session) = self.store().session(id).await? else { return Ok(None) };
        if session.state.is_over() {
            return Ok(Some(Snapshot { session, facts: self.facts().of(id), egresses: None, relayed: None, now: self.now() }));
        }
        let egresses = match self.livekit().egresses().await {
            Ok(list) => Some(list.into_iter().filter_map(|facts| self.generation_of(&facts, id).map(|of| (of, facts))).collect()),
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the list of egresses could not be had");
                None
            }
        };
        let relayed = match session.state {
            SessionState::Starting { .. } | SessionState::Live { .. } => {
                self.relay().shows().await.ok().map(|shows| shows.iter().any(|show| &show.session_id == id))
            }
            _ => None,
        };
        Ok(Some(Snapshot { facts: self.facts().of(id), session, egresses, relayed, now: self.now() }))
    }

    async fn perform(&self, session: &Session, action: Action) -> Answer<()> {
        let id = &session.id;
        match action {
            Action::PutRelay => {
                let report = self.relay().put(&self.wanted(session).await?).await?;
                tracing::info!(session = %id, "the relay was told the show again");
                let now = self.now();
                self.facts().note(id, |facts| facts.report = Some((report, now)));
            }
            Action::GoLive => {
                let since = self.now();
                let what = || Some("On air: the relay receives the picture and a destination takes it.".to_owned());
                self.change(id, Actor::Relay, |session| {
                    let state = session.state.clone().go_live(since).ok()?;
                    Some(Change { session: Session { state, ..session.clone() }, what: what() })
                })
                .await?;
            }
            Action::End(outcome) => {
                let actor = if matches!(outcome, Outcome::Failed(_)) { Actor::Reconciler } else { Actor::Watchdog };
                self.begin_end(id, actor, outcome).await?;
            }
            Action::Replace(reason) => self.replace_egress(session, &reason).await?,
            Action::StopEgress(egress) => {
                self.livekit().stop_egress(&egress).await?;
                tracing::info!(session = %id, %egress, "egress stopped");
            }
            Action::TakeDown => self.take_down(session).await?,
            Action::Close => {
                let at = self.now();
                self.change(id, Actor::Reconciler, |session| {
                    let state = session.state.clone().close(at).ok()?;
                    Some(Change { session: Session { state, ..session.clone() }, what: Some("Everything of the show is gone.".to_owned()) })
                })
                .await?;
            }
            Action::Health(health) => {
                self.change(id, Actor::Reconciler, |session| {
                    Some(Change { session: Session { health: health.clone(), ..session.clone() }, what: None })
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Platforms first: they shall see a clean end, not a cut.
    async fn take_down(&self, session: &Session) -> Answer<()> {
        self.relay().delete(&session.id).await?;
        if session.stream_type == StreamType::User {
            self.livekit().delete_room(&room_name(&session.id)).await?;
        }
        self.store().revoke_overlay_grants(&session.id, None).await?;
        Ok(())
    }

    /// Ends what carries this deployment's mark and belongs to no active show: egresses after a crash or a time-out, rooms
    /// and relay shows whose end was not confirmed. Never anything of others.
    async fn sweep(&self) -> Answer<()> {
        if let Ok(list) = self.livekit().egresses().await {
            for egress in list.iter().filter(|egress| matches!(egress.phase, EgressPhase::Starting | EgressPhase::Active)) {
                let Some((id, _)) = self.origin(&egress.page_url) else { continue };
                if self.is_over_or_unknown(&id).await? {
                    tracing::warn!(session = %id, egress = %egress.id, "ending an egress without a show");
                    let _ = self.livekit().stop_egress(&egress.id).await;
                }
            }
        }
        if let Ok(rooms) = self.livekit().rooms().await {
            for room in rooms {
                let Some(id) = session_of_room(&room) else { continue };
                // An unknown session's room is another deployment's.
                if self.store().session(&id).await?.is_some_and(|session| session.state.is_over()) {
                    let _ = self.livekit().delete_room(&room).await;
                }
            }
        }
        if let Ok(shows) = self.relay().shows().await {
            for show in shows {
                if self.is_over_or_unknown(&show.session_id).await? {
                    let _ = self.relay().delete(&show.session_id).await;
                }
            }
        }
        Ok(())
    }

    async fn is_over_or_unknown(&self, id: &SessionId) -> Answer<bool> {
        Ok(self.store().session(id).await?.is_none_or(|session| session.state.is_over()))
    }

    fn generation_of(&self, egress: &EgressFacts, id: &SessionId) -> Option<Generation> {
        self.origin(&egress.page_url).filter(|(session, _)| session == id).map(|(_, generation)| generation)
    }
}
