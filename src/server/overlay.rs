//! The overlay page: access, initial data, heartbeats, and changes by the host.

mod events;
mod preview;

use crate::{
    api::{
        error::{ApiError, ErrorCode},
        events::{ChangeOverlay, ChangedOverlay},
        overlay::{Heartbeat, OverlaySnapshot, SequencedEvent},
    },
    domain::{
        ids::{Generation, SessionId},
        overlay::{OverlayPatch, OverlaySettings},
        room::RoomAccess,
        session::{OverlayChanges, Owner, Session, StreamType},
    },
    server::{
        accounts::audit::AuditLog,
        auth::{caller::Caller, overlay as tokens},
        error::{StudioError, StudioResult, chain},
        feed::{
            history::{FeedHistory, event_of},
            writer::FeedWriter,
        },
        livekit::tokens::{overlay_access, preview_access},
        ports::Ports,
        reconcile::Reconciler,
        registry::{Change, SessionRegistry},
        store::FeedEntry,
        validation::{delay, plain_text},
    },
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

/// The overlay of one egress, admitted by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayViewer {
    /// The one session it may see.
    pub session: SessionId,
    /// The egress that renders it.
    pub generation: Generation,
}

/// What the composite shows, and who may see it. Cheap to clone.
#[derive(Clone)]
pub struct Overlay {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    feed_writer: FeedWriter,
    feed_history: FeedHistory,
    reconciler: Reconciler,
    audit: AuditLog,
}

impl Overlay {
    pub const fn new(
        ports: Arc<Ports>,
        registry: SessionRegistry,
        feed_writer: FeedWriter,
        feed_history: FeedHistory,
        reconciler: Reconciler,
        audit: AuditLog,
    ) -> Self {
        Self { ports, registry, feed_writer, feed_history, reconciler, audit }
    }

    /// Whose overlay this token opens.
    ///
    /// # Errors
    /// Forged, expired or revoked.
    pub async fn viewer(&self, token: &str) -> StudioResult<OverlayViewer> {
        let refused = || StudioError::refused(ErrorCode::Unauthenticated, "This overlay address is not valid, or no longer.");
        let claims = tokens::verify(token, self.ports.config.jwt_secret.expose(), self.ports.now()).map_err(|_| refused())?;
        let grant = self.ports.store.overlay_grant(&claims.jti).await?.filter(|grant| !grant.revoked).ok_or_else(refused)?;
        Ok(OverlayViewer { session: grant.session, generation: grant.generation })
    }

    /// Everything the composite knows at load.
    ///
    /// # Errors
    /// Another session's overlay, or a session that is unknown or over.
    pub async fn snapshot(&self, viewer: &OverlayViewer, id: &SessionId) -> StudioResult<OverlaySnapshot> {
        if &viewer.session != id {
            return Err(StudioError::refused(ErrorCode::Unauthenticated, "This overlay address belongs to another stream."));
        }
        // Read before the settings: a change in between is read twice rather than missed.
        let history = self.event_history(id).await?;
        let session = self.ports.store.session(id).await?.filter(|session| session.state.is_active());
        let session = session.ok_or_else(|| StudioError::not_found("show"))?;
        let access = overlay_access(&self.ports.config.livekit, id, viewer.generation);
        let room = match session.stream_type {
            StreamType::User => Some(access.map_err(|error| StudioError::Internal(error.to_string()))?),
            StreamType::Agent => None,
        };
        self.snapshot_of(&session, Some(viewer.generation), room, history).await
    }

    /// The same for the owner, to look at without recording.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn session_preview(&self, caller: &Caller, id: &SessionId) -> StudioResult<OverlaySnapshot> {
        self.registry.own(caller, id).await?;
        let history = self.event_history(id).await?;
        let session = self.registry.own(caller, id).await?;
        let access = preview_access(&self.ports.config.livekit, id, caller.user.id.as_str());
        let room = match session.stream_type {
            StreamType::User if session.state.is_active() => Some(access.map_err(|error| StudioError::Internal(error.to_string()))?),
            _ => None,
        };
        self.snapshot_of(&session, None, room, history).await
    }

    /// Records an overlay's heartbeat. On a replica that does not lead the session it is stored for the leader.
    pub async fn heartbeat(&self, viewer: &OverlayViewer, heartbeat: Heartbeat) {
        let OverlayViewer { session, generation, .. } = viewer;
        self.registry.observed().record_heartbeat(session, *generation, heartbeat.clone(), self.ports.now());
        if !self.reconciler.recently_led(session)
            && let Err(error) = self.ports.store.forward_heartbeat(session, *generation, &heartbeat).await
        {
            tracing::warn!(%session, error = %chain(&error), "a heartbeat could not be passed on");
        }
    }

    /// Changes what the composite shows; every overlay, Studio and preview hears of it at once.
    ///
    /// # Errors
    /// Not the caller's, or over.
    pub async fn set(&self, caller: &Caller, id: &SessionId, patch: &OverlayPatch) -> StudioResult<OverlaySettings> {
        let request = ChangeOverlay {
            session_id: id.clone(),
            patch: patch.clone(),
            stream_title: None,
            current_lobby_id: None,
            broadcast_delay_ms: None,
            unknown: BTreeMap::new(),
        };
        Ok(self.change(caller, request).await?.settings)
    }

    /// The same with title, game and delay.
    ///
    /// # Errors
    /// Not the caller's, over, or a field is not acceptable.
    pub async fn change(&self, caller: &Caller, request: ChangeOverlay) -> StudioResult<ChangedOverlay> {
        if let Some(field) = request.unknown.keys().next() {
            return Err(ApiError::invalid(field, format!("There is no field `{field}` in an overlay.")).into());
        }
        let id = &request.session_id;
        let before = self.registry.own(caller, id).await?;
        let title = request.stream_title.as_deref().map(|title| plain_text("streamTitle", title)).transpose()?;
        let lobby = match request.current_lobby_id {
            Some(Some(lobby)) => Some(Some(plain_text("currentLobbyId", &lobby)?)),
            other => other,
        };
        let held = request.broadcast_delay_ms.map(delay).transpose()?;
        if request.patch.apply(&before.overlay) != before.overlay {
            self.feed_writer.admit_settings(id)?;
        }
        let (actor, now) = (caller.actor_on(&before), self.ports.now());
        let session = self
            .registry
            .change(id, actor, |session| {
                let mut next = Session {
                    overlay: request.patch.apply(&session.overlay),
                    title: title.clone().unwrap_or_else(|| session.title.clone()),
                    current_lobby_id: lobby.clone().unwrap_or_else(|| session.current_lobby_id.clone()),
                    broadcast_delay_ms: held.unwrap_or(session.broadcast_delay_ms),
                    ..session.clone()
                };
                let changes = OverlayChanges::between(session, &next).filter(|_| session.state.is_active())?;
                let what = next.noted.note_overlay(changes, actor, session.revision + 1, now);
                Some(Change { session: next, what })
            })
            .await?;
        if !session.state.is_active() {
            return Err(StudioError::refused(ErrorCode::Conflict, "The stream is over."));
        }
        self.audit.note_admin_action(caller, &before, "had its overlay changed").await;
        if session.overlay != before.overlay {
            let (at, data) = (self.ports.now(), json!(session.overlay));
            if let Some(seq) = self.ports.store.append_feed(id, at, "overlay", None, &data).await? {
                self.registry.feed().entry(id, FeedEntry { seq, at, kind: "overlay".into(), id: None, data });
            }
        }
        Ok(ChangedOverlay {
            session_id: session.id,
            settings: session.overlay,
            stream_title: session.title,
            current_lobby_id: session.current_lobby_id,
            broadcast_delay_ms: session.broadcast_delay_ms,
        })
    }

    /// The events that still show, oldest first, and the number of the last line that was read.
    async fn event_history(&self, id: &SessionId) -> StudioResult<(Vec<SequencedEvent>, u64)> {
        let shown = self.feed_history.shown(id).await?;
        let seq = shown.seq;
        let event = |line: FeedEntry| Some(SequencedEvent { seq: line.seq, at: line.at, event: event_of(&line)? });
        Ok((shown.into_lines().filter_map(event).collect(), seq))
    }

    async fn snapshot_of(
        &self,
        session: &Session,
        generation: Option<Generation>,
        room: Option<RoomAccess>,
        (history, seq): (Vec<SequencedEvent>, u64),
    ) -> StudioResult<OverlaySnapshot> {
        let agent = match &session.owner {
            Owner::Agent(agent) => self.ports.store.agent(agent).await?,
            Owner::User(_) => None,
        };
        let number = agent.as_ref().and_then(|agent| agent.avatar);
        Ok(OverlaySnapshot {
            session_id: session.id.clone(),
            generation,
            stream_type: session.stream_type,
            entity_name: session.entity_name.clone(),
            avatar: agent.zip(number).map(|(agent, number)| format!("/api/streaming/agents/{}/avatar?{number}", agent.id)),
            title: session.title.clone(),
            platforms: session.destinations.iter().map(|destination| destination.platform).collect(),
            settings: session.overlay.clone(),
            made_up: None,
            room,
            live_since: session.state.live_since(),
            history,
            seq,
            now: self.ports.now(),
        })
    }
}
