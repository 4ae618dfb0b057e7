//! A backup of the store while it is used.

use super::OperatorCommands;
use crate::{
    api::{admin_socket::BackupContents, error::ErrorCode},
    server::{
        error::{StudioError, StudioResult, chain},
        store::{StoreContents, StoreError, StoreExport},
    },
};
use futures::{StreamExt, stream::BoxStream};
use std::io;

impl OperatorCommands {
    /// What a backup has to say about itself.
    ///
    /// # Errors
    /// The store failed.
    pub async fn backup_contents(&self) -> StudioResult<BackupContents> {
        let StoreContents { schema, sealed_with } = self.ports.store.contents().await?;
        Ok(BackupContents { schema, sealed_with })
    }

    /// The store as it is at this moment, as statements that make it again.
    ///
    /// # Errors
    /// The store is a database server, or failed.
    pub async fn backup(&self) -> StudioResult<BoxStream<'static, io::Result<Vec<u8>>>> {
        let parts: StoreExport = self.ports.store.export().await.map_err(|error| match error {
            StoreError::ServerBackup => {
                let message = "The store is a database server, which takes its own backups: use `surreal export`.";
                StudioError::refused(ErrorCode::Conflict, message)
            }
            other => other.into(),
        })?;
        tracing::info!("a backup is being taken");
        Ok(parts.map(|part| part.map_err(|error| io::Error::other(chain(&error)))).boxed())
    }
}
