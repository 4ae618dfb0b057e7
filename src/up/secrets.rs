//! The secrets of one studio: made once, kept in one file that only its owner reads, never printed.

use crate::config::{
    env::{ConfigError, Env},
    up::{LiveKit, UpConfig},
};
use anyhow::Context as _;
use rand::RngCore as _;
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

pub(super) const LIVEKIT_KEY: &str = "LIVEKIT_API_KEY";
pub(super) const LIVEKIT_SECRET: &str = "LIVEKIT_API_SECRET";
pub(super) const ENCRYPTION_KEY: &str = "STREAM_KEY_ENCRYPTION_KEY";
pub(super) const JWT_SECRET: &str = "STREAMING_JWT_SECRET";
pub(super) const RELAY_SECRET: &str = "FOOTLIGHT_RELAY_SECRET";
const NAMES: [&str; 5] = [LIVEKIT_KEY, LIVEKIT_SECRET, ENCRYPTION_KEY, JWT_SECRET, RELAY_SECRET];

/// Values by the name of their variable. No `Debug`: there is nothing in it that may be printed.
pub(super) struct Secrets(BTreeMap<&'static str, String>);

impl Secrets {
    /// One secret.
    pub(super) fn get(&self, name: &'static str) -> &str {
        self.0.get(name).expect("every name in NAMES was loaded or made")
    }
}

/// The environment's values where given, else the kept ones, else new ones, which are then kept.
///
/// # Errors
/// The file cannot be read or written, or LiveKit runs elsewhere and its key was not given.
pub(super) fn load_or_make(env: &Env, config: &UpConfig) -> anyhow::Result<Secrets> {
    if matches!(config.livekit, LiveKit::Elsewhere { .. }) {
        for name in [LIVEKIT_KEY, LIVEKIT_SECRET] {
            env.required(name, "LIVEKIT_URL names a server that runs elsewhere, so its key and secret are needed too")?;
        }
    }
    let path = config.data.join("secrets.env");
    let mut kept = read(&path)?;
    let mut made = false;
    let mut secrets = BTreeMap::new();
    for name in NAMES {
        let value = match env.get(name) {
            Some(given) => given.to_owned(),
            None => kept
                .entry(name.to_owned())
                .or_insert_with(|| {
                    made = true;
                    new_secret(name)
                })
                .clone(),
        };
        secrets.insert(name, value);
    }
    if secrets[LIVEKIT_SECRET].len() < 32 {
        return Err(ConfigError::Malformed { name: LIVEKIT_SECRET, expected: "32 characters or more".into() }.into());
    }
    if made {
        write(&path, &kept)?;
    }
    Ok(Secrets(secrets))
}

fn new_secret(name: &str) -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    if name == LIVEKIT_KEY { format!("FL{}", hex::encode(&bytes[..8])) } else { hex::encode(bytes) }
}

fn read(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    let mut kept = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once('=').with_context(|| format!("{} has a line without `=`", path.display()))?;
        kept.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(kept)
}

/// Written beside and renamed, so that a crash leaves the old file or the new one.
fn write(path: &Path, kept: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let mut text = String::from("# Made once by `footlight up`. Whoever loses STREAM_KEY_ENCRYPTION_KEY loses every saved stream key.\n");
    for (name, value) in kept {
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push('\n');
    }
    let _ = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .with_context(|| format!("{} cannot be written", beside.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn studio(pairs: &[(&str, &str)], data: &Path) -> (Env, UpConfig) {
        let data = data.to_string_lossy();
        let env = Env::of_pairs(pairs.iter().copied().chain([("FOOTLIGHT_DATA", &*data), ("HOME", "/nowhere")]));
        let config = UpConfig::from_env(&env).expect("config");
        (env, config)
    }

    #[test]
    fn secrets_are_generated_once_and_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let (env, config) = studio(&[], folder.path());
        let first = load_or_make(&env, &config).expect("made");
        let again = load_or_make(&env, &config).expect("kept");
        assert_eq!(first.0, again.0);
        assert_eq!(first.get(ENCRYPTION_KEY).len(), 64);
        let mode = std::fs::metadata(folder.path().join("secrets.env")).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn given_secret_is_used_and_not_stored() {
        let folder = tempfile::tempdir().expect("a folder");
        let (env, config) = studio(&[(RELAY_SECRET, "from the environment")], folder.path());
        assert_eq!(load_or_make(&env, &config).expect("given").get(RELAY_SECRET), "from the environment");
        assert!(!std::fs::read_to_string(folder.path().join("secrets.env")).expect("file").contains("from the environment"));
    }

    #[test]
    fn external_livekit_needs_key_and_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let (env, config) = studio(&[("LIVEKIT_URL", "wss://media.example")], folder.path());
        let error = load_or_make(&env, &config).err().expect("refused").to_string();
        assert!(error.starts_with(LIVEKIT_KEY), "{error}");
    }
}
