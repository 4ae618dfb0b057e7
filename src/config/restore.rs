//! Configuration of `footlight restore`: only what it needs, because on a new machine nothing else is set up yet.

use super::env::{ConfigError, Env};
use crate::domain::secret::Secret;
use std::path::PathBuf;

const KEY: &str = "STREAM_KEY_ENCRYPTION_KEY";

#[derive(Debug, Clone)]
pub struct RestoreConfig {
    pub data: PathBuf,
    /// The store's address, as `footlight serve` takes it.
    pub store: String,
    /// The keys that open stream keys; none where none is set up yet.
    pub master_keys: Vec<Secret>,
}

impl RestoreConfig {
    /// Reads it. The key that `footlight up` made is in `secrets.env` in the data folder.
    ///
    /// # Errors
    /// There is no data folder.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let data = env.data_folder()?;
        let made = std::fs::read_to_string(data.join("secrets.env")).unwrap_or_default();
        let made = made.lines().filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == KEY).map(|(_, key)| key.trim());
        let old = env.get("FOOTLIGHT_OLD_ENCRYPTION_KEYS").unwrap_or_default().split(',').map(str::trim);
        let keys = env.get(KEY).or(made).into_iter().chain(old).filter(|key| !key.is_empty());
        Ok(Self {
            master_keys: keys.map(Secret::new).collect(),
            store: env.get("FOOTLIGHT_STORE").map_or_else(|| format!("surrealkv://{}", data.join("store").display()), str::to_owned),
            data,
        })
    }
}
