//! Destinations of a running session: added and removed. Every change is made over the revision that was read, with the keys in
//! the same transaction; after a concurrent change it is checked again over the new revision.

use super::{
    Sessions,
    idempotency::{idempotency, key_reused},
    start::check_bitrate,
};
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
        destinations::{MOST_DESTINATIONS, MOST_SAVED, Place, Resolved, too_many, too_many_saved},
        error::{StudioError, StudioResult, chain},
        registry::NewDestinations,
        store::{IDEMPOTENT_FOR_MS, Idempotency, RememberedCall, StoreError},
    },
};
use std::sync::Arc;

/// A destination to be added, or why it cannot be.
type Wanted = Result<Resolved, ApiError>;

impl Sessions {
    /// Adds saved and typed destinations to a running session and removes others: all or none.
    ///
    /// # Errors
    /// The session is not running, a new destination is unusable or goes where the session goes already, or there are too many.
    pub async fn change_destinations(
        &self,
        caller: &Caller,
        id: &SessionId,
        saved: &[DestinationId],
        add: Vec<DestinationInput>,
        remove: &[DestinationId],
    ) -> StudioResult<SessionView> {
        let session = self.registry.own(caller, id).await?;
        let added = self.destinations.resolve(&session.owner, &session.account, saved, add).await?;
        loop {
            let session = self.open_session(caller, id).await?;
            let (added, outcomes) = self.accepted(&session, added.iter().cloned().map(Ok).collect(), remove).await?;
            if let Some(error) = outcomes.into_iter().find_map(|outcome| outcome.error) {
                return Err(error.into());
            }
            if let Some(view) = self.put_destinations(caller, &session, &added, remove, None).await? {
                return Ok(view);
            }
        }
    }

    /// The same with a result for each: one that is refused does not undo the others. The same key again gives the same results.
    ///
    /// # Errors
    /// Not the caller's, over, or too many; the key was used for another request.
    pub async fn alter_destinations(
        &self,
        caller: &Caller,
        change: ChangeDestinations,
        key: Option<String>,
    ) -> StudioResult<ChangedDestinations> {
        let id = change.session_id.clone();
        let used = idempotency(&self.ports.config, key, &(&id, &change.add, &change.remove))?;
        let used = used.map(|used| Idempotency { key: format!("destinations {}", used.key), ..used });
        let session = self.registry.own(caller, &id).await?;
        if let Some(answer) = self.remembered(caller, &session, used.as_ref()).await? {
            return Ok(answer);
        }
        if change.add.len() > MOST_DESTINATIONS || change.remove.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        self.open_session(caller, &id).await?;
        let mut wanted = Vec::with_capacity(change.add.len());
        for input in change.add {
            wanted.push(self.resolve_one(&session, input).await.map_err(StudioError::into_api_error));
        }
        loop {
            let session = self.open_session(caller, &id).await?;
            let (there, gone): (Vec<_>, Vec<_>) =
                change.remove.iter().cloned().partition(|id| session.destinations.iter().any(|destination| &destination.id == id));
            let (added, mut results) = self.accepted(&session, wanted.clone(), &there).await?;
            results.extend(there.iter().map(|id| outcome("remove", Some(id), None)));
            let missing = || ApiError::new(ErrorCode::NotFound, "The stream does not go to this destination.");
            results.extend(gone.iter().map(|id| outcome("remove", Some(id), Some(missing()))));
            if added.is_empty() && there.is_empty() {
                // The same call, sent twice at once, may have been faster.
                if let Some(answer) = self.remembered(caller, &session, used.as_ref()).await? {
                    return Ok(answer);
                }
                return Ok(ChangedDestinations { session_id: id, results, destinations: self.registry.view(&session).await.destinations });
            }
            let call = used.as_ref().map(|used| self.call(caller, used, &results)).transpose()?;
            match self.put_destinations(caller, &session, &added, &there, call.as_ref()).await {
                Ok(Some(view)) => return Ok(ChangedDestinations { session_id: id, results, destinations: view.destinations }),
                Ok(None) => {}
                // The same call, sent twice at once, was faster.
                Err(StudioError::Store(StoreError::Taken(_))) => {
                    let answer = self.remembered(caller, &session, used.as_ref()).await?;
                    return answer.ok_or_else(|| StudioError::Internal("a remembered call is not there".into()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The caller's session, if its destinations can still be changed.
    async fn open_session(&self, caller: &Caller, id: &SessionId) -> StudioResult<Arc<Session>> {
        let session = self.registry.own(caller, id).await?;
        if session.state.is_open() { Ok(session) } else { Err(StudioError::refused(ErrorCode::Conflict, "The stream is over.")) }
    }

    async fn resolve_one(&self, session: &Session, input: serde_json::Value) -> StudioResult<Resolved> {
        let malformed = |error: serde_json::Error| ApiError::new(ErrorCode::Invalid, format!("The destination is not in shape: {error}."));
        let (ids, typed) = match input.get("destinationId").cloned() {
            Some(id) => (vec![serde_json::from_value(id).map_err(malformed)?], Vec::new()),
            None => (Vec::new(), vec![serde_json::from_value(input).map_err(malformed)?]),
        };
        let one = self.destinations.resolve(&session.owner, &session.account, &ids, typed).await?.pop();
        one.ok_or_else(|| StudioError::Internal("one destination was asked for and none resolved".into()))
    }

    /// Which destinations can be added to what stays of a session, and the result for each.
    async fn accepted(
        &self,
        session: &Session,
        wanted: Vec<Wanted>,
        remove: &[DestinationId],
    ) -> StudioResult<(Vec<Resolved>, Vec<DestinationOutcome>)> {
        let staying = Session {
            destinations: session.destinations.iter().filter(|of| !remove.contains(&of.id)).cloned().collect(),
            ..session.clone()
        };
        let mut places = self.destinations.places(&staying, &self.ports.store.session_keys(&session.id).await?);
        let (mut added, mut outcomes) = (Vec::<Resolved>::new(), Vec::with_capacity(wanted.len()));
        for one in wanted {
            let checked = one.and_then(|one| {
                check_bitrate(&one.destination, session.video)?;
                let place = self.destinations.place(&one.destination, &one.key);
                let known = places.contains(&place) || staying.destinations.iter().any(|of| of.id == one.destination.id);
                if known { Err(there_already(&place)) } else { Ok((one, place)) }
            });
            match checked {
                Ok((one, place)) => {
                    outcomes.push(outcome("add", Some(&one.destination.id), None));
                    places.push(place);
                    added.push(one);
                }
                Err(error) => outcomes.push(outcome("add", None, Some(error))),
            }
        }
        if staying.destinations.len() + added.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        Ok((added, outcomes))
    }

    /// Stores the change over the session that was read. `None`: it was changed meanwhile.
    async fn put_destinations(
        &self,
        caller: &Caller,
        session: &Session,
        added: &[Resolved],
        remove: &[DestinationId],
        call: Option<&RememberedCall>,
    ) -> StudioResult<Option<SessionView>> {
        let staying = session.destinations.iter().filter(|of| !remove.contains(&of.id)).cloned();
        let wanted = NewDestinations {
            destinations: staying.chain(added.iter().map(|resolved| resolved.destination.clone())).collect(),
            what: what_changed(session, added, remove),
            keys: &self.destinations.seal_all(&session.owner, added)?,
            saved: &self.destinations.saved_of(&session.owner, added)?,
            most_saved: MOST_SAVED,
            call,
        };
        let session = match self.registry.change_destinations(session, caller.actor_on(session), &wanted).await {
            Ok(Some(session)) => session,
            Ok(None) => return Ok(None),
            Err(StudioError::Store(StoreError::TooMany(_))) => return Err(too_many_saved()),
            Err(error) => return Err(error),
        };
        self.audit.note_admin_action(caller, &session, "had its destinations changed").await;
        if session.destinations.is_empty() {
            let session =
                self.reconciler.start_ending(&session.id, caller.actor_on(&session), Outcome::Ended(EndReason::NoDestinations)).await?;
            return Ok(Some(self.registry.view(&session).await));
        }
        // It is stored, so it will be carried out: whoever leads the session compares what the relay does with what it should.
        if let Err(error) = self.reconciler.put_relay(&session).await {
            tracing::warn!(session = %session.id, error = %chain(&error), "changed destinations could not be put to the relay yet");
        }
        Ok(Some(self.registry.view(&session).await))
    }

    fn call(&self, caller: &Caller, used: &Idempotency, results: &[DestinationOutcome]) -> StudioResult<RememberedCall> {
        let answer = serde_json::to_value(results).map_err(|error| StudioError::Internal(error.to_string()))?;
        let fingerprint = used.fingerprint.clone().unwrap_or_default();
        Ok(RememberedCall { owner: caller.owner(), key: used.key.clone(), fingerprint, at: self.ports.now(), answer })
    }

    /// The answer to the same call, made before: its results, and the session's destinations now.
    async fn remembered(
        &self,
        caller: &Caller,
        session: &Session,
        used: Option<&Idempotency>,
    ) -> StudioResult<Option<ChangedDestinations>> {
        let Some(used) = used else { return Ok(None) };
        let since = self.ports.now().plus_millis(-IDEMPOTENT_FOR_MS);
        let Some(call) = self.ports.store.remembered_call(&caller.owner(), &used.key, since).await? else { return Ok(None) };
        if !used.fits(Some(&call.fingerprint)) {
            return Err(key_reused());
        }
        let results = serde_json::from_value(call.answer).map_err(|error| StudioError::Internal(error.to_string()))?;
        let destinations = self.registry.view(session).await.destinations;
        Ok(Some(ChangedDestinations { session_id: session.id.clone(), results, destinations }))
    }
}

/// A line for the timeline that names each.
fn what_changed(session: &Session, added: &[Resolved], remove: &[DestinationId]) -> String {
    let list = |what: &str, labels: Vec<&str>| (!labels.is_empty()).then(|| format!("{what}: {}.", labels.join(", ")));
    let removed = session.destinations.iter().filter(|of| remove.contains(&of.id)).map(Destination::label).collect();
    let lines = [list("Added", added.iter().map(|one| one.destination.label()).collect()), list("Removed", removed)];
    format!("Destinations changed. {}", lines.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn there_already(place: &Place) -> ApiError {
    let message = match place {
        Place::Recording => "The stream has a rehearsal already.",
        Place::Published { .. } => "The stream already goes to this destination.",
    };
    ApiError::new(ErrorCode::Conflict, message)
}

fn outcome(action: &str, id: Option<&DestinationId>, error: Option<ApiError>) -> DestinationOutcome {
    DestinationOutcome { action: action.to_owned(), id: id.cloned(), success: error.is_none(), error }
}
