//! The store on SurrealDB: in memory, on disk or over a socket by the address alone. Each port is implemented beside its
//! statements, in the modules below; this file opens the database.

mod accounts;
mod agents;
mod analytics;
mod audit;
mod backup;
mod connect;
mod credentials;
mod defaults;
mod destinations;
mod erasure;
mod feed;
mod key_rotation;
mod keys;
mod leases;
mod limits;
mod outbox;
mod overlay_grants;
mod query;
mod retention;
mod schema;
mod session_cache;
mod session_destinations;
mod sessions;
mod starts;
mod thrown;
mod webhooks;

pub use backup::{RestoreError, restore};
pub use connect::StoreCredentials;
pub use schema::{NewerSchema, Upgrade, known_schema};

use super::{Store, StoreError};
use crate::domain::session::Session;
use async_trait::async_trait;
use serde_json::json;
use session_cache::SessionCache;
use std::sync::Arc;
use surrealdb::{Surreal, engine::any::Any};

/// An open store; clones share it.
#[derive(Debug, Clone)]
pub struct SurrealStore {
    client: Surreal<Any>,
    /// Only where no other process writes.
    cache: Option<Arc<SessionCache<Arc<Session>>>>,
    upgrade: Option<Upgrade>,
}

impl SurrealStore {
    /// Opens `surrealkv://folder`, `mem://` or `ws://host:port` and brings the schema up.
    ///
    /// # Errors
    /// The address cannot be opened, another process holds the folder for ten seconds more, the server refuses the
    /// credentials, or a newer Footlight wrote the store ([`NewerSchema`] as the source).
    pub async fn open(address: &str, credentials: Option<&StoreCredentials>) -> Result<Self, StoreError> {
        let client = connect::enter(address, credentials).await?;
        let cache = (!connect::is_shared(address)).then(Arc::default);
        let mut store = Self { client, cache, upgrade: None };
        store.upgrade = schema::migrate(&store).await?;
        Ok(store)
    }

    /// What opening it changed, if an earlier Footlight had written it.
    pub const fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade
    }
}

#[async_trait]
impl Store for SurrealStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.run("RETURN true", json!({})).await
    }

    async fn draining(&self) -> Result<bool, StoreError> {
        // The record is not there until an administrator sets it for the first time.
        self.read("RETURN (SELECT VALUE draining FROM ONLY setting:house) ?? false", json!({})).await
    }

    async fn set_draining(&self, draining: bool) -> Result<(), StoreError> {
        self.run("UPSERT setting:house SET draining = $draining RETURN NONE", json!({ "draining": draining })).await
    }
}
