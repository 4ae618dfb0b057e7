//! Brings the database to this program's schema, version by version, and refuses one that a later program wrote.

use super::{SurrealStore, query::DbError};
use crate::server::store::StoreError;
use serde_json::json;

/// Every version's statements, the first one first. Released ones are never edited.
const VERSIONS: [&str; 5] = [
    include_str!("../schema.surql"),
    include_str!("../schema-2.surql"),
    include_str!("../schema-3.surql"),
    include_str!("../schema-4.surql"),
    include_str!("../schema-5.surql"),
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

/// Applies what is missing, each version in one transaction with its record.
pub(super) async fn migrate(store: &SurrealStore) -> Result<(), StoreError> {
    store
        .run("DEFINE TABLE IF NOT EXISTS migration SCHEMAFULL; DEFINE FIELD IF NOT EXISTS version ON migration TYPE int", json!({}))
        .await?;
    let found = found(store).await?;
    if found > VERSIONS.len() {
        return Err(StoreError::Failed(Box::new(NewerSchema { found, known: VERSIONS.len() })));
    }
    for (index, statements) in VERSIONS.iter().enumerate().skip(found) {
        let version = index + 1;
        let sql = format!("BEGIN; CREATE type::record('migration', $version) SET version = $version; {statements} COMMIT;");
        match store.attempt(&sql, &json!({ "version": version })).await {
            Ok(_) => tracing::info!(version, "the store's schema was brought up"),
            // Another replica is doing the same: it either finishes this version or leaves it undone.
            Err(DbError::Exists | DbError::Conflict(_)) if self::found(store).await? >= version => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

async fn found(store: &SurrealStore) -> Result<usize, StoreError> {
    let versions: Vec<usize> = store.read("SELECT VALUE version FROM migration", json!({})).await?;
    Ok(versions.into_iter().max().unwrap_or(0))
}
