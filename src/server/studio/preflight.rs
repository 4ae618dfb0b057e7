//! Before a show: what is ready. While it runs: the host's way back into the room.

use super::Studio;
use crate::{
    api::{
        error::ErrorCode,
        sessions::{Preflight, PreflightLine, Verdict},
    },
    domain::{
        ids::SessionId,
        media::HostPicture,
        room::RoomAccess,
        session::{Session, StreamType},
    },
    server::{
        auth::caller::Caller,
        error::{Answer, StudioError},
        livekit::{Slots, tokens},
    },
};

impl Studio {
    /// A fresh room token for the host of a running show.
    ///
    /// # Errors
    /// Not the caller's, over, or without a room.
    pub async fn room_access(&self, caller: &Caller, id: &SessionId) -> Answer<RoomAccess> {
        let session = self.own(caller, id).await?;
        let access = self.host_access(&session, &[])?;
        // A media server that was restarted has forgotten its rooms, and whoever asks needs this one now.
        if access.is_some()
            && let Err(error) = self.make_room(id).await
        {
            tracing::warn!(session = %id, %error, "the room could not be made sure of");
        }
        access.ok_or_else(|| StudioError::refused(ErrorCode::Conflict, "The show is over, or has no room."))
    }

    /// What is known before a show.
    pub async fn preflight(&self) -> Preflight {
        let (livekit, slots, relay, draining) =
            tokio::join!(self.livekit().ping(), self.livekit().slots(), self.relay().shows(), self.store().draining());
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
        let doors = match draining {
            Ok(false) => None,
            Ok(true) => Some(line("The studio", Verdict::Fail, "takes no new shows at present, by order of its administrators")),
            Err(_) => Some(line("The studio", Verdict::Fail, "its store does not answer; tell whoever runs it")),
        };
        let lines = [up("The media server", livekit.is_ok()), up("The relay to the platforms", relay.is_ok()), slot];
        let video = self.config().video;
        Preflight {
            lines: doors.into_iter().chain(lines).collect(),
            video: video.preset,
            video_note: video.small_machine.then(|| "This machine has fewer than 4 cores, so 720p is the default.".to_owned()),
            livekit_url: self.config().livekit.public_url.clone(),
        }
    }

    pub(super) fn host_access(&self, session: &Session, announces: &[HostPicture]) -> Answer<Option<RoomAccess>> {
        if session.stream_type != StreamType::User || !matches!(session.state.name(), "pending" | "starting" | "live") {
            return Ok(None);
        }
        let access = tokens::host_access(&self.config().livekit, &session.id, &session.entity_name, announces);
        access.map(Some).map_err(|error| StudioError::Internal(error.to_string()))
    }
}
