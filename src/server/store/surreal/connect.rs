//! Reaching the engine. A folder belongs to one process at a time: who starts while the last one is still closing waits.

use crate::server::store::StoreError;
use std::time::Duration;
use surrealdb::{Surreal, engine::any::Any, opt::auth::Root};
use tokio::time::Instant;

/// How long an embedded store may still be held by a process on its way out.
const TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Namespace and database, on every engine.
const NAME: &str = "footlight";

/// Who signs in to a database server. An embedded database asks nobody.
#[derive(Clone)]
pub struct StoreCredentials {
    /// The server's root user.
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for StoreCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoreCredentials({})", self.username)
    }
}

/// Signed in, and in our own database.
pub(super) async fn enter(address: &str, credentials: Option<&StoreCredentials>) -> Result<Surreal<Any>, StoreError> {
    let failed = |error: surrealdb::Error| StoreError::Failed(Box::new(error));
    let client = connect(address).await?;
    if let Some(StoreCredentials { username, password }) = credentials {
        let root = Root { username: username.clone(), password: password.clone() };
        client.signin(root).await.map_err(failed)?;
    }
    client.query(format!("DEFINE NAMESPACE IF NOT EXISTS {NAME}")).await.and_then(surrealdb::IndexedResults::check).map_err(failed)?;
    client.use_ns(NAME).await.map_err(failed)?;
    client.query(format!("DEFINE DATABASE IF NOT EXISTS {NAME}")).await.and_then(surrealdb::IndexedResults::check).map_err(failed)?;
    client.use_db(NAME).await.map_err(failed)?;
    Ok(client)
}

/// Whether other processes may write to the same database: one behind a socket. A folder is locked, memory is our own.
pub(super) fn is_shared(address: &str) -> bool {
    !["mem:", "surrealkv:"].iter().any(|embedded| address.starts_with(embedded))
}

async fn connect(address: &str) -> Result<Surreal<Any>, StoreError> {
    let deadline = Instant::now() + TIMEOUT;
    let mut is_logged = false;
    loop {
        match surrealdb::engine::any::connect(address).await {
            Ok(client) => return Ok(client),
            Err(error) if is_held(&error) && Instant::now() < deadline => {
                if !is_logged {
                    tracing::info!("the store is still held by another process; waiting for it to close");
                    is_logged = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(StoreError::Failed(Box::new(error))),
        }
    }
}

/// The engine has no code for it, only these words (surrealkv 0.21, `lockfile.rs`).
fn is_held(error: &surrealdb::Error) -> bool {
    error.to_string().contains("already locked")
}
