//! What sessions of an owner begin with.

use super::Sessions;
use crate::{
    api::{accounts::OwnerDefaults, error::ApiError},
    domain::ids::AgentId,
    server::{
        accounts::ownership::owner_named, auth::caller::Caller, destinations::MOST_DESTINATIONS, error::StudioResult, store::Defaults,
    },
};
use std::collections::HashSet;

impl Sessions {
    /// What the caller's sessions, or one of their agents', begin with.
    ///
    /// # Errors
    /// The agent is not theirs.
    pub async fn defaults(&self, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<OwnerDefaults> {
        let owner = owner_named(&*self.ports.store, caller, agent).await?;
        let Defaults { overlay, auto_start } = self.ports.store.defaults(&owner).await?;
        Ok(OwnerDefaults { overlay, auto_start })
    }

    /// Replaces it.
    ///
    /// # Errors
    /// The agent or a destination is not theirs.
    pub async fn set_defaults(&self, caller: &Caller, agent: Option<&AgentId>, mut request: OwnerDefaults) -> StudioResult<OwnerDefaults> {
        let owner = owner_named(&*self.ports.store, caller, agent).await?;
        let chosen = &mut request.auto_start.destinations;
        if chosen.len() > MOST_DESTINATIONS {
            let message = format!("A stream has at most {MOST_DESTINATIONS} destinations.");
            return Err(ApiError::invalid("autoStart.destinations", message).into());
        }
        let mut seen = HashSet::new();
        chosen.retain(|id| seen.insert(id.clone()));
        if !chosen.is_empty() {
            let usable = self.destinations.usable(&owner, &caller.user.id).await?;
            if !chosen.iter().all(|id| usable.iter().any(|saved| &saved.destination.id == id)) {
                return Err(ApiError::invalid("autoStart.destinations", "One of these destinations is no longer saved.").into());
            }
        }
        if request.auto_start.on && request.auto_start.destinations.is_empty() {
            return Err(ApiError::invalid("autoStart.destinations", "Choose the destinations of streams that start by themselves.").into());
        }
        let OwnerDefaults { overlay, auto_start } = request.clone();
        self.ports.store.set_defaults(&owner, &Defaults { overlay, auto_start }).await?;
        Ok(request)
    }
}
