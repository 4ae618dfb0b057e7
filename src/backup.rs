//! `footlight backup FILE`: the store of the running server, as it is at one moment, and on request the recordings of this machine, in
//! one file that only its owner can read. `footlight restore FILE` makes an empty store from it. The layout is in [`archive`].

pub mod archive;
mod restore;

pub use restore::restore;

use crate::{
    admin,
    api::admin_socket::{AdminCommand, AdminReply},
    config::env::Env,
    net::clock::now,
};
use anyhow::{Context as _, bail};
use archive::{FORMAT, Manifest, RECORDINGS, STORE, Writer};
use futures::TryStreamExt as _;
use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// Bytes of the store in one part.
const PART: usize = 4 * 1024 * 1024;

/// Writes a backup.
///
/// # Errors
/// No server runs with this data folder, it could not send its store whole, or the file is there or cannot be written.
pub async fn backup(env: &Env, file: &Path, recordings: bool) -> anyhow::Result<()> {
    if file.exists() {
        bail!("{} is there already: choose another name", file.display());
    }
    let AdminReply::Contents(contents) = admin::send(env, "order", &AdminCommand::Contents).await?.json().await? else {
        bail!("the server answered something else: it may be another version");
    };
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: contents.schema,
        sealed_with: contents.sealed_with,
        made_at: now(),
        recordings,
    };
    // Under its name only when it is whole.
    let mut partial = OsString::from(file);
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let done = write(env, &partial, &manifest).await;
    if let Err(error) = done {
        let _ = fs::remove_file(&partial);
        return Err(error.context("the backup was not written"));
    }
    fs::rename(&partial, file).with_context(|| format!("{} cannot be written", file.display()))?;
    println!("{} was written: schema {}, {} MB.", file.display(), manifest.schema, fs::metadata(file)?.len().div_ceil(1_000_000));
    println!("The keys that open its stream keys are not in it. Keep secrets.env of the data folder in another place.");
    Ok(())
}

async fn write(env: &Env, file: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let mut writer = Writer::create(file, manifest).with_context(|| format!("{} cannot be written", file.display()))?;
    let answer = admin::send(env, "backup", &()).await?;
    let mut parts = answer.bytes_stream();
    let (mut held, mut number) = (Vec::new(), 0);
    while let Some(bytes) = parts.try_next().await.map_err(reqwest::Error::without_url).context("the server broke off")? {
        held.extend_from_slice(&bytes);
        if held.len() >= PART {
            writer.add(&format!("{STORE}{number:06}.surql"), &held)?;
            (held, number) = (Vec::new(), number + 1);
        }
    }
    writer.add(&format!("{STORE}{number:06}.surql"), &held)?;
    if manifest.recordings {
        add_recordings(&mut writer, &env.data_folder()?.join("recordings"))?;
    }
    Ok(writer.finish()?)
}

/// Recordings that are being written are taken as far as they are. What vanishes meanwhile was deleted.
fn add_recordings(writer: &mut Writer, folder: &Path) -> anyhow::Result<()> {
    let all = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there are no recordings in {}: they are where the relay runs", folder.display())
        }
        all => all.with_context(|| format!("{} cannot be read", folder.display()))?,
    };
    for recording in all {
        let recording = recording?;
        if !recording.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(recording.path())? {
            let file = file?;
            let name = format!("{RECORDINGS}{}/{}", recording.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            if !archive::is_recording(&name) {
                continue;
            }
            match fs::read(file.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                bytes => writer.add(&name, &bytes?)?,
            }
        }
    }
    Ok(())
}
