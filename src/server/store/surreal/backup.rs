//! A copy of the whole store: the engine's own export, taken within one transaction, and its import into an empty store.

use super::{SurrealStore, connect, schema};
use crate::server::store::{BackupStore, StoreContents, StoreError, StoreExport};
use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Value, json};
use std::path::Path;

/// Why a copy was not made into a store.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Something is stored there.
    #[error("the store at {0} is not empty: move it away, or set FOOTLIGHT_DATA to another folder")]
    NotEmpty(String),
    /// A database server restores itself.
    #[error("the store {0} is a database server, which restores its own backups: use `surreal import`")]
    Server(String),
    #[error("the backup was not restored whole: delete the store at {0} and try again")]
    Broken(String, #[source] Box<surrealdb::Error>),
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
}

#[async_trait]
impl BackupStore for SurrealStore {
    async fn contents(&self) -> Result<StoreContents, StoreError> {
        // Every sealed key is looked at, as a rotation does.
        let sql = "RETURN array::sort(array::distinct(array::concat(
            (SELECT VALUE document.key.key_id FROM destination),
            array::flatten((SELECT VALUE sealed.key.key_id FROM session_keys)),
            (SELECT VALUE sealed.key_id FROM credential)
        )))";
        let sealed_with = self.read(sql, json!({})).await?;
        Ok(StoreContents { schema: schema::found(self).await?, sealed_with })
    }

    async fn export(&self) -> Result<StoreExport, StoreError> {
        if self.cache.is_none() {
            return Err(StoreError::ServerBackup);
        }
        let failed = |error: surrealdb::Error| StoreError::Failed(Box::new(error));
        let parts = self.client.export(()).await.map_err(failed)?;
        Ok(parts.map(move |part| part.map_err(failed)).boxed())
    }
}

/// Makes a store from a copy: `file` holds the statements of [`BackupStore::export`]. An earlier schema is upgraded.
///
/// # Errors
/// The store is not empty, is behind a socket, or cannot be opened; or the statements do not run.
pub async fn restore(address: &str, file: &Path) -> Result<SurrealStore, RestoreError> {
    if connect::is_shared(address) {
        return Err(RestoreError::Server(address.to_owned()));
    }
    let client = connect::enter(address, None).await?;
    let store = SurrealStore { client, cache: Some(std::sync::Arc::default()), upgrade: None };
    let info: Value = store.read("INFO FOR DB", json!({})).await?;
    if info["tables"].as_object().is_none_or(|tables| !tables.is_empty()) {
        return Err(RestoreError::NotEmpty(address.to_owned()));
    }
    store.client.import(file).await.map_err(|error| RestoreError::Broken(address.to_owned(), Box::new(error)))?;
    let upgrade = schema::migrate(&store).await?;
    Ok(SurrealStore { upgrade, ..store })
}
