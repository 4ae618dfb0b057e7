//! Go live: caller checked, destinations resolved, session stored `pending`, room created, desired state put to the relay, room token
//! returned at once; the egress is started in the background while the host already joins. A step that fails ends the session with its
//! cause, and the take-down removes what the earlier ones made.

use super::Sessions;
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{NewSession, StartedSession, VideoChoice},
    },
    domain::{
        ids::{Generation, SessionId},
        media::HostPicture,
        overlay::OverlaySettings,
        session::{Actor, EndReason, HostPresence, Outcome, Owner, Session, SessionState, SessionStatus, StreamType},
        video::VideoFormat,
        viewers::ViewerCounts,
    },
    server::{
        accounts::ownership::{agent_of, owner_named},
        auth::caller::Caller,
        destinations::Resolved,
        error::{StudioError, StudioResult, chain},
        livekit::LiveKitError,
        metrics,
        reconcile::Held,
        store::{IDEMPOTENT_FOR_MS, StoreError, TimelineEntry},
        validation::{delay, plain_text},
    },
};
use tracing::Instrument;

impl Sessions {
    /// Starts a session. The answer's session is `pending`; `live` comes by the feed.
    ///
    /// # Errors
    /// What was asked for is not acceptable, another session of the owner is running, or a part Footlight needs failed (then
    /// nothing is left behind).
    pub async fn start(&self, caller: &Caller, request: NewSession) -> StudioResult<StartedSession> {
        let started = Box::pin(self.start_new(caller, request)).instrument(tracing::info_span!("start")).await;
        metrics::start(started.as_ref().map_or_else(StudioError::code, |started| if started.repeated { "repeated" } else { "started" }));
        started
    }

    async fn start_new(&self, caller: &Caller, request: NewSession) -> StudioResult<StartedSession> {
        let (owner, name) = self.owner_of(caller, &request).await?;
        if let Some(session) = self.repeated(&owner, request.idempotency_key.as_deref()).await? {
            return self.started(&session, &request.announces, true).await;
        }
        let video = self.format(request.video)?;
        let title = plain_text("streamTitle", &request.stream_title)?;
        let entity_name = match &request.entity_name {
            Some(name) if !name.trim().is_empty() => plain_text("entityName", name)?,
            _ => name,
        };
        let current_lobby_id = request.current_lobby_id.as_deref().map(|lobby| plain_text("currentLobbyId", lobby)).transpose()?;
        let broadcast_delay_ms = delay(request.broadcast_delay_ms)?;
        let defaults = self.ports.store.defaults(&owner).await?;
        let ids = match (request.destinations.is_empty() && request.destination_ids.is_empty(), defaults.auto_start.destinations) {
            (true, usual) if usual.is_empty() => {
                return Err(ApiError::invalid("destinations", "Choose at least one destination.").into());
            }
            (true, usual) => usual,
            (false, _) => request.destination_ids,
        };
        let resolved = self.destinations.resolve(&owner, &caller.user.id, &ids, request.destinations).await?;
        if let Err(error) = self.check_concurrency(caller, &owner, request.replace).await {
            // The conflict may be this very session, requested twice at once.
            return match self.repeated(&owner, request.idempotency_key.as_deref()).await? {
                Some(session) => self.started(&session, &request.announces, true).await,
                None => Err(error),
            };
        }
        let system_defaults = match request.stream_type {
            StreamType::User => OverlaySettings::for_user(),
            StreamType::Agent => OverlaySettings::for_agent(),
        };
        let defaults = defaults.overlay.apply(&system_defaults);
        let session = Session {
            id: self.ports.new_id(),
            account: caller.user.id.clone(),
            owner,
            stream_type: request.stream_type,
            entity_name,
            title,
            state: SessionState::Pending,
            health: Vec::new(),
            destinations: resolved.iter().map(|of| of.destination.clone()).collect(),
            video,
            overlay: request.overlay.apply(&defaults),
            generation: Generation::FIRST,
            created_at: self.ports.now(),
            public: request.public,
            current_lobby_id,
            broadcast_delay_ms,
            host: HostPresence::NotYet,
            replaced_at: Vec::new(),
            results: Vec::new(),
            viewers: ViewerCounts::default(),
            revision: 1,
        };
        // Held until the first egress is stored, so that nobody takes the pending session for a forgotten one; in a task of
        // its own, so that a caller who hangs up leaves nothing half done.
        let held = self.reconciler.hold(&session.id).await;
        let (sessions, key, actor) = (self.clone(), request.idempotency_key, caller.actor());
        let begun = tokio::spawn(async move { sessions.begin(session, actor, resolved, key, held).await });
        let (session, repeated) = begun.await.map_err(|error| StudioError::Internal(error.to_string()))??;
        if let Err(error) = self.ports.store.destinations_used(&ids, session.created_at).await {
            tracing::warn!(session = %session.id, error = %chain(&error), "when its destinations were used could not be stored");
        }
        self.started(&session, &request.announces, repeated).await
    }

    /// Stores the session, makes what host and egress need at once, and leaves the rest to a task of its own.
    async fn begin(
        &self,
        session: Session,
        actor: Actor,
        resolved: Vec<Resolved>,
        key: Option<String>,
        held: Held,
    ) -> StudioResult<(Session, bool)> {
        let inserted = self.insert(&session, actor, &resolved, key.as_deref()).await;
        if let Err(error) = inserted {
            drop(held);
            self.reconciler.forget(&session.id);
            // Somebody else's repetition of this very call was faster.
            return match self.repeated(&session.owner, key.as_deref()).await? {
                Some(winner) => Ok((winner, true)),
                None => Err(error),
            };
        }
        self.reconciler.claim(&session.id).await;
        if let Err((cause, error)) = self.reconciler.prepare(&session).await {
            self.reconciler.start_ending(&session.id, Actor::Studio, Outcome::Failed(cause)).await?;
            drop(held);
            self.reconciler.wait_until_ended(&session.id).await?;
            return Err(error);
        }
        let (reconciler, launched) = (self.reconciler.clone(), session.clone());
        tokio::spawn(async move { reconciler.start_first_egress(launched, held).await });
        Ok((session, false))
    }

    /// The session that an earlier call with the same key started.
    async fn repeated(&self, owner: &Owner, key: Option<&str>) -> StudioResult<Option<Session>> {
        let Some(key) = key else { return Ok(None) };
        let since = self.ports.now().plus_millis(-IDEMPOTENT_FOR_MS);
        Ok(self.ports.store.session_by_idempotency_key(owner, key, since).await?)
    }

    /// Whose session it shall be, and the name on the overlay if none is given. What the body says must fit who is asking.
    async fn owner_of(&self, caller: &Caller, request: &NewSession) -> StudioResult<(Owner, String)> {
        if caller.agent.is_some() && request.stream_type == StreamType::User {
            return Err(ApiError::invalid("streamType", "An agent's key starts streams of streamType \"agent\".").into());
        }
        if request.agent_id.is_some() && request.stream_type == StreamType::User {
            return Err(ApiError::invalid("agentId", "agentId belongs to streamType \"agent\".").into());
        }
        let owner = owner_named(&*self.ports.store, caller, request.agent_id.as_ref()).await?;
        let name = match (&owner, &caller.agent) {
            (Owner::User(_), _) => caller.user.name.clone(),
            (Owner::Agent(_), Some(agent)) => agent.name.clone(),
            (Owner::Agent(id), None) => agent_of(&*self.ports.store, &caller.user.id, id).await?.name,
        };
        Ok((owner, name))
    }

    fn format(&self, asked: Option<VideoChoice>) -> StudioResult<VideoFormat> {
        let format = match asked {
            None => return Ok(self.ports.config.video.format),
            Some(VideoChoice::Preset(preset)) => preset.format(),
            Some(VideoChoice::Format(format)) => format,
        };
        format.check().map_err(|error| ApiError::invalid(error.field, format!("{error}.")).into())
    }

    /// One session at a time: a running one is a conflict, or is ended first.
    async fn check_concurrency(&self, caller: &Caller, owner: &Owner, replace: bool) -> StudioResult<()> {
        if self.ports.store.draining().await? {
            let message = "This studio takes no new streams for now: it is being made ready for maintenance. Try again later.";
            return Err(StudioError::refused(ErrorCode::Unavailable, message));
        }
        if let Some(running) = self.ports.store.active_session_of(owner).await? {
            if !replace {
                return Err(conflicting(&running.id));
            }
            self.reconciler.start_ending(&running.id, caller.actor(), Outcome::Ended(EndReason::Replaced)).await?;
            // One that was ending already counts too: its owner waits for the same slot.
            self.reconciler.wait_until_ended(&running.id).await?;
        }
        let active = self.ports.store.active_sessions().await?;
        let (config, own) = (&self.ports.config, active.iter().filter(|session| session.account == caller.user.id).count());
        if own >= config.shows_per_account {
            let message = format!("You and your agents have {own} streams running, and no more may run at once. End one first.");
            return Err(StudioError::refused(ErrorCode::Conflict, message));
        }
        if active.len() >= config.most_shows {
            return Err(LiveKitError::NoSlot.into());
        }
        match self.ports.livekit.slots().await {
            Ok(Some(slots)) if slots.used >= slots.total => Err(LiveKitError::NoSlot.into()),
            _ => Ok(()),
        }
    }

    async fn insert(&self, session: &Session, actor: Actor, resolved: &[Resolved], idempotency_key: Option<&str>) -> StudioResult<()> {
        let keys = self.destinations.seal_all(&session.owner, resolved)?;
        let entry = TimelineEntry { at: self.ports.now(), actor, what: "The stream was requested.".into(), state: SessionStatus::Pending };
        match self.ports.store.insert_session(session, &keys, idempotency_key, &entry).await {
            Ok(()) => {}
            Err(StoreError::ActiveSession(id)) => return Err(conflicting(&id)),
            Err(error) => return Err(error.into()),
        }
        tracing::info!(session = %session.id, owner = %session.owner, destinations = session.destinations.len(), "session started");
        self.registry.announce(session).await;
        Ok(())
    }

    async fn started(&self, session: &Session, announces: &[HostPicture], repeated: bool) -> StudioResult<StartedSession> {
        Ok(StartedSession { session: self.registry.view(session).await.for_owner(), room: self.host_access(session, announces)?, repeated })
    }
}

fn conflicting(id: &SessionId) -> StudioError {
    let detail = serde_json::json!({ "sessionId": id });
    let message = "Another stream of yours is running. End it first, or start with \"replace\": true.";
    StudioError::Refused(ApiError { detail, ..ApiError::new(ErrorCode::Conflict, message) })
}
