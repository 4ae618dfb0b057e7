//! Go live: caller checked, destinations resolved, session stored `pending`, room created, desired state put to the relay, room token
//! returned at once; the egress is started in the background while the host already joins. A step that fails ends the session with its
//! cause, and the take-down removes what the earlier ones made.

mod admission;

use super::{Sessions, idempotency::idempotency};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{NewSession, StartedSession, VideoChoice},
    },
    domain::{
        agent::AutoStart,
        bitrate::{Excess, too_much},
        destination::Destination,
        ids::{DestinationId, Generation},
        media::HostPicture,
        overlay::OverlaySettings,
        session::{Actor, HostPresence, Outcome, Session, SessionState, StreamType, TimelineNotes},
        video::VideoFormat,
        viewers::ViewerCounts,
    },
    server::{
        accounts::ownership::{SessionOwner, session_owner},
        auth::caller::Caller,
        destinations::MOST_SAVED,
        error::{StudioError, StudioResult, chain},
        metrics,
        reconcile::ending::STOP_WAITS,
        store::Idempotency,
        validation::{delay, plain_text},
    },
};
use admission::PreparedStart;
use std::collections::HashSet;
use tracing::Instrument;

impl Sessions {
    /// Starts a session. The answer's session is `pending`; `live` comes by the feed.
    ///
    /// # Errors
    /// What was asked for is not acceptable, another session of the owner is running, or a part Footlight needs failed (then
    /// nothing is left behind).
    pub async fn start(&self, caller: &Caller, mut request: NewSession) -> StudioResult<StartedSession> {
        let key = request.idempotency_key.take();
        let idempotency = idempotency(&self.ports.config, key, &request)?;
        self.start_once(caller, request, idempotency).await
    }

    /// Starts a session, or answers with the one that was started by the same call.
    ///
    /// # Errors
    /// As [`Sessions::start`].
    pub(in crate::server) async fn start_once(
        &self,
        caller: &Caller,
        request: NewSession,
        idempotency: Option<Idempotency>,
    ) -> StudioResult<StartedSession> {
        let started = Box::pin(self.start_new(caller, request, idempotency)).instrument(tracing::info_span!("start")).await;
        metrics::start(started.as_ref().map_or_else(StudioError::code, |started| if started.repeated { "repeated" } else { "started" }));
        started
    }

    async fn start_new(&self, caller: &Caller, request: NewSession, idempotency: Option<Idempotency>) -> StudioResult<StartedSession> {
        let SessionOwner { owner, account, name } = self.owner_of(caller, &request).await?;
        if let Some(session) = self.repeated(&owner, idempotency.as_ref()).await? {
            return self.started(&session, &request.announces, true).await;
        }
        if self.ports.store.draining().await? {
            let message = "This studio takes no new streams for now: it is being made ready for maintenance. Try again later.";
            return Err(StudioError::refused(ErrorCode::Unavailable, message));
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
        let ids = if request.destinations.is_empty() && request.destination_ids.is_empty() {
            usual_destinations(defaults.auto_start)?
        } else {
            request.destination_ids
        };
        let resolved = self.destinations.resolve(&owner, &account, &ids, request.destinations).await?;
        for one in &resolved {
            check_bitrate(&one.destination, video)?;
        }
        let system_defaults = match request.stream_type {
            StreamType::User => OverlaySettings::for_user(),
            StreamType::Agent => OverlaySettings::for_agent(),
        };
        let defaults = defaults.overlay.apply(&system_defaults);
        let session = Session {
            id: self.ports.new_id(),
            account,
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
            noted: TimelineNotes::default(),
            revision: 1,
        };
        let saved = self.destinations.saved_of(&session.owner, &resolved)?;
        let keys = self.destinations.seal_all(&session.owner, &resolved)?;
        let (actor, what) = if caller.owns(&session) {
            (caller.actor(), "The stream was requested.".to_owned())
        } else {
            (Actor::Admin, format!("The stream was requested by the administrator {}.", caller.user.name))
        };
        let start = PreparedStart { session, actor, what, keys, saved, idempotency, replace: request.replace };
        // In a task of its own, so that a caller who hangs up leaves nothing half done.
        let sessions = self.clone();
        let begun = tokio::spawn(async move { sessions.begin(start).await });
        let (session, repeated) = begun.await.map_err(|error| StudioError::Internal(error.to_string()))??;
        if !repeated && let Err(error) = self.ports.store.destinations_used(&ids, session.created_at).await {
            tracing::warn!(session = %session.id, error = %chain(&error), "when its destinations were used could not be stored");
        }
        if !repeated {
            self.audit.note_admin_action(caller, &session, "was started").await;
        }
        self.started(&session, &request.announces, repeated).await
    }

    /// Stores the session, makes what host and egress need at once, and leaves the rest to a task of its own.
    async fn begin(&self, start: PreparedStart) -> StudioResult<(Session, bool)> {
        // Held until the first egress is stored, so that nobody takes the pending session for a forgotten one.
        let held = self.reconciler.hold(&start.session.id).await;
        match self.admit(&start).await {
            Ok(None) => {}
            other => {
                drop(held);
                self.reconciler.forget(&start.session.id);
                return other.map(|earlier| (earlier.unwrap_or(start.session), true));
            }
        }
        let PreparedStart { session, saved, .. } = start;
        self.reconciler.claim(&session.id).await;
        if let Err((cause, error)) = self.reconciler.prepare(&session).await {
            self.reconciler.start_ending(&session.id, Actor::Studio, Outcome::Failed(cause)).await?;
            drop(held);
            self.reconciler.wait_until_ended(&session.id, STOP_WAITS).await?;
            return Err(error);
        }
        for saved in &saved {
            if let Err(error) = self.ports.store.insert_destination(saved, &session.account, MOST_SAVED).await {
                tracing::warn!(session = %session.id, error = %chain(&error), "a destination of it could not be saved");
            }
        }
        let (reconciler, launched) = (self.reconciler.clone(), session.clone());
        tokio::spawn(async move { reconciler.start_first_egress(launched, held).await });
        Ok((session, false))
    }

    /// Whose session it shall be. What the body says must fit who is asking.
    async fn owner_of(&self, caller: &Caller, request: &NewSession) -> StudioResult<SessionOwner> {
        if caller.agent.is_some() && request.stream_type == StreamType::User {
            return Err(ApiError::invalid("streamType", "An agent's key starts streams of streamType \"agent\".").into());
        }
        if request.agent_id.is_some() && request.stream_type == StreamType::User {
            return Err(ApiError::invalid("agentId", "agentId belongs to streamType \"agent\".").into());
        }
        session_owner(&*self.ports.store, caller, request.user_id.as_ref(), request.agent_id.as_ref()).await
    }

    fn format(&self, asked: Option<VideoChoice>) -> StudioResult<VideoFormat> {
        let format = match asked {
            None => return Ok(self.ports.config.video.format),
            Some(VideoChoice::Preset(preset)) => preset.format(),
            Some(VideoChoice::Format(format)) => format,
        };
        format.check().map_err(|error| ApiError::invalid(error.field, format!("{error}.")).into())
    }

    async fn started(&self, session: &Session, announces: &[HostPicture], repeated: bool) -> StudioResult<StartedSession> {
        let room = self.host_access(session, announces)?;
        let warnings = session.destinations.iter().filter_map(|of| too_much(of.platform, &session.video));
        let warnings = warnings.filter(|found| found.excess == Excess::Discouraged).map(|found| found.to_string()).collect();
        Ok(StartedSession { session: self.registry.view(session).await.for_owner(), room, repeated, warnings })
    }
}

/// Where a stream goes that names no destination: the owner's list, if their auto-start is on.
fn usual_destinations(auto_start: AutoStart) -> StudioResult<Vec<DestinationId>> {
    let AutoStart { on, destinations: mut usual, .. } = auto_start;
    if usual.is_empty() {
        return Err(ApiError::invalid("destinations", "Choose at least one destination.").into());
    }
    if !on {
        let message = "Choose at least one destination, or turn auto-start on under Settings: it is off.";
        return Err(ApiError::invalid("destinations", message).into());
    }
    let mut seen = HashSet::new();
    usual.retain(|id| seen.insert(id.clone()));
    Ok(usual)
}

/// Refuses a bitrate that the destination's platform does not take.
pub(super) fn check_bitrate(destination: &Destination, video: VideoFormat) -> Result<(), ApiError> {
    match too_much(destination.platform, &video) {
        Some(found) if found.excess == Excess::Refused => Err(ApiError::invalid("bitrateKbps", found.to_string())),
        _ => Ok(()),
    }
}
