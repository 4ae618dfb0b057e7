//! The egresses on disk: what survives a kill -9. One JSON file each, as `ListEgress` shows it; ended ones for a day.

use crate::egress::{account::Account, clock};
use anyhow::Context as _;
use livekit_protocol::{EgressInfo, EgressStatus};
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
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match fs::read(&path).map_err(anyhow::Error::from).and_then(|bytes| Ok(serde_json::from_slice::<EgressInfo>(&bytes)?)) {
                Ok(info) => all.push(info),
                Err(error) => tracing::warn!(file = %path.display(), %error, "ledger entry not readable"),
            }
        }
        all.sort_by_key(|info| info.started_at);
        Ok(all)
    }

    /// Writes an egress down; a failure is logged, the show goes on.
    pub fn write(&self, info: &EgressInfo) {
        if let Err(error) = self.try_write(info) {
            tracing::error!(egress = info.egress_id, %error, "ledger not written");
        }
    }

    fn try_write(&self, info: &EgressInfo) -> anyhow::Result<()> {
        let fresh = self.folder.join(format!("{}.new", info.egress_id));
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(info)?)?;
        Ok(fs::rename(fresh, self.path(&info.egress_id))?)
    }

    /// Forgets an egress.
    pub fn forget(&self, egress_id: &str) {
        // Gone already is as good.
        let _ = fs::remove_file(self.path(egress_id));
    }

    fn path(&self, egress_id: &str) -> PathBuf {
        self.folder.join(format!("{egress_id}.json"))
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
