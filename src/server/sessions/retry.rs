//! A lost destination is tried again at once, instead of at the time that its status names.

use super::Sessions;
use crate::{
    api::error::ErrorCode,
    domain::ids::{DestinationId, SessionId},
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        relay::RelayError,
    },
};

impl Sessions {
    /// Tries a destination of a running session now.
    ///
    /// # Errors
    /// Not the caller's; no such destination; or it is not waiting for a retry (409).
    pub async fn retry_destination(&self, caller: &Caller, id: &SessionId, destination: &DestinationId) -> StudioResult<()> {
        let session = self.registry.own(caller, id).await?;
        if !session.destinations.iter().any(|of| &of.id == destination) {
            return Err(StudioError::not_found("destination"));
        }
        match self.ports.relay.retry(id, destination).await {
            Err(RelayError::Refused(_)) => {
                Err(StudioError::refused(ErrorCode::Conflict, "This destination is not waiting to be tried again: look at its status."))
            }
            done => Ok(done?),
        }
    }
}
