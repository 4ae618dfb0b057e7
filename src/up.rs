//! `footlight up`: the whole studio as one foreground command. Starts, watches, restarts and stops the roles;
//! it does not know what a role does.

mod child;
mod health;
mod livekit;
mod logs;
mod media;
pub mod parent_watch;
mod ports;
mod roles;
mod secrets;
pub mod setup;
mod supervisor;

use crate::config::{env::Env, folder::make_private, up::UpConfig};
use anyhow::Context as _;
use std::{fs::File, path::Path};
use supervisor::Supervisor;

/// Runs the studio until it gets a signal, then stops every role in order.
///
/// # Errors
/// The configuration is malformed, a port is taken, a program is missing, or a role does not start.
pub async fn run(env: &Env) -> anyhow::Result<()> {
    let config = UpConfig::from_env(env)?;
    make_private(&config.data)?;
    let _lock = lock(&config.data)?;
    ports::check(&config).await?;
    let secrets = secrets::load_or_make(env, &config)?;
    let media = media::find(&config).await?;
    livekit::write_config(&config, &secrets, media)?;
    let logs = config.data.join("logs");
    make_private(&logs)?;
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    let roles = roles::all(&config, &secrets, env, &program, livekit::turn(&config, media))?;
    Supervisor::new(config, roles, logs).run().await
}

/// Held while the studio runs, because two studios cannot share one data folder.
fn lock(data: &Path) -> anyhow::Result<File> {
    let file = File::create(data.join("up.lock")).context("the lock file in the data folder cannot be created")?;
    anyhow::ensure!(
        file.try_lock().is_ok(),
        "another studio already uses {}: stop it, or give this one its own folder in FOOTLIGHT_DATA",
        data.display()
    );
    Ok(file)
}
