//! API keys, by their hashes.

use super::{
    SurrealStore,
    limits::{ACCOUNT_OPEN, AGENT_EXISTS, LOCK_ACCOUNT},
    query::encode,
};
use crate::{
    domain::{
        ids::{KeyId, UserId},
        key::ApiKey,
        timestamp::Timestamp,
    },
    server::store::{KeyLimits, KeyStore, StoreError, TokenHash},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

/// The last use stands beside the document: it changes often, and nothing else does.
#[derive(Deserialize)]
struct Row {
    document: ApiKey,
    used_at: Option<i64>,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self { last_used_at: row.used_at.map(Timestamp::from_millis), ..row.document }
    }
}

#[async_trait]
impl KeyStore for SurrealStore {
    async fn insert_key(&self, hash: &TokenHash, key: &ApiKey, limits: KeyLimits) -> Result<(), StoreError> {
        // Times are texts of one length, so they compare like times. An id begins with the time at which it was made.
        let sql = format!(
            "{{
            {LOCK_ACCOUNT} {ACCOUNT_OPEN} {AGENT_EXISTS}
            LET $all = (SELECT id AS row, name, (!document.revokedAt AND (!document.expiresAt OR document.expiresAt > $now)) AS valid
                FROM api_key WHERE user = $account ORDER BY name DESC);
            IF array::len($all[WHERE valid]) >= $most_valid {{ THROW 'full_keys' }};
            FOR $old IN array::slice($all[WHERE !valid].row, $most_invalid) {{ DELETE $old RETURN NONE }};
            CREATE type::record('api_key', $hash) SET name = $id, user = $account, agent = $agent ?? NONE, document = $document RETURN NONE;
            }}"
        );
        let ApiKey { id, user, agent, created_at, .. } = key;
        let variables = json!({
            "hash": hash, "id": id, "account": user, "agent": agent, "document": encode(key)?, "now": created_at,
            "most_valid": limits.valid, "most_invalid": limits.invalid,
        });
        self.run(&sql, variables).await
    }

    async fn key(&self, hash: &TokenHash) -> Result<Option<ApiKey>, StoreError> {
        let sql = "SELECT document, used_at FROM ONLY type::record('api_key', $hash)";
        Ok(self.read::<Option<Row>>(sql, json!({ "hash": hash })).await?.map(Into::into))
    }

    async fn keys_of(&self, user: &UserId) -> Result<Vec<ApiKey>, StoreError> {
        let rows: Vec<Row> = self.read("SELECT document, used_at FROM api_key WHERE user = $user", json!({ "user": user })).await?;
        // Sorted here: the records' ids are hashes, and a user has few.
        let mut keys: Vec<ApiKey> = rows.into_iter().map(Into::into).collect();
        keys.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(keys)
    }

    async fn revoke_key(&self, user: &UserId, id: &KeyId, at: Timestamp) -> Result<ApiKey, StoreError> {
        // The first revocation's time stays: the update leaves a revoked key alone, and both ways the key is read afterwards.
        let sql = "{
            UPDATE api_key SET document.revokedAt = $at WHERE user = $user AND name = $id AND !document.revokedAt RETURN NONE;
            SELECT document, used_at FROM api_key WHERE user = $user AND name = $id
        }";
        let rows: Vec<Row> = self.read(sql, json!({ "user": user, "id": id, "at": at })).await?;
        rows.into_iter().next().map(Into::into).ok_or(StoreError::Missing)
    }

    async fn key_used(&self, hash: &TokenHash, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('api_key', $hash) SET used_at = $at RETURN NONE";
        self.run(sql, json!({ "hash": hash, "at": at.as_millis() })).await
    }
}
