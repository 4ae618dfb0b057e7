//! Resolves saved and typed destinations for the relay: platform rules, the address guard, sealed keys.

use super::Destinations;
use crate::{
    api::{error::ApiError, sessions::DestinationInput},
    domain::{
        address::{IngestTarget, check_address, check_ip},
        destination::{Destination, Platform, StreamKey, ingest_address},
        ids::{DestinationId, UserId},
        session::Owner,
    },
    net::dns,
    server::{
        error::{StudioError, StudioResult},
        store::{SavedDestination, SealedKey},
        validation::{destination_name, unusable, viewer_channel},
    },
};
use std::{net::SocketAddr, time::Duration};

/// Destinations of one session.
pub(in crate::server) const MOST_DESTINATIONS: usize = 10;
/// Timeout of a name look-up.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A destination with its decrypted key.
pub(in crate::server) struct Resolved {
    pub destination: Destination,
    pub key: StreamKey,
}

impl Destinations {
    /// Saved ones by id and typed ones, checked against platform rules and the address guard; typed ones are kept if asked.
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
        let mut resolved = Vec::with_capacity(ids.len() + typed.len());
        for id in ids {
            let found = self.saved(owner, account, id).await?.ok_or_else(|| StudioError::not_found("destination"))?;
            let key = self.ports.vault.open(&found.owner, id, &found.key).map_err(|error| StudioError::Internal(error.to_string()))?;
            self.check_address(&found.destination).await?;
            resolved.push(Resolved { destination: found.destination, key });
        }
        for typed in typed.into_iter().map(DestinationInput::separated) {
            let destination = self.validated(self.ports.new_id(), &typed).await?;
            if typed.save_as.is_some() && typed.platform != Platform::Rehearsal {
                let key = self.seal(owner, &destination.id, &typed.stream_key)?;
                let saved = SavedDestination { owner: owner.clone(), destination: destination.clone(), key, used_at: None };
                self.ports.store.save_destination(&saved).await?;
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
        let allow = &self.ports.allow;
        let target = check_address(address, allow).map_err(|error| refused(&error))?;
        let resolved = dns::look_up(&target.host, target.port, RESOLVE_TIMEOUT).await.unwrap_or_default();
        if resolved.is_empty() {
            return Err(refused(&"the server's name does not resolve; check the address").into());
        }
        for found in &resolved {
            check_ip(found.ip(), &target, allow).map_err(|error| refused(&error))?;
        }
        Ok(Some((target, resolved)))
    }

    pub(super) fn seal(&self, owner: &Owner, id: &DestinationId, key: &StreamKey) -> StudioResult<SealedKey> {
        self.ports.vault.seal(owner, id, key).map_err(|error| StudioError::Internal(error.to_string()))
    }

    pub(in crate::server) fn seal_all(&self, owner: &Owner, resolved: &[Resolved]) -> StudioResult<Vec<(DestinationId, SealedKey)>> {
        resolved.iter().map(|of| Ok((of.destination.id.clone(), self.seal(owner, &of.destination.id, &of.key)?))).collect()
    }
}

pub(in crate::server) fn too_many() -> StudioError {
    StudioError::Refused(ApiError::invalid("destinations", format!("A stream has at most {MOST_DESTINATIONS} destinations.")))
}
