//! The unprivileged account: a worker that is started as root gives that up for good, and says what Chromium's sandbox can do here.

use anyhow::Context as _;
use nix::{
    sys::prctl::set_dumpable,
    unistd::{Gid, Uid, User, chown, geteuid, setgid, setgroups, setuid},
};
use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
    process::{Command, Stdio},
};

/// Whom the worker becomes.
#[derive(Debug, Clone, Copy)]
pub struct ServiceAccount {
    uid: Uid,
    gid: Gid,
}

impl ServiceAccount {
    /// The account to drop to; `None` where the worker is unprivileged already.
    ///
    /// # Errors
    /// There is no such user, or it is root.
    pub fn by_name(name: &str) -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let user = User::from_name(name)?.with_context(|| format!("FOOTLIGHT_EGRESS_USER: there is no user {name}"))?;
        anyhow::ensure!(!user.uid.is_root(), "FOOTLIGHT_EGRESS_USER must not be root: Chromium's sandbox and yours would be off");
        Ok(Some(Self { uid: user.uid, gid: user.gid }))
    }

    /// Gives a path to the account.
    ///
    /// # Errors
    /// The system refuses.
    pub fn chown(self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).with_context(|| format!("giving {} to the egress account", path.display()))
    }

    /// Becomes the account, in every thread and for good.
    ///
    /// # Errors
    /// The system refuses.
    pub fn switch_to(self) -> anyhow::Result<()> {
        setgroups(&[])?;
        setgid(self.gid)?;
        setuid(self.uid)?;
        anyhow::ensure!(setuid(Uid::from_raw(0)).is_err(), "root could be taken back");
        Ok(())
    }
}

/// Closes our memory and environment, which hold the API secret, to processes of the same account: a captured page's browser is one.
///
/// # Errors
/// The system refuses.
pub fn forbid_dumps() -> anyhow::Result<()> {
    Ok(set_dumpable(false)?)
}

/// Makes the folder of all private folders, or checks that an existing one is nobody else's.
///
/// # Errors
/// Somebody else owns it, or it cannot be made.
pub fn make_scratch(folder: &Path) -> anyhow::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder)?;
            let safe = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode().trailing_zeros() >= 6;
            anyhow::ensure!(safe, "{} exists and is not a private folder of the egress account", folder.display());
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("making {}", folder.display())),
    }
}

/// Whether Chromium can put its pages in its sandbox here: by user namespaces of its own, or by the helper that is installed beside it.
pub fn sandbox_works(chromium: &Path) -> bool {
    let helper = chromium.with_file_name("chrome-sandbox");
    if fs::metadata(helper).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o4000 != 0) {
        return true;
    }
    let mut probe = Command::new("unshare");
    probe.args(["--user", "--pid", "--fork", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}
