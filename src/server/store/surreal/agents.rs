//! Agents and their pictures.

use super::{SurrealStore, query::encode};
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
use serde_json::json;

#[derive(Deserialize)]
struct Picture {
    media_type: String,
    image: String,
}

#[async_trait]
impl AgentStore for SurrealStore {
    /// An id that another user's agent has is [`StoreError::Taken`].
    async fn save_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        // Whose it is and the write are one transaction: of two owners that save the same new id, one is refused.
        let sql = "{
            LET $row = type::record('agent', $id);
            LET $there = (SELECT VALUE owner FROM ONLY $row);
            IF $there != NONE AND $there != $owner { THROW 'agent_taken' };
            UPSERT $row SET owner = $owner, document = $document RETURN NONE;
        }";
        self.run(sql, json!({ "id": agent.id, "owner": agent.owner, "document": encode(agent)? })).await
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
        let sql = "{
            LET $row = type::record('agent', $id);
            IF (SELECT VALUE owner FROM ONLY $row) != $user { THROW 'missing' };
            DELETE $row RETURN NONE;
            DELETE type::record('avatar', $id) RETURN NONE;
            DELETE api_key WHERE agent = $id RETURN NONE;
            DELETE destination WHERE owner = $as_owner RETURN NONE;
            DELETE type::record('defaults', $as_owner) RETURN NONE;
        }";
        let as_owner = Owner::Agent(id.clone()).to_string();
        self.run(sql, json!({ "id": id, "user": user, "as_owner": as_owner })).await
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
