//! Agents and their pictures.

use super::{
    SurrealStore,
    limits::{ACCOUNT_OPEN, LOCK_ACCOUNT},
    query::encode,
    sessions::ONE_ACTIVE,
    starts::NOT_CLAIMED,
};
use crate::{
    domain::{
        agent::Agent,
        ids::{AgentId, UserId},
        session::Owner,
    },
    server::store::{AgentStore, Avatar, StoreError},
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Picture {
    media_type: String,
    image: String,
}

#[async_trait]
impl AgentStore for SurrealStore {
    async fn insert_agent(&self, agent: &Agent, most: usize) -> Result<(), StoreError> {
        let sql = format!(
            "{{
            {LOCK_ACCOUNT} {ACCOUNT_OPEN}
            IF array::len((SELECT VALUE owner FROM agent WHERE owner = $account)) >= $most {{ THROW 'full_agents' }};
            LET $row = type::record('agent', $id);
            IF (SELECT VALUE owner FROM ONLY $row) != NONE {{ THROW 'agent_taken' }};
            CREATE $row SET owner = $account, document = $document RETURN NONE;
            }}"
        );
        self.run(&sql, json!({ "id": agent.id, "account": agent.owner, "document": encode(agent)?, "most": most })).await
    }

    async fn replace_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        // An update makes no record: an agent that was deleted meanwhile stays deleted.
        let sql = "UPDATE type::record('agent', $id) SET document = $document WHERE owner = $owner RETURN VALUE true";
        let changed: Vec<Value> = self.read(sql, json!({ "id": agent.id, "owner": agent.owner, "document": encode(agent)? })).await?;
        if changed.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    async fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        self.read("SELECT VALUE document FROM ONLY type::record('agent', $id)", json!({ "id": id })).await
    }

    async fn agents_of(&self, user: &UserId) -> Result<Vec<Agent>, StoreError> {
        // Sorted here: a record's id cannot stand in an index, and a user has few.
        let mut all: Vec<Agent> = self.read("SELECT VALUE document FROM agent WHERE owner = $user", json!({ "user": user })).await?;
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    /// Everything that only the agent needed goes with it, in one transaction.
    async fn delete_agent(&self, user: &UserId, id: &AgentId) -> Result<(), StoreError> {
        // Whatever is made for an agent takes the same lock, so nothing is made for one that is going. A claim that has run out
        // is none.
        let sql = format!(
            "{{
            {LOCK_ACCOUNT}
            LET $row = type::record('agent', $id);
            IF (SELECT VALUE owner FROM ONLY $row) != $account {{ THROW 'missing' }};
            {NOT_CLAIMED} {ONE_ACTIVE}
            DELETE $row RETURN NONE;
            DELETE type::record('avatar', $id) RETURN NONE;
            DELETE api_key WHERE agent = $id RETURN NONE;
            DELETE destination WHERE owner = $owner RETURN NONE;
            DELETE type::record('defaults', $owner) RETURN NONE;
            }}"
        );
        let owner = Owner::Agent(id.clone()).to_string();
        self.run(&sql, json!({ "id": id, "account": user, "owner": owner, "claim": null, "active": true, "key": null })).await
    }

    async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> Result<(), StoreError> {
        let Some(Avatar { media_type, bytes }) = avatar else {
            return self.run("DELETE type::record('avatar', $id) RETURN NONE", json!({ "id": agent })).await;
        };
        let sql = "UPSERT type::record('avatar', $id) SET media_type = $media_type, image = $image RETURN NONE";
        self.run(sql, json!({ "id": agent, "media_type": media_type, "image": STANDARD.encode(bytes) })).await
    }

    async fn avatar(&self, agent: &AgentId) -> Result<Option<Avatar>, StoreError> {
        let sql = "SELECT media_type, image FROM ONLY type::record('avatar', $id)";
        let found: Option<Picture> = self.read(sql, json!({ "id": agent })).await?;
        let decoded = found.map(|Picture { media_type, image }| {
            let bytes = STANDARD.decode(image).map_err(|error| StoreError::Failed(Box::new(error)))?;
            Ok(Avatar { media_type, bytes })
        });
        decoded.transpose()
    }
}
