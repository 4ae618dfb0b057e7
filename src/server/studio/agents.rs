//! Agents and their defaults, managed by the user who owns them.

use super::Studio;
use crate::{
    api::{
        accounts::{NewAgent, OwnerDefaults},
        error::{ApiError, ErrorCode},
    },
    domain::{
        agent::{Agent, agent_name},
        audit::AuditAction,
        ids::{AgentId, UserId},
        session::Owner,
    },
    server::{
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult},
        store::{Defaults, StoreError},
    },
};

/// Agents of one account.
const MOST_AGENTS: usize = 50;

impl Studio {
    /// The caller's agents, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn agents(&self, caller: &Caller) -> StudioResult<Vec<Agent>> {
        Ok(self.store().agents_of(&caller.user.id).await?)
    }

    /// Makes an agent.
    ///
    /// # Errors
    /// The name is unsuitable, or there are too many.
    pub async fn make_agent(&self, caller: &Caller, new: &NewAgent, origin: &Origin) -> StudioResult<Agent> {
        let name = named(&new.name)?;
        if self.store().agents_of(&caller.user.id).await?.len() >= MOST_AGENTS {
            return Err(StudioError::refused(ErrorCode::Conflict, format!("An account has at most {MOST_AGENTS} agents.")));
        }
        let agent = Agent { id: self.new_id(), owner: caller.user.id.clone(), name, avatar: None, created_at: self.now() };
        self.store().save_agent(&agent).await?;
        self.record_audit(AuditAction::AgentMade, Some(&caller.user.id), &agent.name, origin).await;
        Ok(agent)
    }

    /// Gives one of the caller's agents another name.
    ///
    /// # Errors
    /// It is not theirs, or the name is unsuitable.
    pub async fn rename_agent(&self, caller: &Caller, id: &AgentId, new: &NewAgent) -> StudioResult<Agent> {
        let agent = self.agent_of(&caller.user.id, id).await?;
        let agent = Agent { name: named(&new.name)?, ..agent };
        self.store().save_agent(&agent).await?;
        self.clear_key_cache();
        Ok(agent)
    }

    /// Deletes one of the caller's agents with its keys, destinations and picture. Its running session must be over.
    ///
    /// # Errors
    /// It is not theirs, or its session runs.
    pub async fn delete_agent(&self, caller: &Caller, id: &AgentId, origin: &Origin) -> StudioResult<()> {
        let agent = self.agent_of(&caller.user.id, id).await?;
        if let Some(session) = self.store().active_session_of(&Owner::Agent(id.clone())).await? {
            let detail = serde_json::json!({ "sessionId": session.id });
            let error = ApiError::new(ErrorCode::Conflict, "A stream of this agent is running. End it first.");
            return Err(ApiError { detail, ..error }.into());
        }
        match self.store().delete_agent(&caller.user.id, id).await {
            Err(StoreError::Missing) => return Err(StudioError::not_found("agent")),
            done => done?,
        }
        self.clear_key_cache();
        self.record_audit(AuditAction::AgentDeleted, Some(&caller.user.id), &agent.name, origin).await;
        Ok(())
    }

    /// What the caller's sessions, or one of their agents', begin with.
    ///
    /// # Errors
    /// The agent is not theirs.
    pub async fn defaults(&self, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<OwnerDefaults> {
        let owner = self.owner_named(caller, agent).await?;
        let Defaults { overlay, auto_start } = self.store().defaults(&owner).await?;
        Ok(OwnerDefaults { overlay, auto_start })
    }

    /// Replaces it.
    ///
    /// # Errors
    /// The agent or a destination is not theirs.
    pub async fn set_defaults(&self, caller: &Caller, agent: Option<&AgentId>, request: OwnerDefaults) -> StudioResult<OwnerDefaults> {
        let owner = self.owner_named(caller, agent).await?;
        for id in &request.auto_start.destinations {
            if self.saved_destination(&owner, &caller.user.id, id).await?.is_none() {
                return Err(ApiError::invalid("autoStart.destinations", "One of these destinations is no longer saved.").into());
            }
        }
        if request.auto_start.on && request.auto_start.destinations.is_empty() {
            return Err(ApiError::invalid("autoStart.destinations", "Choose the destinations of streams that start by themselves.").into());
        }
        let OwnerDefaults { overlay, auto_start } = request.clone();
        self.store().set_defaults(&owner, &Defaults { overlay, auto_start }).await?;
        Ok(request)
    }

    /// The user's agent; a foreign one gives the same error as a missing one.
    pub(super) async fn agent_of(&self, user: &UserId, id: &AgentId) -> StudioResult<Agent> {
        let agent = self.store().agent(id).await?;
        agent.filter(|agent| &agent.owner == user).ok_or_else(|| StudioError::not_found("agent"))
    }

    /// The caller, or the agent of theirs that they name.
    pub(super) async fn owner_named(&self, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<Owner> {
        match (agent, &caller.agent) {
            (None, _) => Ok(caller.owner()),
            (Some(id), Some(acting)) if id == &acting.id => Ok(caller.owner()),
            (Some(_), Some(_)) => Err(StudioError::not_found("agent")),
            (Some(id), None) => Ok(Owner::Agent(self.agent_of(&caller.user.id, id).await?.id)),
        }
    }
}

fn named(name: &str) -> StudioResult<String> {
    agent_name(name).map_err(|error| ApiError::invalid("name", format!("{error}.").replacen("the agent", "The agent", 1)).into())
}
