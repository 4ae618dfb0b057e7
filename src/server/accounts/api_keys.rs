//! API keys: created and shown once, looked up by their hash, revoked.

use super::{audit::AuditLog, key_cache::ApiKeyCache, ownership::agent_of};
use crate::{
    api::{
        accounts::{CreatedApiKey, NewApiKey},
        error::{ApiError, ErrorCode},
    },
    domain::{
        account::Role,
        audit::AuditAction,
        ids::{KeyId, UserId},
        key::{ApiKey, Scope},
        plain_text::{about, one_line},
        timestamp::Timestamp,
    },
    server::{
        auth::{
            caller::{Caller, Proof},
            origin::Origin,
            token,
        },
        error::{StudioError, StudioResult},
        ports::Ports,
        store::{KeyLimits, StoreError, TokenHash},
    },
};
use std::sync::Arc;

/// Keys of one account and its agents that may be valid at once.
const MOST_KEYS: usize = 100;
/// Revoked and expired keys of one account that are still listed; the oldest are deleted when one is made.
const MOST_INVALID_KEYS: usize = 100;
const LONGEST_NAME: usize = 60;
/// The last use is kept to the minute: a write for every call would cost more than the call.
const USE_NOTED_EVERY_MS: u64 = 60_000;

/// The API keys of users and their agents. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeys {
    ports: Arc<Ports>,
    audit: AuditLog,
    /// Callers of recently used keys.
    callers: Arc<ApiKeyCache>,
}

impl ApiKeys {
    pub fn new(ports: Arc<Ports>, audit: AuditLog) -> Self {
        Self { ports, audit, callers: Arc::default() }
    }

    /// The caller's keys and their agents', revoked ones too.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, caller: &Caller) -> StudioResult<Vec<ApiKey>> {
        Ok(self.ports.store.keys_of(&caller.user.id).await?)
    }

    /// Creates a key for the caller or one of their agents. Its text is only in this response.
    ///
    /// # Errors
    /// A field is not acceptable, or the agent is not theirs.
    pub async fn make(&self, caller: &Caller, new: &NewApiKey, origin: &Origin) -> StudioResult<CreatedApiKey> {
        self.make_for(&caller.user.id, new, origin).await
    }

    /// The same for any account, for the command line.
    ///
    /// # Errors
    /// As [`ApiKeys::make`].
    pub async fn make_for(&self, user: &UserId, new: &NewApiKey, origin: &Origin) -> StudioResult<CreatedApiKey> {
        let name = one_line(&new.name).map_err(|error| ApiError::invalid("name", about("The key's name", error)))?;
        if !(1..=LONGEST_NAME).contains(&name.chars().count()) {
            return Err(ApiError::invalid("name", format!("The key's name must be 1 to {LONGEST_NAME} characters of plain text.")).into());
        }
        let scopes: Vec<Scope> = Scope::WITH_ADMIN.into_iter().filter(|scope| new.scopes.contains(scope)).collect();
        if scopes.is_empty() {
            return Err(ApiError::invalid("scopes", "Choose at least one scope: start, stop, events, read.").into());
        }
        if scopes.contains(&Scope::Admin) {
            let admin = self.ports.store.user(user).await?.is_some_and(|user| user.role == Role::Admin);
            if !admin || new.agent_id.is_some() || scopes == [Scope::Admin] {
                let message = "The scope `admin` is for an administrator's own key, beside another scope, and never for an agent.";
                return Err(ApiError::invalid("scopes", message).into());
            }
        }
        let now = self.ports.now();
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(ApiError::invalid("expiresAt", "The key would have expired already.").into());
        }
        if let Some(agent) = &new.agent_id {
            agent_of(&*self.ports.store, user, agent).await?;
        }
        let (text, prefix) = token::new_key();
        let key = ApiKey {
            id: self.ports.new_id(),
            user: user.clone(),
            agent: new.agent_id.clone(),
            name,
            prefix,
            scopes,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let limits = KeyLimits { valid: MOST_KEYS, invalid: MOST_INVALID_KEYS };
        match self.ports.store.insert_key(&token::hash(&text), &key, limits).await {
            Err(StoreError::TooMany(_)) => {
                let message = format!("{MOST_KEYS} keys are valid already. Revoke one first.");
                return Err(StudioError::refused(ErrorCode::Conflict, message));
            }
            Err(StoreError::Missing) => return Err(StudioError::not_found("agent")),
            done => done?,
        }
        self.audit.record(AuditAction::KeyMade, Some(user), &format!("{} {}", key.prefix, key.name), origin).await;
        Ok(CreatedApiKey { key, text })
    }

    /// Revokes one of the caller's keys.
    ///
    /// # Errors
    /// It is not theirs.
    pub async fn revoke(&self, caller: &Caller, id: &KeyId, origin: &Origin) -> StudioResult<ApiKey> {
        let key = match self.ports.store.revoke_key(&caller.user.id, id, self.ports.now()).await {
            Err(StoreError::Missing) => return Err(StudioError::not_found("key")),
            done => done?,
        };
        self.forget_callers();
        self.audit.record(AuditAction::KeyRevoked, Some(&caller.user.id), &format!("{} {}", key.prefix, key.name), origin).await;
        Ok(key)
    }

    /// Revokes every key of an account and its agents: a key that a thief made must not outlive the password.
    ///
    /// # Errors
    /// The store failed; then keys made later may still be valid.
    pub async fn revoke_all(&self, user: &UserId, origin: &Origin) -> StudioResult<usize> {
        let now = self.ports.now();
        let valid: Vec<ApiKey> = self.ports.store.keys_of(user).await?.into_iter().filter(|key| key.is_valid(now)).collect();
        for key in &valid {
            self.ports.store.revoke_key(user, &key.id, now).await?;
            self.audit.record(AuditAction::KeyRevoked, Some(user), &format!("{} {}", key.prefix, key.name), origin).await;
        }
        self.callers.forget();
        Ok(valid.len())
    }

    /// Who a key belongs to.
    ///
    /// # Errors
    /// It was never made, has expired or was revoked, or the store failed.
    pub async fn caller(&self, key: &str) -> StudioResult<Caller> {
        let message = "This API key is not valid: it was never made, has expired, or was revoked.";
        let found = self.caller_by_hash(&token::hash(key)).await?;
        found.ok_or_else(|| StudioError::refused(ErrorCode::Unauthenticated, message))
    }

    /// The caller of a key: its user, or its agent with that user. `None` for an invalid key.
    async fn caller_by_hash(&self, hash: &TokenHash) -> StudioResult<Option<Caller>> {
        let now = self.ports.now();
        if let Some(known) = self.callers.of(hash, now) {
            return Ok(Some(known));
        }
        let revision = self.callers.revision();
        let Some(key) = self.ports.store.key(hash).await?.filter(|key| key.is_valid(now)) else { return Ok(None) };
        let Some(mut user) = self.ports.store.user(&key.user).await? else { return Ok(None) };
        let agent = match &key.agent {
            None => None,
            Some(id) => {
                let Some(agent) = self.ports.store.agent(id).await?.filter(|agent| agent.owner == user.id) else { return Ok(None) };
                // An administrator's agent is an agent.
                user.role = Role::Streamer;
                Some(Arc::new(agent))
            }
        };
        self.note_use(hash, &key, now).await;
        let caller = Caller { user: Arc::new(user), agent, proof: Proof::Key(Arc::new(key)) };
        self.callers.keep(hash, &caller, revision);
        Ok(Some(caller))
    }

    /// Clears the API key cache: a key, an agent or an account has changed.
    pub(in crate::server) fn forget_callers(&self) {
        self.callers.forget();
    }

    async fn note_use(&self, hash: &TokenHash, key: &ApiKey, now: Timestamp) {
        if key.last_used_at.is_some_and(|at| now.millis_since(at) < USE_NOTED_EVERY_MS) {
            return;
        }
        if let Err(error) = self.ports.store.key_used(hash, now).await {
            tracing::warn!(error = %crate::server::error::chain(&error), key = %key.id, "a key's use was not noted");
        }
    }
}
