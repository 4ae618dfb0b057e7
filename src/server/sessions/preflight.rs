//! Before a session: what is ready. While it runs: the host's way back into the room.

use super::Sessions;
use crate::{
    api::{
        error::ErrorCode,
        sessions::{Preflight, PreflightCheck, PreflightResult},
    },
    domain::{
        ids::SessionId,
        media::HostPicture,
        room::{RoomAccess, check_room_name},
        session::{Session, StreamType},
    },
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        livekit::{LiveKitError, Sandbox, Slots, tokens},
    },
};
use std::time::Duration;

/// How long a room for a media check waits for whoever asked for it, and how long it stays when they have left.
const CHECK_ROOM_EMPTY: Duration = Duration::from_secs(20);
const CHECK_ROOM_LEFT: Duration = Duration::from_secs(1);

impl Sessions {
    /// A fresh room token for the host of a running session.
    ///
    /// # Errors
    /// Not the caller's, over, or without a room.
    pub async fn room_access(&self, caller: &Caller, id: &SessionId) -> StudioResult<RoomAccess> {
        let session = self.registry.own(caller, id).await?;
        let access = self.host_access(&session, &[])?;
        self.audit.note_admin_action(caller, &session, "was given the host's room token").await;
        // A media server that was restarted has forgotten its rooms, and whoever asks needs this one now.
        if access.is_some()
            && let Err(error) = self.reconciler.make_room(id).await
        {
            tracing::warn!(session = %id, %error, "the room could not be made sure of");
        }
        access.ok_or_else(|| StudioError::refused(ErrorCode::Conflict, "The stream is over, or has no room."))
    }

    /// What is known before a session.
    pub async fn preflight(&self) -> Preflight {
        let (livekit, slots, relay, draining) =
            tokio::join!(self.ports.livekit.ping(), self.ports.livekit.slots(), self.ports.relay.sessions(), self.ports.store.draining());
        let line = |label: &str, result, note: &str| PreflightCheck { label: label.into(), result, note: note.into() };
        let slot = match slots {
            Ok(Some(Slots { sandbox: Sandbox::Missing, .. })) => {
                line("A free capture slot", PreflightResult::Fail, "the capture engine refuses to start; tell whoever runs this studio")
            }
            Ok(Some(Slots { total, used, .. })) if used < total => {
                line("A free capture slot", PreflightResult::Pass, &format!("{} left", total - used))
            }
            Ok(Some(Slots { total, .. })) => {
                line("A free capture slot", PreflightResult::Fail, &format!("all {total} carry other streams"))
            }
            Ok(None) => line("A free capture slot", PreflightResult::Warn, "unknown"),
            Err(_) => line("A free capture slot", PreflightResult::Fail, "the capture engine does not answer"),
        };
        let up = |label: &str, ok: bool| {
            if ok {
                line(label, PreflightResult::Pass, "ready")
            } else {
                line(label, PreflightResult::Fail, "does not answer; tell whoever runs this studio")
            }
        };
        let draining_check = match draining {
            Ok(false) => None,
            Ok(true) => Some(line("The studio", PreflightResult::Fail, "takes no new streams at present, by order of its administrators")),
            Err(_) => Some(line("The studio", PreflightResult::Fail, "its store does not answer; tell whoever runs it")),
        };
        let media_server = match &livekit {
            Err(LiveKitError::OtherTime(sentence)) => line("The media server", PreflightResult::Fail, sentence),
            answer => up("The media server", answer.is_ok()),
        };
        let lines = [media_server, up("The relay to the platforms", relay.is_ok()), slot];
        Preflight {
            lines: draining_check.into_iter().chain(lines).collect(),
            livekit_url: self.ports.config.livekit.public_url.clone(),
            media_ports: self.ports.config.livekit.media_ports.clone(),
        }
    }

    /// Access to an empty room, for a page to see whether media get through. Nobody else is in it, and it is gone soon after.
    ///
    /// # Errors
    /// LiveKit does not answer.
    pub async fn media_check_access(&self, caller: &Caller) -> StudioResult<RoomAccess> {
        let name = check_room_name(&caller.user.id);
        self.ports.livekit.create_room(&name, CHECK_ROOM_EMPTY, CHECK_ROOM_LEFT).await?;
        tokens::check_access(&self.ports.config.livekit, &name).map_err(|error| StudioError::Internal(error.to_string()))
    }

    pub(super) fn host_access(&self, session: &Session, announces: &[HostPicture]) -> StudioResult<Option<RoomAccess>> {
        if session.stream_type != StreamType::User || !session.state.is_open() {
            return Ok(None);
        }
        let access = tokens::host_access(&self.ports.config.livekit, &session.id, &session.entity_name, announces);
        access.map(Some).map_err(|error| StudioError::Internal(error.to_string()))
    }
}
