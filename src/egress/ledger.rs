//! The egresses on disk: what survives a kill -9. One JSON file each, as `ListEgress` shows it; ended ones for a day. Beside
//! it, until it is delivered, the last word about each.

use crate::egress::{account::Account, clock};
use anyhow::Context as _;
use livekit_protocol::{EgressInfo, EgressStatus, WebhookEvent};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::{
        fd::AsRawFd as _,
        unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

/// How long an ended egress stays listed.
pub const KEPT_NANOS: i64 = 24 * 3600 * 1_000_000_000;

/// The last event of an egress, on its way to the receivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Whose.
    pub egress_id: String,
    /// The event's own id: a receiver that has it knows it by that.
    pub event_id: String,
    /// As it is posted.
    pub body: String,
}

/// The folder of the ledger, held by one worker at a time.
pub struct Ledger {
    /// By its open handle: the account that the worker drops to may not enter the folders above.
    folder: PathBuf,
    _handle: File,
    _lock: nix::fcntl::Flock<File>,
}

impl Ledger {
    /// Opens the ledger and locks it.
    ///
    /// # Errors
    /// The folder cannot be used, or another worker has it.
    pub fn open(data: &Path, account: Option<Account>) -> anyhow::Result<Self> {
        let folder = data.join("ledger");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(|| format!("making {}", folder.display()))?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(data.join("lock"))?;
        let lock = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock)
            .map_err(|_| anyhow::anyhow!("another egress worker uses {}", data.display()))?;
        if let Some(account) = account {
            account.own(&folder)?;
            for entry in fs::read_dir(&folder)? {
                account.own(&entry?.path())?;
            }
        }
        let handle = File::open(&folder)?;
        let folder = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
        Ok(Self { folder, _handle: handle, _lock: lock })
    }

    /// Every egress written down, oldest first; unreadable files are left out with a warning.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(&self) -> anyhow::Result<Vec<EgressInfo>> {
        let mut all: Vec<EgressInfo> = self.read("json")?;
        for owed in self.owed()? {
            // Killed after the last word was written and before the rest was: that word stands.
            let last = serde_json::from_str::<WebhookEvent>(&owed.body).ok().and_then(|event| event.egress_info);
            if let (Some(info), Some(last)) = (all.iter_mut().find(|info| info.egress_id == owed.egress_id), last) {
                *info = last;
            }
        }
        all.sort_by_key(|info| info.started_at);
        Ok(all)
    }

    /// What an earlier run still had to tell.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn owed(&self) -> anyhow::Result<Vec<Owed>> {
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
                Err(error) => tracing::warn!(file = %path.display(), %error, "ledger entry not readable"),
            }
        }
        Ok(found)
    }

    /// Writes an egress down; a failure is logged, the show goes on.
    pub fn write(&self, info: &EgressInfo) {
        self.keep(&info.egress_id, "json", info);
    }

    /// Writes the last word about an egress down, before it goes out.
    pub fn owe(&self, owed: &Owed) {
        self.keep(&owed.egress_id, "owed", owed);
    }

    /// Every receiver has the last word, or is given up.
    pub fn settle(&self, egress_id: &str) {
        // Gone already is as good.
        let _ = fs::remove_file(self.path(egress_id, "owed"));
    }

    fn keep(&self, egress_id: &str, kind: &str, what: &impl Serialize) {
        if let Err(error) = self.try_keep(egress_id, kind, what) {
            tracing::error!(egress = egress_id, %error, "ledger not written");
        }
    }

    fn try_keep(&self, egress_id: &str, kind: &str, what: &impl Serialize) -> anyhow::Result<()> {
        let fresh = self.path(egress_id, "new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(what)?)?;
        Ok(fs::rename(fresh, self.path(egress_id, kind))?)
    }

    /// Forgets an egress.
    pub fn forget(&self, egress_id: &str) {
        // Gone already is as good.
        let _ = fs::remove_file(self.path(egress_id, "json"));
        self.settle(egress_id);
    }

    fn path(&self, egress_id: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{egress_id}.{kind}"))
    }
}

/// Whether the egress has ended, whatever way.
pub fn is_over(info: &EgressInfo) -> bool {
    !matches!(
        EgressStatus::try_from(info.status),
        Ok(EgressStatus::EgressStarting | EgressStatus::EgressActive | EgressStatus::EgressEnding)
    )
}

/// Whether the egress ended so long ago that it is forgotten.
pub fn is_old(info: &EgressInfo) -> bool {
    is_over(info) && clock::nanos() - info.ended_at > KEPT_NANOS
}
