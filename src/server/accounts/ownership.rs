//! Whose an agent is, and for whom a caller acts.

use crate::{
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

/// The caller, or the agent of theirs that they name.
pub(in crate::server) async fn owner_named(store: &dyn Store, caller: &Caller, agent: Option<&AgentId>) -> StudioResult<Owner> {
    match (agent, &caller.agent) {
        (None, _) => Ok(caller.owner()),
        (Some(id), Some(acting)) if id == &acting.id => Ok(caller.owner()),
        (Some(_), Some(_)) => Err(StudioError::not_found("agent")),
        (Some(id), None) => Ok(Owner::Agent(agent_of(store, &caller.user.id, id).await?.id)),
    }
}
