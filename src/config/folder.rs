//! The data folder, the folders in it and the secrets in those: for this account alone, whichever program makes them.

use anyhow::Context as _;
use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Nobody but the owner.
const PRIVATE: u32 = 0o700;

/// Makes a folder that only this account can enter, or makes an existing one so: password hashes, sealed keys and the audit log are
/// in it.
///
/// # Errors
/// It cannot be made, or it is open to others and belongs to another account.
pub fn make_private(path: &Path) -> anyhow::Result<()> {
    let created = DirBuilder::new().recursive(true).mode(PRIVATE).create(path);
    created.with_context(|| format!("the folder {} cannot be created", path.display()))?;
    let mode = fs::metadata(path).with_context(|| format!("the folder {} cannot be read", path.display()))?.permissions().mode();
    if mode & 0o777 == PRIVATE {
        return Ok(());
    }
    match fs::set_permissions(path, Permissions::from_mode(PRIVATE)) {
        // Another account gave us this folder, and shares it with nobody but us.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && mode.trailing_zeros() >= 3 => Ok(()),
        done => done.with_context(|| format!("the folder {} is open to others and belongs to another user", path.display())),
    }
}

/// Writes a file that only this account can read. After a crash it is the old or the new one.
///
/// # Errors
/// The folder cannot be written.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let write = || {
        // Removed first: the mode applies only to a new file.
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_private_whoever_made_it() {
        let base = tempfile::tempdir().expect("a folder");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let new = base.path().join("a/b");
        make_private(&new).expect("made");
        assert_eq!((mode(&new), mode(&base.path().join("a"))), (0o700, 0o700));
        let old = base.path().join("old");
        fs::create_dir(&old).expect("made");
        fs::set_permissions(&old, Permissions::from_mode(0o755)).expect("open");
        make_private(&old).expect("made private");
        assert_eq!(mode(&old), 0o700);
        let secret = old.join("secret.key");
        for text in ["first", "second"] {
            write_private(&secret, text).expect("written");
            assert_eq!((mode(&secret), fs::read_to_string(&secret).expect("there").as_str()), (0o600, text));
        }
    }
}
