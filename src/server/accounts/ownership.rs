//! Whose an agent is, and for whom a caller acts.

use crate::{
    api::error::{ApiError, ErrorCode},
    domain::{
        agent::Agent,
        ids::{AgentId, UserId},
        session::Owner,
    },
    server::{
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        store::Store,
    },
};

/// The user's agent; a foreign one gives the same error as a missing one.
pub(in crate::server) async fn agent_of(store: &dyn Store, user: &UserId, id: &AgentId) -> StudioResult<Agent> {
    let agent = store.agent(id).await?;
    agent.filter(|agent| &agent.owner == user).ok_or_else(|| StudioError::not_found("agent"))
}

/// The agent that the caller may act for: their own, and any for an administrator.
pub(in crate::server) async fn acting_agent(store: &dyn Store, caller: &Caller, id: &AgentId) -> StudioResult<Agent> {
    let agent = store.agent(id).await?.ok_or_else(|| StudioError::not_found("agent"))?;
    let own = agent.owner == caller.user.id && caller.agent.as_ref().is_none_or(|acting| &acting.id == id);
    if own || caller.is_admin() { Ok(agent) } else { Err(StudioError::not_found("agent")) }
}

/// Whose a new session shall be.
pub(in crate::server) struct SessionOwner {
    pub owner: Owner,
    /// The account that is responsible: the limits of a session are counted for it.
    pub account: UserId,
    /// The name on the overlay if none is given.
    pub name: String,
}

/// The owner of a session that the caller starts: the caller, an agent of theirs, or for administrators whoever they name.
pub(in crate::server) async fn session_owner(
    store: &dyn Store,
    caller: &Caller,
    user: Option<&UserId>,
    agent: Option<&AgentId>,
) -> StudioResult<SessionOwner> {
    if user.is_some_and(|id| *id != caller.user.id) && !caller.is_admin() {
        let detail = serde_json::json!({ "field": "userId" });
        let message = "userId is not yours. Only administrators start streams for others.";
        return Err(ApiError { detail, ..ApiError::new(ErrorCode::Forbidden, message) }.into());
    }
    let acting = match (agent, &caller.agent) {
        (Some(id), _) => Some(acting_agent(store, caller, id).await?),
        (None, own) => own.as_deref().cloned(),
    };
    if let Some(agent) = acting {
        if user.is_some_and(|user| *user != agent.owner) {
            return Err(ApiError::invalid("agentId", "This agent belongs to another account than userId.").into());
        }
        return Ok(SessionOwner { owner: Owner::Agent(agent.id), account: agent.owner, name: agent.name });
    }
    let (account, name) = match user.filter(|id| **id != caller.user.id) {
        None => (caller.user.id.clone(), caller.user.name.clone()),
        Some(id) => {
            let found = store.user(id).await?.ok_or_else(|| StudioError::not_found("user"))?;
            (found.id, found.name)
        }
    };
    Ok(SessionOwner { owner: Owner::User(account.clone()), account, name })
}

/// The caller, or the agent of theirs that they name.
pub(in crate::server) async fn owner_named(store: &dyn Store, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<Owner> {
    match (agent, &caller.agent) {
        (None, _) => Ok(caller.owner()),
        (Some(id), Some(acting)) if id == &acting.id => Ok(caller.owner()),
        (Some(_), Some(_)) => Err(StudioError::not_found("agent")),
        (Some(id), None) => Ok(Owner::Agent(agent_of(store, &caller.user.id, id).await?.id)),
    }
}
