//! Saved destinations: saved, renamed, tested, deleted. Address and key belong together: neither changes without the other.

mod resolve;
mod trials;

use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{DestinationInput, SavedDestinationView},
    },
    domain::{
        destination::{Destination, Platform},
        ids::{AgentId, DestinationId, UserId},
        session::Owner,
        timestamp::Timestamp,
    },
    server::{
        accounts::ownership::owner_named,
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        ports::Ports,
        store::{SavedDestination, StoreError},
        validation::{destination_name, viewer_channel},
        work_limit::WorkLimit,
    },
};
use std::sync::Arc;

pub(in crate::server) use resolve::{MOST_DESTINATIONS, Place, Resolved, too_many};

/// Saved destinations of one owner.
pub(in crate::server) const MOST_SAVED: usize = 50;

/// Saved destinations, and destinations made ready for a session. Cheap to clone.
#[derive(Clone)]
pub struct Destinations {
    ports: Arc<Ports>,
    /// Connection tests of everybody, each of up to ten destinations.
    tests: WorkLimit,
}

impl Destinations {
    pub fn new(ports: Arc<Ports>) -> Self {
        Self { ports, tests: WorkLimit::new("The connection test", 4, 16) }
    }

    /// The caller's saved destinations, without their keys.
    ///
    /// # Errors
    /// The store failed.
    pub async fn mine(&self, caller: &Caller) -> StudioResult<Vec<Destination>> {
        let saved = self.ports.store.saved_destinations(&caller.owner()).await?;
        Ok(saved.into_iter().map(|saved| saved.destination).collect())
    }

    /// The same for the caller or one of their agents, with when each was last on air.
    ///
    /// # Errors
    /// The agent is not theirs.
    pub async fn list(&self, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<Vec<SavedDestinationView>> {
        let owner = owner_named(&*self.ports.store, caller, agent).await?;
        let saved = self.ports.store.saved_destinations(&owner).await?;
        Ok(saved.into_iter().map(view).collect())
    }

    /// Saves a destination for the caller or one of their agents.
    ///
    /// # Errors
    /// A field is not acceptable, there are too many, or the agent is not theirs.
    pub async fn save(&self, caller: &Caller, agent: Option<&AgentId>, typed: DestinationInput) -> StudioResult<SavedDestinationView> {
        let (owner, typed) = (owner_named(&*self.ports.store, caller, agent).await?, typed.separated());
        if typed.platform == Platform::Rehearsal {
            return Err(ApiError::invalid("platform", "A rehearsal needs nothing kept: it can always be chosen.").into());
        }
        let saved = self.sealed(&owner, self.ports.new_id(), &typed, None).await?;
        match self.ports.store.insert_destination(&saved, &caller.user.id, MOST_SAVED).await {
            Err(StoreError::TooMany(_)) => return Err(too_many_saved()),
            Err(StoreError::Missing) => return Err(StudioError::not_found("agent")),
            done => done?,
        }
        Ok(view(saved))
    }

    /// Changes a kept destination. Its name and channel may change alone; a new platform, address or key comes with the key.
    ///
    /// # Errors
    /// It is not the caller's, or a field is not acceptable.
    pub async fn update(&self, caller: &Caller, id: &DestinationId, typed: DestinationInput) -> StudioResult<SavedDestinationView> {
        let (old, typed) = (self.own_destination(caller, id).await?, typed.separated());
        let address = typed.custom_rtmp_url.as_deref().map(|text| text.trim().trim_end_matches('/')).filter(|text| !text.is_empty());
        let moved = typed.platform != old.destination.platform
            || (typed.platform.wants_address() && address.is_some() && address != old.destination.address.as_deref());
        if moved || !typed.stream_key.is_empty() {
            if typed.stream_key.is_empty() {
                let message = "Another platform or address needs its own stream key: type it again.";
                return Err(ApiError::invalid("streamKey", message).into());
            }
            return self.replace(self.sealed(&old.owner, id.clone(), &typed, old.used_at).await?).await;
        }
        let name = typed.save_as.as_deref().map(destination_name).transpose()?.unwrap_or_default();
        let channel = viewer_channel(typed.platform, typed.channel.as_deref())?;
        self.replace(SavedDestination { destination: Destination { name, channel, ..old.destination }, ..old }).await
    }

    /// Deletes a saved destination of the caller or of their agents, with its key.
    ///
    /// # Errors
    /// It is not theirs.
    pub async fn delete(&self, caller: &Caller, id: &DestinationId) -> StudioResult<()> {
        let saved = self.own_destination(caller, id).await?;
        match self.ports.store.delete_destination(&saved.owner, id).await {
            Err(StoreError::Missing) => Err(StudioError::not_found("destination")),
            done => Ok(done?),
        }
    }

    /// What an owner can stream to: an agent's own destinations and its user's.
    pub(in crate::server) async fn usable(&self, owner: &Owner, user: &UserId) -> StudioResult<Vec<SavedDestination>> {
        let mut saved = self.ports.store.saved_destinations(owner).await?;
        let users = Owner::User(user.clone());
        if owner != &users {
            saved.extend(self.ports.store.saved_destinations(&users).await?);
        }
        Ok(saved)
    }

    /// One of the caller's, or of one of their agents'.
    async fn own_destination(&self, caller: &Caller, id: &DestinationId) -> StudioResult<SavedDestination> {
        let mut owners = vec![caller.owner()];
        if caller.agent.is_none() {
            owners.extend(self.ports.store.agents_of(&caller.user.id).await?.into_iter().map(|agent| Owner::Agent(agent.id)));
        }
        for owner in owners {
            let saved = self.ports.store.saved_destinations(&owner).await?;
            if let Some(found) = saved.into_iter().find(|saved| &saved.destination.id == id) {
                return Ok(found);
            }
        }
        Err(StudioError::not_found("destination"))
    }

    /// A typed destination as it is kept, if it can be used.
    async fn sealed(
        &self,
        owner: &Owner,
        id: DestinationId,
        typed: &DestinationInput,
        used_at: Option<Timestamp>,
    ) -> StudioResult<SavedDestination> {
        let destination = self.validated(id, typed).await?;
        let key = self.seal(owner, &destination.id, &typed.stream_key)?;
        Ok(SavedDestination { owner: owner.clone(), destination, key, used_at })
    }

    /// Stores a changed one, unless it was deleted meanwhile.
    async fn replace(&self, saved: SavedDestination) -> StudioResult<SavedDestinationView> {
        match self.ports.store.replace_destination(&saved).await {
            Err(StoreError::Missing) => Err(StudioError::not_found("destination")),
            done => {
                done?;
                Ok(view(saved))
            }
        }
    }
}

fn view(saved: SavedDestination) -> SavedDestinationView {
    SavedDestinationView { destination: saved.destination, used_at: saved.used_at }
}

pub(in crate::server) fn too_many_saved() -> StudioError {
    StudioError::refused(ErrorCode::Conflict, format!("At most {MOST_SAVED} destinations are kept. Forget one first."))
}
