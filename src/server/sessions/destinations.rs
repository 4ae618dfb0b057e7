//! Destinations of a running session: added and removed.

use super::Sessions;
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        public_http::{ChangeDestinations, ChangedDestinations, DestinationOutcome},
        sessions::{DestinationInput, SessionView},
    },
    domain::{
        destination::Destination,
        ids::{DestinationId, SessionId},
        session::{EndReason, Outcome, Session},
    },
    server::{
        auth::caller::Caller,
        destinations::{MOST_DESTINATIONS, Resolved, too_many},
        error::{StudioError, StudioResult},
        registry::Change,
    },
};

impl Sessions {
    /// Adds and removes destinations of a running session. The new ones are all checked before anything changes.
    ///
    /// # Errors
    /// The session is not running, or a new destination is unusable.
    pub async fn change_destinations(
        &self,
        caller: &Caller,
        id: &SessionId,
        add: Vec<DestinationInput>,
        remove: &[DestinationId],
    ) -> StudioResult<SessionView> {
        let session = self.registry.own(caller, id).await?;
        let added = self.destinations.resolve(&session.owner, &session.account, &[], add).await?;
        self.put_destinations(caller, &session, added, remove).await
    }

    /// The same with a result for each: one that is refused does not undo the others.
    ///
    /// # Errors
    /// Not the caller's, over, or too many.
    pub async fn alter_destinations(&self, caller: &Caller, change: ChangeDestinations) -> StudioResult<ChangedDestinations> {
        let session = self.registry.own(caller, &change.session_id).await?;
        if change.add.len() > MOST_DESTINATIONS || change.remove.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        if session.state.is_over() {
            return Err(StudioError::refused(ErrorCode::Conflict, "The stream is over."));
        }
        let (mut results, mut added) = (Vec::new(), Vec::new());
        for input in change.add {
            let outcome = match self.resolve_one(&session, input).await {
                Ok(resolved) => {
                    let id = Some(resolved.destination.id.clone());
                    added.push(resolved);
                    DestinationOutcome { action: "add".into(), id, success: true, error: None }
                }
                Err(error) => DestinationOutcome { action: "add".into(), id: None, success: false, error: Some(error.into_api_error()) },
            };
            results.push(outcome);
        }
        let (there, gone): (Vec<_>, Vec<_>) =
            change.remove.into_iter().partition(|id| session.destinations.iter().any(|destination| &destination.id == id));
        let removed =
            there.iter().map(|id| DestinationOutcome { action: "remove".into(), id: Some(id.clone()), success: true, error: None });
        results.extend(removed);
        results.extend(gone.into_iter().map(|id| {
            let error = ApiError::new(ErrorCode::NotFound, "The stream does not go to this destination.");
            DestinationOutcome { action: "remove".into(), id: Some(id), success: false, error: Some(error) }
        }));
        let view = if added.is_empty() && there.is_empty() {
            self.registry.view(&session).await
        } else {
            self.put_destinations(caller, &session, added, &there).await?
        };
        Ok(ChangedDestinations { session_id: session.id.clone(), results, destinations: view.destinations })
    }

    async fn resolve_one(&self, session: &Session, input: serde_json::Value) -> StudioResult<Resolved> {
        let malformed = |error: serde_json::Error| ApiError::new(ErrorCode::Invalid, format!("The destination is not in shape: {error}."));
        let (ids, typed) = match input.get("destinationId").cloned() {
            Some(id) => (vec![serde_json::from_value(id).map_err(malformed)?], Vec::new()),
            None => (Vec::new(), vec![serde_json::from_value(input).map_err(malformed)?]),
        };
        let one = self.destinations.resolve(&session.owner, &session.account, &ids, typed).await?.pop();
        let one = one.ok_or_else(|| StudioError::Internal("one destination was asked for and none resolved".into()))?;
        if session.destinations.iter().any(|destination| destination.id == one.destination.id) {
            return Err(StudioError::refused(ErrorCode::Conflict, "The stream already goes to this destination."));
        }
        Ok(one)
    }

    async fn put_destinations(
        &self,
        caller: &Caller,
        session: &Session,
        added: Vec<Resolved>,
        remove: &[DestinationId],
    ) -> StudioResult<SessionView> {
        let id = &session.id;
        let staying = |of: &&Destination| !remove.contains(&of.id);
        if session.destinations.iter().filter(staying).count() + added.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        let mut keys = self.ports.store.session_keys(id).await?;
        keys.retain(|(of, _)| !remove.contains(of));
        keys.extend(self.destinations.seal_all(&session.owner, &added)?);
        self.ports.store.set_session_keys(id, &keys).await?;
        let session = self
            .registry
            .change(id, caller.actor_on(session), |session| {
                if !session.state.is_active() {
                    return None;
                }
                let mut session = session.clone();
                session.destinations.retain(|of| !remove.contains(&of.id));
                session.destinations.extend(added.iter().map(|resolved| resolved.destination.clone()));
                let names = |of: &[Resolved]| of.iter().map(|one| one.destination.label().to_owned()).collect::<Vec<_>>().join(", ");
                Some(Change {
                    what: Some(format!("Destinations changed: {} added, {} removed. {}", added.len(), remove.len(), names(&added))),
                    session,
                })
            })
            .await?;
        if session.state.is_over() {
            return Err(StudioError::refused(ErrorCode::Conflict, "The stream is over."));
        }
        self.audit.note_admin_action(caller, &session, "had its destinations changed").await;
        if session.destinations.is_empty() {
            let session = self.reconciler.start_ending(id, caller.actor_on(&session), Outcome::Ended(EndReason::NoDestinations)).await?;
            return Ok(self.registry.view(&session).await);
        }
        self.reconciler.put_relay(&session).await?;
        Ok(self.registry.view(&session).await)
    }
}
