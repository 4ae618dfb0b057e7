//! Egress state on disk, so that it survives a kill -9: one JSON file per egress, as `ListEgress` shows it, kept for a day after its end.
//! Its last webhook is kept beside it until it is delivered. On disk the folder is called ledger, and a webhook's file ends with owed.

use crate::{config::folder::make_private, egress::privileges::ServiceAccount, net::clock};
use anyhow::Context as _;
use livekit_protocol::{EgressInfo, EgressStatus, WebhookEvent};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

/// How long an ended egress stays listed.
pub const RETENTION_NANOS: i64 = 24 * 3600 * 1_000_000_000;

/// The last webhook of an egress, not yet delivered to all receivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingWebhook {
    pub egress_id: String,
    /// The event's id, by which a receiver recognises a repetition.
    pub event_id: String,
    /// The body as it is posted.
    pub body: String,
}

/// The state folder, locked by one worker at a time.
pub struct StateStore {
    /// The folder by its open handle: the unprivileged account may not enter the folders above.
    folder: PathBuf,
    _handle: File,
    _lock: nix::fcntl::Flock<File>,
}

impl StateStore {
    /// Opens and locks the folder.
    ///
    /// # Errors
    /// The folder cannot be used, or another worker has it.
    pub fn open(data: &Path, account: Option<ServiceAccount>) -> anyhow::Result<Self> {
        let folder = data.join("ledger");
        let unusable = |path: &Path| format!("{} cannot be written (FOOTLIGHT_DATA names the data folder)", path.display());
        make_private(data).with_context(|| unusable(data))?;
        // It may be the unprivileged account's since an earlier run.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(|| unusable(&folder))?;
        let lock = data.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock).with_context(|| unusable(&lock))?;
        let lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
            nix::errno::Errno::EWOULDBLOCK => {
                anyhow::anyhow!(
                    "another egress worker uses {}: set FOOTLIGHT_DATA to a folder that belongs to this one alone",
                    data.display()
                )
            }
            error => anyhow::anyhow!("{} cannot be locked: {error}", lock.display()),
        })?;
        if let Some(account) = account {
            account.chown(&folder)?;
            for entry in fs::read_dir(&folder)? {
                account.chown(&entry?.path())?;
            }
        }
        let handle = File::open(&folder).with_context(|| format!("opening {}", folder.display()))?;
        let store = Self { folder: PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd())), _handle: handle, _lock: lock };
        store.remove_partial();
        match store.replace_file("probe", "json", b"{}") {
            Ok(()) => store.remove("probe"),
            // Running egresses matter more than what is stored of them: go on, and say so.
            Err(error) if is_full(&error) => tracing::error!(%error, folder = %folder.display(), "no egress state can be stored"),
            Err(error) => return Err(error).with_context(|| unusable(&folder)),
        }
        Ok(store)
    }

    /// Removes what a killed worker was writing.
    fn remove_partial(&self) {
        for path in fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "new") {
                // It does no harm.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// All stored egresses, oldest first; unreadable files are skipped with a warning.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(&self) -> anyhow::Result<Vec<EgressInfo>> {
        let mut all: Vec<EgressInfo> = self.read("json")?;
        for pending in self.pending()? {
            // If the worker was killed between the two writes, the last webhook has the newer state.
            let last = serde_json::from_str::<WebhookEvent>(&pending.body).ok().and_then(|event| event.egress_info);
            if let (Some(info), Some(last)) = (all.iter_mut().find(|info| info.egress_id == pending.egress_id), last) {
                *info = last;
            }
        }
        all.sort_by_key(|info| info.started_at);
        Ok(all)
    }

    /// Webhooks that an earlier run did not deliver.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn pending(&self) -> anyhow::Result<Vec<PendingWebhook>> {
        self.read("owed")
    }

    fn read<T: serde::de::DeserializeOwned>(&self, kind: &str) -> anyhow::Result<Vec<T>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != kind) {
                continue;
            }
            match fs::read(&path).map_err(anyhow::Error::from).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)) {
                Ok(one) => found.push(one),
                Err(error) => tracing::warn!(file = %path.display(), %error, "stored egress is not readable"),
            }
        }
        Ok(found)
    }

    /// Stores an egress; a failure is only logged.
    pub fn write(&self, info: &EgressInfo) {
        self.write_file(&info.egress_id, "json", info);
    }

    /// Stores the last webhook of an egress before it is sent.
    pub fn add_pending(&self, pending: &PendingWebhook) {
        self.write_file(&pending.egress_id, "owed", pending);
    }

    /// Removes the last webhook once every receiver has it or was given up.
    pub fn ack(&self, egress_id: &str) {
        // It may not exist.
        let _ = fs::remove_file(self.path(egress_id, "owed"));
    }

    fn write_file(&self, egress_id: &str, kind: &str, what: &impl Serialize) {
        if let Err(error) = self.try_write_file(egress_id, kind, what) {
            tracing::error!(egress = egress_id, %error, "egress state was not written");
        }
    }

    fn try_write_file(&self, egress_id: &str, kind: &str, what: &impl Serialize) -> anyhow::Result<()> {
        Ok(self.replace_file(egress_id, kind, &serde_json::to_vec(what)?)?)
    }

    /// Writes a file as a whole or leaves the old one.
    fn replace_file(&self, egress_id: &str, kind: &str, bytes: &[u8]) -> std::io::Result<()> {
        let temporary = self.path(egress_id, "new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| fs::rename(&temporary, self.path(egress_id, kind)));
        written.inspect_err(|_| {
            // On a full disk every byte counts.
            let _ = fs::remove_file(&temporary);
        })
    }

    pub fn remove(&self, egress_id: &str) {
        // It may not exist.
        let _ = fs::remove_file(self.path(egress_id, "json"));
        self.ack(egress_id);
    }

    fn path(&self, egress_id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{egress_id}.{kind}"))
    }
}

/// Whether the egress has ended in any way.
pub fn is_over(info: &EgressInfo) -> bool {
    !matches!(
        EgressStatus::try_from(info.status),
        Ok(EgressStatus::EgressStarting | EgressStatus::EgressActive | EgressStatus::EgressEnding)
    )
}

/// Whether the egress ended so long ago that it is removed.
pub fn is_expired(info: &EgressInfo) -> bool {
    is_over(info) && clock::nanos() - info.ended_at > RETENTION_NANOS
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_state_folder_names_its_variable() {
        let outside = tempfile::tempdir().expect("a folder");
        let data = outside.path().join("egress");
        let store = StateStore::open(&data, None).expect("opened");
        let taken = StateStore::open(&data, None).err().expect("taken").to_string();
        assert!(taken.contains("another egress worker") && taken.contains("FOOTLIGHT_DATA"), "{taken}");
        drop(store);
        fs::write(data.join("ledger").join("EG_1.new"), "half").expect("written");
        let store = StateStore::open(&data, None).expect("opened again");
        assert_eq!(fs::read_dir(data.join("ledger")).expect("a folder").count(), 0, "nothing half written is left, and no probe");
        // A folder in the place of the file: the write fails, and leaves nothing.
        fs::create_dir(data.join("ledger").join("EG_2.json")).expect("made");
        store.write(&EgressInfo { egress_id: "EG_2".to_owned(), ..Default::default() });
        assert!(!data.join("ledger").join("EG_2.new").exists());
        drop(store);
        fs::remove_dir_all(&data).expect("deleted");
        fs::write(&data, "").expect("written");
        let error = format!("{:#}", StateStore::open(&data, None).err().expect("a file"));
        assert!(error.contains("FOOTLIGHT_DATA"), "{error}");
    }
}
