//! Brings the database to this program's schema, version by version, and refuses one that a later program wrote.

use super::{SurrealStore, query::DbError};
use crate::server::store::StoreError;
use serde_json::json;

/// Every version's statements, the first one first. Released ones are never edited.
const VERSIONS: [&str; 6] = [
    include_str!("../schema.surql"),
    include_str!("../schema-2.surql"),
    include_str!("../schema-3.surql"),
    include_str!("../schema-4.surql"),
    include_str!("../schema-5.surql"),
    include_str!("../schema-6.surql"),
];

/// The database is of a later program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store has schema {found}, and this Footlight knows schemas up to {known}: start the newer Footlight that wrote it, or restore a backup"
)]
pub struct NewerSchema {
    found: usize,
    known: usize,
}

impl NewerSchema {
    /// Refuses a schema that this program does not know.
    ///
    /// # Errors
    /// It is a later one.
    pub const fn refuse(found: usize) -> Result<(), Self> {
        let known = known_schema();
        if found > known { Err(Self { found, known }) } else { Ok(()) }
    }
}

/// What opening a store changed: it had an earlier schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgrade {
    pub from: usize,
    pub to: usize,
}

/// The newest schema that this program knows.
pub const fn known_schema() -> usize {
    VERSIONS.len()
}

/// Applies what is missing, each version in one transaction with its record. `None` where nothing is, and for a new store.
pub(super) async fn migrate(store: &SurrealStore) -> Result<Option<Upgrade>, StoreError> {
    store
        .run("DEFINE TABLE IF NOT EXISTS migration SCHEMAFULL; DEFINE FIELD IF NOT EXISTS version ON migration TYPE int", json!({}))
        .await?;
    let found = found(store).await?;
    NewerSchema::refuse(found).map_err(|newer| StoreError::Failed(Box::new(newer)))?;
    for (index, statements) in VERSIONS.iter().enumerate().skip(found) {
        let version = index + 1;
        let sql = format!("BEGIN; CREATE type::record('migration', $version) SET version = $version; {statements} COMMIT;");
        match store.attempt(&sql, &json!({ "version": version })).await {
            Ok(_) => tracing::debug!(version, "the store's schema was brought up"),
            // Another replica is doing the same: it either finishes this version or leaves it undone.
            Err(DbError::Exists | DbError::Conflict(_)) if self::found(store).await? >= version => {}
            Err(other) => return Err(other.into()),
        }
    }
    let to = known_schema();
    if found == 0 || found == to {
        return Ok(None);
    }
    tracing::info!(from = found, to, "the store was written by an earlier Footlight: its schema was upgraded");
    Ok(Some(Upgrade { from: found, to }))
}

/// The store's own schema; 0 for a new store.
pub(super) async fn found(store: &SurrealStore) -> Result<usize, StoreError> {
    let versions: Vec<usize> = store.read("SELECT VALUE version FROM migration", json!({})).await?;
    Ok(versions.into_iter().max().unwrap_or(0))
}
