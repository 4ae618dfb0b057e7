//! The unprivileged account: a worker that runs as root gives none of that to its children.

use anyhow::Context as _;
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
};

/// Whom the children run as.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Account {
    /// The account to drop to; `None` where the worker is unprivileged already.
    ///
    /// # Errors
    /// There is no such user, or it is root.
    pub fn to_drop_to(name: &str) -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let user = User::from_name(name)?.with_context(|| format!("FOOTLIGHT_EGRESS_USER: there is no user {name}"))?;
        anyhow::ensure!(!user.uid.is_root(), "FOOTLIGHT_EGRESS_USER must not be root: Chromium's sandbox and yours would be off");
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// Gives a path to the account.
    ///
    /// # Errors
    /// The system refuses.
    pub fn own(self, path: &Path) -> anyhow::Result<()> {
        Ok(chown(path, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))?)
    }
}

/// Makes the folder of all private folders, or checks that an existing one is nobody else's.
///
/// # Errors
/// Somebody else owns it, or it cannot be made.
pub fn make_scratch(folder: &Path, account: Option<Account>) -> anyhow::Result<()> {
    let owner = account.map_or_else(|| geteuid().as_raw(), |account| account.uid);
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => account.map_or(Ok(()), |account| account.own(folder)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder)?;
            let safe = found.is_dir() && found.uid() == owner && found.mode().trailing_zeros() >= 6;
            anyhow::ensure!(safe, "{} exists and is not a private folder of the egress account", folder.display());
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("making {}", folder.display())),
    }
}
