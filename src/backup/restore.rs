//! Makes an empty store from a backup. Everything that can be refused is refused before anything is written.

use super::archive::{self, RECORDINGS, STORE};
use crate::{
    config::{env::Env, folder::make_private, restore::RestoreConfig},
    server::{
        admin_socket::socket,
        store::surreal::{NewerSchema, SurrealStore, Upgrade, restore as import},
        vault::{Vault, parse_master_key},
    },
};
use anyhow::{Context as _, bail};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::{fs::OpenOptionsExt as _, net::UnixStream},
    path::Path,
};

/// Restores a backup into the data folder.
///
/// # Errors
/// The backup is damaged, of a newer Footlight, or sealed with a key that is not configured; a server runs; or the store is not empty.
pub async fn restore(env: &Env, file: &Path) -> anyhow::Result<()> {
    let config = RestoreConfig::from_env(env)?;
    let manifest = archive::read(file, |_, _| Ok(()))?;
    NewerSchema::refuse(manifest.schema)?;
    refuse_unknown_keys(&config, &manifest.sealed_with)?;
    if UnixStream::connect(socket(&config.data)).is_ok() {
        bail!("a server runs with the data folder {}: stop it first", config.data.display());
    }
    make_private(&config.data)?;
    let statements = config.data.join("restore.surql");
    let restored = async {
        unpack(file, &config.data, &statements)?;
        Ok::<_, anyhow::Error>(import(&config.store, &statements).await?)
    };
    let restored = restored.await;
    let _ = fs::remove_file(&statements);
    let store: SurrealStore = restored?;
    println!("The backup of {} was restored into {}.", manifest.made_at.to_rfc3339(), config.data.display());
    if let Some(Upgrade { from, to }) = store.upgrade() {
        println!("Its schema was upgraded from {from} to {to}.");
    }
    if !manifest.recordings {
        println!("Recordings are not in it.");
    }
    Ok(())
}

fn refuse_unknown_keys(config: &RestoreConfig, sealed_with: &[String]) -> anyhow::Result<()> {
    let mut keys = config.master_keys.iter().map(|key| parse_master_key(key.expose()));
    let vault = match keys.next() {
        Some(current) => Some(Vault::new(current?, keys.collect::<Result<_, _>>()?)),
        None => None,
    };
    for id in sealed_with {
        if !vault.as_ref().is_some_and(|vault| vault.knows(id)) {
            let own = vault
                .as_ref()
                .map_or_else(|| "none is configured".to_owned(), |vault| format!("the configured one is {}", vault.current()));
            bail!(
                "stream keys in the backup are sealed with the master key {id}, and {own}: set STREAM_KEY_ENCRYPTION_KEY to it, or put the \
                 secrets.env of the old data folder into {}",
                config.data.display()
            );
        }
    }
    Ok(())
}

/// The store's parts joined into one file, and the recordings in their folders. A recording that is there already stays as it is.
fn unpack(file: &Path, data: &Path, statements: &Path) -> anyhow::Result<()> {
    let mut joined = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(statements)?;
    archive::read(file, |name, bytes| {
        if name.starts_with(STORE) {
            return Ok(joined.write_all(bytes)?);
        }
        if name.starts_with(RECORDINGS) {
            let path = data.join(name);
            make_private(path.parent().with_context(|| format!("{name} has no folder"))?)?;
            if !path.exists() {
                fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
        Ok(())
    })?;
    Ok(joined.sync_all()?)
}
