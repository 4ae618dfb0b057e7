//! Reaching the engine. A folder belongs to one process at a time: who starts while the last one is still closing waits.

use crate::server::store::StoreError;
use std::time::Duration;
use surrealdb::{Surreal, engine::any::Any};
use tokio::time::Instant;

/// How long an embedded store may still be held by a process on its way out.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn connect(address: &str) -> Result<Surreal<Any>, StoreError> {
    let deadline = Instant::now() + PATIENCE;
    let mut is_told = false;
    loop {
        match surrealdb::engine::any::connect(address).await {
            Ok(client) => return Ok(client),
            Err(error) if is_held(&error) && Instant::now() < deadline => {
                if !is_told {
                    tracing::info!("the store is still held by another process; waiting for it to close");
                    is_told = true;
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
