//! Server functions for settings: destinations, defaults, agents, keys, sign-ins.

use crate::{
    api::{
        accounts::{CreatedApiKey, NewAgent, NewApiKey, OwnerDefaults, SignInView},
        error::ApiError,
        sessions::{ConnectionTest, DestinationInput, SavedDestinationView},
        wire::Json,
    },
    domain::{
        agent::Agent,
        ids::{AgentId, DestinationId, KeyId, SignInId},
        key::ApiKey,
    },
};
use leptos::prelude::*;

/// The caller's saved destinations, or those of one of their agents, with when each was used.
#[server(prefix = "/rpc", endpoint = "settings/places", input = Json, output = Json)]
pub async fn list_saved_destinations(agent: Option<AgentId>) -> Result<Vec<SavedDestinationView>, ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.list(&caller, agent.as_ref()).await)
}

#[server(prefix = "/rpc", endpoint = "settings/keep", input = Json, output = Json)]
pub async fn save_destination(agent: Option<AgentId>, typed: DestinationInput) -> Result<SavedDestinationView, ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.save(&caller, agent.as_ref(), typed).await)
}

/// Changes a saved destination; another address needs its own key.
#[server(prefix = "/rpc", endpoint = "settings/change", input = Json, output = Json)]
pub async fn update_destination(id: DestinationId, typed: DestinationInput) -> Result<SavedDestinationView, ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.update(&caller, &id, typed).await)
}

/// Tests the connection to a saved destination's server.
#[server(prefix = "/rpc", endpoint = "settings/try", input = Json, output = Json)]
pub async fn test_destination(id: DestinationId) -> Result<ConnectionTest, ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.test(&caller, &id).await)
}

/// The defaults of the caller's sessions, or of an agent's.
#[server(prefix = "/rpc", endpoint = "settings/defaults", input = Json, output = Json)]
pub async fn defaults(agent: Option<AgentId>) -> Result<OwnerDefaults, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.defaults(&caller, agent.as_ref()).await)
}

#[server(prefix = "/rpc", endpoint = "settings/set-defaults", input = Json, output = Json)]
pub async fn set_defaults(agent: Option<AgentId>, wish: OwnerDefaults) -> Result<OwnerDefaults, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.set_defaults(&caller, agent.as_ref(), wish).await)
}

#[server(prefix = "/rpc", endpoint = "settings/agents", input = Json, output = Json)]
pub async fn agents() -> Result<Vec<Agent>, ApiError> {
    use crate::server::{accounts::agents::Agents, rpc};
    let (agents, caller) = rpc::admit::<Agents>().await?;
    rpc::reply(agents.list(&caller).await)
}

#[server(prefix = "/rpc", endpoint = "settings/make-agent", input = Json, output = Json)]
pub async fn make_agent(wish: NewAgent) -> Result<Agent, ApiError> {
    use crate::server::{accounts::agents::Agents, rpc};
    let (agents, caller) = rpc::admit::<Agents>().await?;
    rpc::reply(agents.make(&caller, &wish, &rpc::origin()).await)
}

/// Gives an agent another name.
#[server(prefix = "/rpc", endpoint = "settings/rename-agent", input = Json, output = Json)]
pub async fn rename_agent(id: AgentId, wish: NewAgent) -> Result<Agent, ApiError> {
    use crate::server::{accounts::agents::Agents, rpc};
    let (agents, caller) = rpc::admit::<Agents>().await?;
    rpc::reply(agents.rename(&caller, &id, &wish).await)
}

/// Deletes an agent with its keys.
#[server(prefix = "/rpc", endpoint = "settings/delete-agent", input = Json, output = Json)]
pub async fn delete_agent(id: AgentId) -> Result<(), ApiError> {
    use crate::server::{accounts::agents::Agents, rpc};
    let (agents, caller) = rpc::admit::<Agents>().await?;
    rpc::reply(agents.delete(&caller, &id, &rpc::origin()).await)
}

/// Fetches an agent's picture from the web, once.
#[server(prefix = "/rpc", endpoint = "settings/fetch-avatar", input = Json, output = Json)]
pub async fn fetch_avatar(id: AgentId, address: String) -> Result<Agent, ApiError> {
    use crate::server::{accounts::agents::Agents, rpc};
    let (agents, caller) = rpc::admit::<Agents>().await?;
    rpc::reply(agents.fetch_avatar(&caller, &id, &address).await)
}

/// The caller's keys and their agents'.
#[server(prefix = "/rpc", endpoint = "settings/keys", input = Json, output = Json)]
pub async fn keys() -> Result<Vec<ApiKey>, ApiError> {
    use crate::server::{accounts::api_keys::ApiKeys, rpc};
    let (api_keys, caller) = rpc::admit::<ApiKeys>().await?;
    rpc::reply(api_keys.list(&caller).await)
}

/// Creates a key; the only time its text is shown.
#[server(prefix = "/rpc", endpoint = "settings/make-key", input = Json, output = Json)]
pub async fn make_key(wish: NewApiKey) -> Result<CreatedApiKey, ApiError> {
    use crate::server::{accounts::api_keys::ApiKeys, rpc};
    let (api_keys, caller) = rpc::admit::<ApiKeys>().await?;
    rpc::reply(api_keys.make(&caller, &wish, &rpc::origin()).await)
}

#[server(prefix = "/rpc", endpoint = "settings/revoke-key", input = Json, output = Json)]
pub async fn revoke_key(id: KeyId) -> Result<ApiKey, ApiError> {
    use crate::server::{accounts::api_keys::ApiKeys, rpc};
    let (api_keys, caller) = rpc::admit::<ApiKeys>().await?;
    rpc::reply(api_keys.revoke(&caller, &id, &rpc::origin()).await)
}

/// The caller's signed-in browsers.
#[server(prefix = "/rpc", endpoint = "settings/sign-ins", input = Json, output = Json)]
pub async fn sign_ins() -> Result<Vec<SignInView>, ApiError> {
    use crate::server::{accounts::Accounts, rpc};
    let (accounts, caller) = rpc::admit::<Accounts>().await?;
    rpc::reply(accounts.sign_ins(&caller).await)
}

/// Signs a browser out.
#[server(prefix = "/rpc", endpoint = "settings/end-sign-in", input = Json, output = Json)]
pub async fn end_sign_in(id: SignInId) -> Result<(), ApiError> {
    use crate::server::{accounts::Accounts, rpc};
    let (accounts, caller) = rpc::admit::<Accounts>().await?;
    rpc::reply(accounts.end_sign_in(&caller, &id, &rpc::origin()).await)
}
