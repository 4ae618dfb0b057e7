//! Resolves saved and typed destinations for the relay: platform rules, the address guard, sealed keys.

use super::{
    Change, Studio,
    validation::{destination_name, unusable, viewer_channel},
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        public_http::{ChangeDestinations, ChangedDestinations, DestinationOutcome},
        relay_control::{DesiredDestination, DesiredIngest, DesiredSession, DesiredTarget},
        sessions::{DestinationInput, SessionView},
    },
    domain::{
        address::{IngestTarget, check_address, check_ip},
        destination::{Destination, Platform, StreamKey, ingest_address},
        ids::{DestinationId, Generation, SessionId, UserId},
        session::{EndReason, Outcome, Owner, Session},
    },
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        store::{SavedDestination, SealedKey},
    },
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{net::SocketAddr, time::Duration};

/// Destinations of one session.
pub const MOST_DESTINATIONS: usize = 10;
/// Timeout of a name look-up.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A destination with its decrypted key.
pub(super) struct Resolved {
    pub destination: Destination,
    pub key: StreamKey,
}

impl Studio {
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
        let session = self.own(caller, id).await?;
        let added = self.resolve(&session.owner, &session.account, &[], add).await?;
        self.put_destinations(caller, &session, added, remove).await
    }

    /// The same with a result for each: one that is refused does not undo the others.
    ///
    /// # Errors
    /// Not the caller's, over, or too many.
    pub async fn alter_destinations(&self, caller: &Caller, change: ChangeDestinations) -> StudioResult<ChangedDestinations> {
        let session = self.own(caller, &change.session_id).await?;
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
            self.view(&session).await
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
        let one = self.resolve(&session.owner, &session.account, &ids, typed).await?.pop();
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
        let mut keys = self.store().session_keys(id).await?;
        keys.retain(|(of, _)| !remove.contains(of));
        keys.extend(self.seal_all(&session.owner, &added)?);
        self.store().set_session_keys(id, &keys).await?;
        let session = self
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
        self.note_admin_action(caller, &session, "had its destinations changed").await;
        if session.destinations.is_empty() {
            let session = self.start_ending(id, caller.actor_on(&session), Outcome::Ended(EndReason::NoDestinations)).await?;
            return Ok(self.view(&session).await);
        }
        let report = self.relay().put(&self.desired_state(&session).await?).await?;
        self.handle_report(report).await;
        Ok(self.view(&session).await)
    }

    /// Saved ones by id and typed ones, checked against platform rules and the address guard; typed ones are kept if asked.
    pub(super) async fn resolve(
        &self,
        owner: &Owner,
        account: &UserId,
        ids: &[DestinationId],
        typed: Vec<DestinationInput>,
    ) -> StudioResult<Vec<Resolved>> {
        if ids.len() + typed.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        let mut resolved = Vec::with_capacity(ids.len() + typed.len());
        for id in ids {
            let found = self.saved_destination(owner, account, id).await?.ok_or_else(|| StudioError::not_found("destination"))?;
            let key = self.vault().open(&found.owner, id, &found.key).map_err(|error| StudioError::Internal(error.to_string()))?;
            self.check_address(&found.destination).await?;
            resolved.push(Resolved { destination: found.destination, key });
        }
        for typed in typed.into_iter().map(DestinationInput::separated) {
            let destination = self.validated(self.new_id(), &typed).await?;
            if typed.save_as.is_some() && typed.platform != Platform::Rehearsal {
                let key = self.seal(owner, &destination.id, &typed.stream_key)?;
                let saved = SavedDestination { owner: owner.clone(), destination: destination.clone(), key, used_at: None };
                self.store().save_destination(&saved).await?;
            }
            resolved.push(Resolved { destination, key: typed.stream_key });
        }
        Ok(resolved)
    }

    /// A typed destination as it would be kept, if it can be used.
    pub(super) async fn validated(&self, id: DestinationId, typed: &DestinationInput) -> StudioResult<Destination> {
        let address =
            ingest_address(typed.platform, typed.custom_rtmp_url.as_deref(), &typed.stream_key).map_err(|error| unusable(&error))?;
        let destination = Destination {
            id,
            platform: typed.platform,
            name: typed.save_as.as_deref().map(destination_name).transpose()?.unwrap_or_default(),
            address,
            key_tail: typed.stream_key.tail(),
            channel: viewer_channel(typed.platform, typed.channel.as_deref())?,
        };
        self.check_address(&destination).await?;
        Ok(destination)
    }

    /// Checks the address as written and every address its name resolves to now. The relay checks again when it connects.
    async fn check_address(&self, destination: &Destination) -> StudioResult<()> {
        if destination.platform.wants_address() {
            self.resolve_address(destination).await?;
        }
        Ok(())
    }

    /// Resolves a destination's address now and checks every resolved one.
    pub(super) async fn resolve_address(&self, destination: &Destination) -> StudioResult<Option<(IngestTarget, Vec<SocketAddr>)>> {
        let Some(address) = destination.address.as_deref() else { return Ok(None) };
        let refused = |error: &dyn std::fmt::Display| ApiError::invalid("customRtmpUrl", format!("{}: {error}", destination.label()));
        let allow = &self.0.ports.allow;
        let target = check_address(address, allow).map_err(|error| refused(&error))?;
        let lookup = tokio::net::lookup_host((target.host.as_str(), target.port));
        let resolved = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup).await {
            Ok(Ok(found)) => found.collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        if resolved.is_empty() {
            return Err(refused(&"the server's name does not resolve; check the address").into());
        }
        for found in &resolved {
            check_ip(found.ip(), &target, allow).map_err(|error| refused(&error))?;
        }
        Ok(Some((target, resolved)))
    }

    pub(super) fn seal(&self, owner: &Owner, id: &DestinationId, key: &StreamKey) -> StudioResult<SealedKey> {
        self.vault().seal(owner, id, key).map_err(|error| StudioError::Internal(error.to_string()))
    }

    pub(super) fn seal_all(&self, owner: &Owner, resolved: &[Resolved]) -> StudioResult<Vec<(DestinationId, SealedKey)>> {
        resolved.iter().map(|of| Ok((of.destination.id.clone(), self.seal(owner, &of.destination.id, &of.key)?))).collect()
    }

    /// The desired state for the relay: the two latest egresses may publish, the destinations get the composite.
    pub(super) async fn desired_state(&self, session: &Session) -> StudioResult<DesiredSession> {
        let keys = self.store().session_keys(&session.id).await?;
        let mut destinations = Vec::with_capacity(session.destinations.len());
        for of in &session.destinations {
            let target = match &of.address {
                None => DesiredTarget::Record,
                Some(address) => {
                    let (_, sealed) = keys
                        .iter()
                        .find(|(id, _)| id == &of.id)
                        .ok_or_else(|| StudioError::Internal(format!("destination {} has no key", of.id)))?;
                    let stream_key =
                        self.vault().open(&session.owner, &of.id, sealed).map_err(|error| StudioError::Internal(error.to_string()))?;
                    DesiredTarget::Publish { address: address.clone(), stream_key }
                }
            };
            let accepted_before = session.results.iter().any(|result| result.id == of.id && result.uptime_ms > 0);
            destinations.push(DesiredDestination { id: of.id.clone(), label: of.label().to_owned(), accepted_before, target });
        }
        let generations = [session.generation.0.saturating_sub(1), session.generation.0];
        let ingests = generations.into_iter().filter(|number| *number > 0).map(Generation);
        Ok(DesiredSession {
            session_id: session.id.clone(),
            ingests: ingests.map(|generation| DesiredIngest { generation, token: self.publish_token(&session.id, generation) }).collect(),
            destinations,
            video: session.video,
            slate: self.config().slate,
        })
    }

    /// The publish token of one egress: derived, so that it need not be stored.
    pub(super) fn publish_token(&self, session: &SessionId, generation: Generation) -> String {
        let secret = self.config().relay.secret.expose();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("publish\n{session}\n{generation}").as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }

    /// Where one egress publishes.
    pub(super) fn ingest_url(&self, session: &SessionId, generation: Generation) -> String {
        format!("{}/{session}.{generation}.{}", self.config().relay.ingest_url, self.publish_token(session, generation))
    }
}

fn too_many() -> StudioError {
    StudioError::Refused(ApiError::invalid("destinations", format!("A stream has at most {MOST_DESTINATIONS} destinations.")))
}
