//! Resolves saved and typed destinations for the relay: platform rules, the address guard, sealed keys.

use super::Destinations;
use crate::{
    api::{error::ApiError, sessions::DestinationInput},
    domain::{
        address::{check_address, check_ip},
        destination::{Destination, Platform, StreamKey, ingest_address},
        ids::{DestinationId, UserId},
        session::{Owner, Session},
    },
    net::dns,
    server::{
        error::{StudioError, StudioResult},
        store::{SavedDestination, SealedKey},
        validation::{destination_name, unusable, viewer_channel},
    },
};
use std::time::Duration;

/// Destinations of one session.
pub(in crate::server) const MOST_DESTINATIONS: usize = 10;
/// Timeout of a name look-up.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A destination with its decrypted key.
#[derive(Clone)]
pub(in crate::server) struct Resolved {
    pub destination: Destination,
    pub key: StreamKey,
    /// Whether it is to be saved for the owner, once it is used.
    pub saving: bool,
}

/// Where a destination really is: two of one place would be two publishers with one key, or two recorders in one folder.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::server) enum Place {
    Recording,
    Published { address: String, key: String },
}

impl Destinations {
    /// Saved ones by id and typed ones, checked against platform rules and the address guard. None may be the same place as another.
    pub(in crate::server) async fn resolve(
        &self,
        owner: &Owner,
        account: &UserId,
        ids: &[DestinationId],
        typed: Vec<DestinationInput>,
    ) -> StudioResult<Vec<Resolved>> {
        if ids.len() + typed.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        let usable = if ids.is_empty() { Vec::new() } else { self.usable(owner, account).await? };
        let mut resolved: Vec<Resolved> = Vec::with_capacity(ids.len() + typed.len());
        for id in ids {
            let found = usable.iter().find(|saved| &saved.destination.id == id).ok_or_else(|| StudioError::not_found("destination"))?;
            let key = self.ports.vault.open(&found.owner, id, &found.key).map_err(|error| StudioError::Internal(error.to_string()))?;
            self.check_address(&found.destination).await?;
            resolved.push(Resolved { destination: found.destination.clone(), key, saving: false });
        }
        for typed in typed.into_iter().map(DestinationInput::separated) {
            let destination = self.validated(self.ports.new_id(), &typed).await?;
            let saving = typed.save_as.is_some() && typed.platform != Platform::Rehearsal;
            resolved.push(Resolved { destination, key: typed.stream_key, saving });
        }
        let places: Vec<Place> = resolved.iter().map(|of| self.place(&of.destination, &of.key)).collect();
        match (1..places.len()).find(|at| places[..*at].contains(&places[*at])) {
            Some(second) => Err(twice(&resolved[second].destination)),
            None => Ok(resolved),
        }
    }

    /// Where a destination really is.
    pub(in crate::server) fn place(&self, destination: &Destination, key: &StreamKey) -> Place {
        let Some(address) = &destination.address else { return Place::Recording };
        // One address can be written in several ways.
        let address = check_address(address, &self.ports.allow).map_or_else(|_| address.to_lowercase(), |target| target.url());
        Place::Published { address, key: key.expose().to_owned() }
    }

    /// Where a session streams to now, as far as its keys open.
    pub(in crate::server) fn places(&self, session: &Session, keys: &[(DestinationId, SealedKey)]) -> Vec<Place> {
        let place = |destination: &Destination| {
            if destination.address.is_none() {
                return Some(Place::Recording);
            }
            let (_, sealed) = keys.iter().find(|(id, _)| id == &destination.id)?;
            let key = self.ports.vault.open(&session.owner, &destination.id, sealed).ok()?;
            Some(self.place(destination, &key))
        };
        session.destinations.iter().filter_map(place).collect()
    }

    /// What is to be saved of new destinations.
    pub(in crate::server) fn saved_of(&self, owner: &Owner, resolved: &[Resolved]) -> StudioResult<Vec<SavedDestination>> {
        let saved = |of: &Resolved| {
            let key = self.seal(owner, &of.destination.id, &of.key)?;
            Ok(SavedDestination { owner: owner.clone(), destination: of.destination.clone(), key, used_at: None })
        };
        resolved.iter().filter(|of| of.saving).map(saved).collect()
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
    pub(super) async fn check_address(&self, destination: &Destination) -> StudioResult<()> {
        if destination.platform.wants_address() {
            self.resolve_address(destination).await?;
        }
        Ok(())
    }

    /// Resolves a destination's address now and checks every resolved one.
    async fn resolve_address(&self, destination: &Destination) -> StudioResult<()> {
        let Some(address) = destination.address.as_deref() else { return Ok(()) };
        let refused = |error: &dyn std::fmt::Display| ApiError::invalid("customRtmpUrl", format!("{}: {error}", destination.label()));
        let allow = &self.ports.allow;
        let target = check_address(address, allow).map_err(|error| refused(&error))?;
        let resolved = dns::look_up(&target.host, target.port, RESOLVE_TIMEOUT).await.unwrap_or_default();
        if resolved.is_empty() {
            return Err(refused(&"the server's name does not resolve; check the address").into());
        }
        for found in &resolved {
            check_ip(found.ip(), &target, allow).map_err(|error| refused(&error))?;
        }
        Ok(())
    }

    pub(super) fn seal(&self, owner: &Owner, id: &DestinationId, key: &StreamKey) -> StudioResult<SealedKey> {
        self.ports.vault.seal(owner, id, key).map_err(|error| StudioError::Internal(error.to_string()))
    }

    pub(in crate::server) fn seal_all(&self, owner: &Owner, resolved: &[Resolved]) -> StudioResult<Vec<(DestinationId, SealedKey)>> {
        resolved.iter().map(|of| Ok((of.destination.id.clone(), self.seal(owner, &of.destination.id, &of.key)?))).collect()
    }
}

/// One request names the same place twice.
fn twice(destination: &Destination) -> StudioError {
    let message = match destination.platform {
        Platform::Rehearsal => "A stream has one rehearsal at most.".to_owned(),
        _ => format!("{} is there twice, with the same address and key. Leave one out.", destination.label()),
    };
    StudioError::Refused(ApiError::invalid("destinations", message))
}

pub(in crate::server) fn too_many() -> StudioError {
    StudioError::Refused(ApiError::invalid("destinations", format!("A stream has at most {MOST_DESTINATIONS} destinations.")))
}
