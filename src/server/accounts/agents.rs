//! Agents, managed by the user who owns them.

mod avatar;

use super::{api_keys::ApiKeys, audit::AuditLog, ownership::agent_of};
use crate::{
    api::{
        accounts::NewAgent,
        error::{ApiError, ErrorCode},
    },
    domain::{
        agent::{Agent, agent_name},
        audit::AuditAction,
        ids::AgentId,
    },
    server::{
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult},
        ports::Ports,
        store::StoreError,
        work_limit::WorkLimit,
    },
};
use std::sync::Arc;

/// Agents of one account.
const MOST_AGENTS: usize = 50;

/// The agents of users. Cheap to clone.
#[derive(Clone)]
pub struct Agents {
    ports: Arc<Ports>,
    keys: ApiKeys,
    audit: AuditLog,
    /// Pictures that are being fetched, for everybody.
    fetches: WorkLimit,
}

impl Agents {
    pub fn new(ports: Arc<Ports>, keys: ApiKeys, audit: AuditLog) -> Self {
        Self { ports, keys, audit, fetches: WorkLimit::new("The picture's fetch", 4, 16) }
    }

    /// The caller's agents, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, caller: &Caller) -> StudioResult<Vec<Agent>> {
        Ok(self.ports.store.agents_of(&caller.user.id).await?)
    }

    /// Makes an agent.
    ///
    /// # Errors
    /// The name is unsuitable, or there are too many.
    pub async fn make(&self, caller: &Caller, new: &NewAgent, origin: &Origin) -> StudioResult<Agent> {
        let name = named(&new.name)?;
        let agent = Agent { id: self.ports.new_id(), owner: caller.user.id.clone(), name, avatar: None, created_at: self.ports.now() };
        match self.ports.store.insert_agent(&agent, MOST_AGENTS).await {
            Err(StoreError::TooMany(_)) => {
                return Err(StudioError::refused(ErrorCode::Conflict, format!("An account has at most {MOST_AGENTS} agents.")));
            }
            done => done?,
        }
        self.audit.record(AuditAction::AgentMade, Some(&caller.user.id), &agent.name, origin).await;
        Ok(agent)
    }

    /// Gives one of the caller's agents another name.
    ///
    /// # Errors
    /// It is not theirs, or the name is unsuitable.
    pub async fn rename(&self, caller: &Caller, id: &AgentId, new: &NewAgent) -> StudioResult<Agent> {
        let agent = agent_of(&*self.ports.store, &caller.user.id, id).await?;
        let agent = Agent { name: named(&new.name)?, ..agent };
        self.replace(&agent).await?;
        self.keys.forget_callers();
        Ok(agent)
    }

    /// Deletes one of the caller's agents with its keys, destinations and picture. Its running session must be over.
    ///
    /// # Errors
    /// It is not theirs, or its session runs.
    pub async fn delete(&self, caller: &Caller, id: &AgentId, origin: &Origin) -> StudioResult<()> {
        let agent = agent_of(&*self.ports.store, &caller.user.id, id).await?;
        match self.ports.store.delete_agent(&caller.user.id, id).await {
            Err(StoreError::Missing) => return Err(StudioError::not_found("agent")),
            Err(StoreError::ActiveSession(session)) => {
                let detail = serde_json::json!({ "sessionId": session });
                let error = ApiError::new(ErrorCode::Conflict, "A stream of this agent is running. End it first.");
                return Err(ApiError { detail, ..error }.into());
            }
            done => done?,
        }
        self.keys.forget_callers();
        self.audit.record(AuditAction::AgentDeleted, Some(&caller.user.id), &agent.name, origin).await;
        Ok(())
    }

    /// Stores what is known of an agent, unless it was deleted meanwhile.
    async fn replace(&self, agent: &Agent) -> StudioResult<()> {
        match self.ports.store.replace_agent(agent).await {
            Err(StoreError::Missing) => Err(StudioError::not_found("agent")),
            done => Ok(done?),
        }
    }
}

fn named(name: &str) -> StudioResult<String> {
    agent_name(name).map_err(|error| ApiError::invalid("name", format!("{error}.").replacen("the agent", "The agent", 1)).into())
}
