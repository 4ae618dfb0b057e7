//! Agents and their pictures.

use super::query::{Database, DbError, encode};
use crate::{
    domain::{
        agent::Agent,
        ids::{AgentId, UserId},
        session::Owner,
    },
    server::store::{Avatar, StoreError},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Picture {
    media_type: String,
    image: String,
}

impl Database {
    /// An id that another user's agent has is [`StoreError::Taken`].
    pub(super) async fn save_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        let sql = "{
            LET $row = type::record('agent', $id);
            LET $there = (SELECT VALUE owner FROM ONLY $row);
            IF $there != NONE AND $there != $owner { THROW 'taken' };
            UPSERT $row SET owner = $owner, document = $document RETURN NONE;
        }";
        match self.execute(sql, json!({ "id": agent.id, "owner": agent.owner, "document": encode(agent)? })).await {
            Ok(_) => Ok(()),
            Err(DbError::Thrown(_)) => Err(StoreError::Taken("the agent's id")),
            Err(other) => Err(other.into()),
        }
    }

    pub(super) async fn agent(&self, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        self.read("SELECT VALUE document FROM ONLY type::record('agent', $id)", json!({ "id": id })).await
    }

    pub(super) async fn agents_of(&self, user: &UserId) -> Result<Vec<Agent>, StoreError> {
        let mut all: Vec<Agent> = self.read("SELECT VALUE document FROM agent WHERE owner = $user", json!({ "user": user })).await?;
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    /// Everything that only the agent needed goes with it, in one transaction.
    pub(super) async fn delete_agent(&self, user: &UserId, id: &AgentId) -> Result<(), StoreError> {
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
        match self.execute(sql, json!({ "id": id, "user": user, "as_owner": as_owner })).await {
            Ok(_) => Ok(()),
            Err(DbError::Thrown(_)) => Err(StoreError::Missing),
            Err(other) => Err(other.into()),
        }
    }

    pub(super) async fn set_avatar(&self, agent: &AgentId, avatar: Option<&Avatar>) -> Result<(), StoreError> {
        let Some(Avatar { media_type, bytes }) = avatar else {
            return self.run("DELETE type::record('avatar', $id) RETURN NONE", json!({ "id": agent })).await;
        };
        let sql = "UPSERT type::record('avatar', $id) SET media_type = $media_type, image = $image RETURN NONE";
        self.run(sql, json!({ "id": agent, "media_type": media_type, "image": STANDARD.encode(bytes) })).await
    }

    pub(super) async fn avatar(&self, agent: &AgentId) -> Result<Option<Avatar>, StoreError> {
        let sql = "SELECT media_type, image FROM ONLY type::record('avatar', $id)";
        let found: Option<Picture> = match self.read::<Value>(sql, json!({ "id": agent })).await? {
            Value::Null => None,
            row => Some(super::query::decode(row)?),
        };
        let decoded = found.map(|Picture { media_type, image }| {
            let bytes = STANDARD.decode(image).map_err(|error| StoreError::Failed(Box::new(error)))?;
            Ok(Avatar { media_type, bytes })
        });
        decoded.transpose()
    }
}
