//! Go live: caller checked, destinations resolved, session stored `pending`, room made, wanted state put to the relay, host
//! token back at once; the egress is asked for in the background while the host already joins. A step that fails ends the
//! session with its cause, and the take-down undoes the earlier ones.

use super::{
    Change, Studio,
    destinations::{Resolved, new_id},
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{Preflight, PreflightLine, StartShow, StartedShow, Verdict, VideoChoice},
    },
    domain::{
        ids::{Generation, SessionId},
        overlay::OverlaySettings,
        room::{RoomAccess, room_name},
        session::{Actor, EndReason, FailureCause, Outcome, Session, SessionState, StreamType},
        video::VideoFormat,
    },
    server::{
        auth::caller::Caller,
        error::{Answer, StudioError, chain},
        livekit::{EgressRequest, LiveKitError, Slots, tokens},
        store::{StoreError, TimelineEntry},
    },
};
use std::time::Duration;

const IDEMPOTENT_FOR_MS: i64 = 24 * 3600 * 1000;
/// The room outlives the host's absence by more than the grace, so that the grace decides.
const ROOM_MARGIN: Duration = Duration::from_secs(30);
const LONGEST_TITLE: usize = 140;

impl Studio {
    /// Starts a show. The answer's session is `pending`; `live` comes by the feed.
    ///
    /// # Errors
    /// What was asked for is not acceptable, another show of the owner is running, or a part Footlight needs failed (then
    /// nothing is left behind).
    pub async fn start(&self, caller: &Caller, show: StartShow) -> Answer<StartedShow> {
        let owner = caller.owner();
        if let Some(key) = &show.idempotency_key {
            let since = self.now().plus_millis(-IDEMPOTENT_FOR_MS);
            if let Some(session) = self.store().session_by_idempotency_key(&owner, key, since).await? {
                return self.started(&session).await;
            }
        }
        let video = self.format(show.video)?;
        let title = plain_text("streamTitle", &show.stream_title)?;
        let entity_name = match &show.entity_name {
            Some(name) if !name.trim().is_empty() => plain_text("entityName", name)?,
            _ => caller.user.name.clone(),
        };
        if show.destinations.is_empty() && show.destination_ids.is_empty() {
            return Err(ApiError::invalid("destinations", "Choose at least one place where the show plays.").into());
        }
        let resolved = self.resolve(&owner, &show.destination_ids, show.destinations).await?;
        self.make_way(caller, show.replace).await?;
        let defaults = match show.stream_type {
            StreamType::User => OverlaySettings::for_user(),
            StreamType::Agent => OverlaySettings::for_agent(),
        };
        let session = Session {
            id: new_id(),
            account: caller.user.id.clone(),
            owner,
            stream_type: show.stream_type,
            entity_name,
            title,
            state: SessionState::Pending,
            health: Vec::new(),
            destinations: resolved.iter().map(|of| of.destination.clone()).collect(),
            video,
            overlay: show.overlay.apply(&defaults),
            generation: Generation::FIRST,
            created_at: self.now(),
            results: Vec::new(),
            revision: 1,
        };
        self.insert(&session, &resolved, show.idempotency_key.as_deref()).await?;
        self.prepare(&session).await?;
        let studio = self.clone();
        let launched = session.clone();
        tokio::spawn(async move { studio.launch(launched).await });
        self.started(&session).await
    }

    /// A fresh room token for the host of a running show.
    ///
    /// # Errors
    /// Not the caller's, over, or without a room.
    pub async fn room_access(&self, caller: &Caller, id: &SessionId) -> Answer<RoomAccess> {
        let session = self.own(caller, id).await?;
        self.host_access(&session)?.ok_or_else(|| StudioError::refused(ErrorCode::Conflict, "The show is over, or has no room."))
    }

    /// What is known before a show.
    pub async fn preflight(&self) -> Preflight {
        let (livekit, slots, relay) = tokio::join!(self.livekit().ping(), self.livekit().slots(), self.relay().shows());
        let line = |label: &str, verdict, note: &str| PreflightLine { label: label.into(), verdict, note: note.into() };
        let slot = match slots {
            Ok(Some(Slots { total, used })) if used < total => {
                line("A free slot for the show", Verdict::Pass, &format!("{} left", total - used))
            }
            Ok(Some(Slots { total, .. })) => line("A free slot for the show", Verdict::Fail, &format!("all {total} carry other shows")),
            Ok(None) => line("A free slot for the show", Verdict::Warn, "unknown"),
            Err(_) => line("A free slot for the show", Verdict::Fail, "the capture engine does not answer"),
        };
        let up = |label: &str, ok: bool| {
            if ok {
                line(label, Verdict::Pass, "ready")
            } else {
                line(label, Verdict::Fail, "does not answer; tell whoever runs this studio")
            }
        };
        let video = self.config().video;
        Preflight {
            lines: vec![up("The media server", livekit.is_ok()), up("The relay to the platforms", relay.is_ok()), slot],
            video: video.preset,
            video_note: video.small_machine.then(|| "This machine has fewer than 4 cores, so 720p is the default.".to_owned()),
            livekit_url: self.config().livekit.public_url.clone(),
        }
    }

    fn format(&self, asked: Option<VideoChoice>) -> Answer<VideoFormat> {
        let format = match asked {
            None => return Ok(self.config().video.format),
            Some(VideoChoice::Preset(preset)) => preset.format(),
            Some(VideoChoice::Format(format)) => format,
        };
        format.check().map_err(|error| ApiError::invalid(error.field, format!("{error}.")).into())
    }

    /// One show at a time: the running one is in the way, or is ended first.
    async fn make_way(&self, caller: &Caller, replace: bool) -> Answer<()> {
        if let Some(running) = self.store().active_session_of(&caller.owner()).await? {
            if !replace {
                return Err(in_the_way(&running.id));
            }
            self.begin_end(&running.id, Actor::Host, Outcome::Ended(EndReason::Replaced)).await?;
            self.settle(&running.id).await?;
        }
        match self.livekit().slots().await {
            Ok(Some(slots)) if slots.used >= slots.total => Err(LiveKitError::NoSlot.into()),
            _ => Ok(()),
        }
    }

    async fn insert(&self, session: &Session, resolved: &[Resolved], idempotency_key: Option<&str>) -> Answer<()> {
        let keys = self.seal_all(&session.owner, resolved)?;
        let entry = TimelineEntry { at: self.now(), actor: Actor::Host, what: "The show was asked for.".into(), state: "pending".into() };
        match self.store().insert_session(session, &keys, idempotency_key, &entry).await {
            Ok(()) => {}
            Err(StoreError::ActiveSession(id)) => return Err(in_the_way(&id)),
            Err(error) => return Err(error.into()),
        }
        tracing::info!(session = %session.id, owner = %session.owner, destinations = session.destinations.len(), "session started");
        self.announce(session).await;
        Ok(())
    }

    /// Room and relay: what the host's browser and the egress will need at once.
    async fn prepare(&self, session: &Session) -> Answer<()> {
        if session.stream_type == StreamType::User {
            let deadlines = self.config().deadlines;
            let (empty, departure) = (deadlines.start + ROOM_MARGIN, deadlines.grace + ROOM_MARGIN);
            if let Err(error) = self.livekit().create_room(&room_name(&session.id), empty, departure).await {
                self.fail(&session.id, FailureCause::RoomNotMade).await?;
                return Err(error.into());
            }
        }
        let wanted = self.wanted(session).await?;
        match self.relay().put(&wanted).await {
            Ok(report) => {
                self.facts().note(&session.id, |facts| facts.report = Some((report, self.now())));
                Ok(())
            }
            Err(error) => {
                self.fail(&session.id, FailureCause::RelayUnreachable).await?;
                Err(error.into())
            }
        }
    }

    /// Asks for the first egress and stores the session as starting. Holds the session's lock, so that nobody takes the
    /// pending session for a forgotten one.
    async fn launch(&self, session: Session) {
        let id = session.id.clone();
        let lock = self.lock_of(&id);
        let held = lock.lock().await;
        let outcome = match self.ask_for_egress(&session, session.generation).await {
            Ok(egress) => {
                let since = self.now();
                let stored = self
                    .change(&id, Actor::Studio, |session| {
                        let state = session.state.clone().start(egress.clone(), since).ok()?;
                        let what = Some("The capture was accepted; its browser boots while the host joins.".to_owned());
                        Some(Change { session: Session { state, ..session.clone() }, what })
                    })
                    .await;
                // A stop that came meanwhile did not know this egress: its take-down finds it in the list by its mark.
                stored.map(|_| ())
            }
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the first egress was not accepted");
                let cause = match &error {
                    StudioError::LiveKit(LiveKitError::NoSlot) => FailureCause::NoFreeSlot,
                    StudioError::LiveKit(LiveKitError::Refused(_)) => {
                        FailureCause::EgressFailed { reason: "the capture engine refused it".into() }
                    }
                    _ => FailureCause::EgressFailed { reason: "the capture engine does not answer".into() },
                };
                self.begin_end(&id, Actor::Studio, Outcome::Failed(cause)).await.map(|_| ())
            }
        };
        drop(held);
        if let Err(error) = outcome {
            tracing::error!(session = %id, error = %chain(&error), "a start was not stored; the reconciler goes on");
        }
        self.act(&id).await;
    }

    /// Mints the overlay's token and starts an egress on its page, towards the relay.
    pub(super) async fn ask_for_egress(&self, session: &Session, generation: Generation) -> Answer<crate::domain::ids::EgressId> {
        let token = self.mint_overlay_token(session, generation).await?;
        let request = EgressRequest {
            page_url: self.page_url(&session.id, generation, &token),
            output_url: self.ingest_url(&session.id, generation),
            video: session.video,
        };
        Ok(self.livekit().start_egress(&request).await?)
    }

    async fn fail(&self, id: &SessionId, cause: FailureCause) -> Answer<()> {
        self.begin_end(id, Actor::Studio, Outcome::Failed(cause)).await?;
        self.settle(id).await
    }

    async fn started(&self, session: &Session) -> Answer<StartedShow> {
        Ok(StartedShow { session: self.view(session).await, room: self.host_access(session)? })
    }

    fn host_access(&self, session: &Session) -> Answer<Option<RoomAccess>> {
        if session.stream_type != StreamType::User || !matches!(session.state.name(), "pending" | "starting" | "live") {
            return Ok(None);
        }
        let access = tokens::host_access(&self.config().livekit, &session.id, &session.entity_name);
        access.map(Some).map_err(|error| StudioError::Internal(error.to_string()))
    }
}

fn in_the_way(id: &SessionId) -> StudioError {
    let detail = serde_json::json!({ "sessionId": id });
    let message = "Another show of yours is running. End it first, or start with \"replace\": true.";
    StudioError::Refused(ApiError { detail, ..ApiError::new(ErrorCode::Conflict, message) })
}

fn plain_text(field: &str, text: &str) -> Answer<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > LONGEST_TITLE || text.chars().any(char::is_control) {
        return Err(ApiError::invalid(field, format!("{field} must be at most {LONGEST_TITLE} characters of plain text.")).into());
    }
    Ok(text)
}
