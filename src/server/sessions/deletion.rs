//! Deletes sessions that are over, and their recordings.

use super::Sessions;
use crate::{
    api::error::ErrorCode,
    domain::{audit::AuditAction, ids::SessionId, session::Session},
    server::{
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult},
        registry::Change,
        relay::RelayError,
        store::StoreError,
    },
};
use std::{sync::Arc, time::Duration};

/// Rows of one step.
pub const STEP: usize = 200;
/// Between two steps, so that whoever broadcasts does not wait for whoever tidies up.
pub const BETWEEN_STEPS: Duration = Duration::from_millis(5);

impl Sessions {
    /// Deletes a session with its timeline, events and recording.
    ///
    /// # Errors
    /// Not the caller's, not over yet, or the relay does not answer.
    pub async fn delete(&self, caller: &Caller, id: &SessionId, origin: &Origin) -> StudioResult<()> {
        let session = self.finished(caller, id).await?;
        self.erase(&session).await?;
        self.audit.record(AuditAction::SessionDeleted, Some(&caller.user.id), id.as_str(), origin).await;
        Ok(())
    }

    /// Deletes the recording of a session.
    ///
    /// # Errors
    /// Not the caller's, not over yet, or there is none.
    pub async fn delete_recording(&self, caller: &Caller, id: &SessionId, origin: &Origin) -> StudioResult<()> {
        let session = self.finished(caller, id).await?;
        if !self.delete_recorded(id).await? {
            return Err(StudioError::not_found("recording"));
        }
        let noted = |session: &Session| {
            let what = Some("The recording was deleted.".to_owned());
            session.state.is_over().then(|| Change { session: session.clone(), what })
        };
        self.registry.change(id, caller.actor_on(&session), noted).await?;
        self.audit.record(AuditAction::SessionDeleted, Some(&caller.user.id), &format!("recording of {id}"), origin).await;
        Ok(())
    }

    /// Deletes a session that is over and everything that belongs to it. When it fails half-way, the session is still there, and it can
    /// be done again.
    ///
    /// # Errors
    /// It is not over, the relay does not answer, or the store failed.
    pub(in crate::server) async fn erase(&self, session: &Session) -> StudioResult<()> {
        // The relay keeps the last picture of every session, recorded or not.
        self.delete_recorded(&session.id).await?;
        while self.ports.store.prune_feed(&session.id, STEP).await? > 0 {
            tokio::time::sleep(BETWEEN_STEPS).await;
        }
        match self.ports.store.delete_session(&session.id).await {
            Err(StoreError::Missing) | Ok(()) => Ok(()),
            Err(StoreError::ActiveSession(_)) => Err(running()),
            Err(other) => Err(other.into()),
        }
    }

    /// Whether there was a recording.
    async fn delete_recorded(&self, id: &SessionId) -> StudioResult<bool> {
        match self.ports.relay.delete_recording(id).await {
            // The relay has not noticed the end yet.
            Err(RelayError::Refused(words)) if words.starts_with("409") => Err(running()),
            done => Ok(done?),
        }
    }

    /// The caller's session, if it is over.
    async fn finished(&self, caller: &Caller, id: &SessionId) -> StudioResult<Arc<Session>> {
        let session = self.registry.own(caller, id).await?;
        if session.state.is_over() { Ok(session) } else { Err(running()) }
    }
}

fn running() -> StudioError {
    StudioError::refused(ErrorCode::Conflict, "The stream is still running. End it first; then it can be deleted.")
}
