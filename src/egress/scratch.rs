//! The folder of all private folders of egresses. It lies in a temporary folder, so it may be deleted under an idle worker: it is made
//! again before it is needed, and locked, because systemd-tmpfiles skips folders that somebody has locked.

use anyhow::Context as _;
use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg, OFlag},
    unistd::geteuid,
};
use parking_lot::Mutex;
use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// A worker that was just killed, or systemd-tmpfiles while it looks at the folder, holds the lock for a moment.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The scratch folder of one worker.
pub struct Scratch {
    folder: PathBuf,
    held: Mutex<Option<Held>>,
}

/// The folder by its open handle. It is the handle that is locked, so it stays open.
enum Held {
    Locked(Flock<File>),
    /// The file system knows no locks.
    Open(File),
}

impl Held {
    fn file(&self) -> &File {
        match self {
            Self::Locked(lock) => lock,
            Self::Open(file) => file,
        }
    }
}

impl Scratch {
    /// Makes and locks the folder.
    ///
    /// # Errors
    /// It cannot be made, belongs to another account, or another worker uses it.
    pub fn open(folder: &Path) -> anyhow::Result<Arc<Self>> {
        let scratch = Self { folder: folder.to_owned(), held: Mutex::new(None) };
        scratch.ensure()?;
        Ok(Arc::new(scratch))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder again if somebody has deleted it. May wait for a moment.
    ///
    /// # Errors
    /// Like [`Self::open`].
    pub fn ensure(&self) -> anyhow::Result<()> {
        let mut held = self.held.lock();
        let is_there = |held: &Held| {
            let (Ok(ours), Ok(found)) = (held.file().metadata(), fs::symlink_metadata(&self.folder)) else { return false };
            (ours.dev(), ours.ino()) == (found.dev(), found.ino())
        };
        if held.as_ref().is_some_and(is_there) {
            return Ok(());
        }
        if held.is_some() {
            tracing::warn!(folder = %self.folder.display(), "somebody has deleted the folder of the captures; making it again");
        }
        make_private(&self.folder)?;
        *held = Some(lock(&self.folder)?);
        Ok(())
    }

    /// [`Self::ensure`], for callers that may not wait.
    ///
    /// # Errors
    /// Like [`Self::open`].
    pub async fn ensure_from_task(self: &Arc<Self>) -> anyhow::Result<()> {
        let scratch = Arc::clone(self);
        tokio::task::spawn_blocking(move || scratch.ensure()).await?
    }

    /// Keeps the folder in its place also while no egress runs.
    pub async fn keep(self: Arc<Self>) {
        let mut logged = None;
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let problem = self.ensure_from_task().await.err().map(|error| format!("{error:#}"));
            if problem != logged {
                if let Some(problem) = &problem {
                    tracing::error!(problem, "no egress can start");
                }
                logged = problem;
            }
        }
    }
}

/// Creates the folder, or checks that an existing one belongs to us alone.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).with_context(|| format!("looking at {}", folder.display()))?;
            let safe = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode().trailing_zeros() >= 6;
            anyhow::ensure!(
                safe,
                "{} exists and is not a private folder of the egress account: remove it, or set FOOTLIGHT_EGRESS_SCRATCH to another",
                folder.display()
            );
            Ok(())
        }
        Err(error) => Err(error).with_context(|| not_made(folder)),
    }
}

/// The context of an error about a folder of a capture.
pub fn not_made(folder: &Path) -> String {
    format!(
        "{} cannot be made (FOOTLIGHT_EGRESS_SCRATCH names a folder with free space that the egress account can write)",
        folder.display()
    )
}

fn lock(folder: &Path) -> anyhow::Result<Held> {
    let until = Instant::now() + LOCK_TIMEOUT;
    let flags = (OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits();
    let mut file =
        OpenOptions::new().read(true).custom_flags(flags).open(folder).with_context(|| format!("opening {}", folder.display()))?;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Held::Locked(lock)),
            Err((back, Errno::EWOULDBLOCK)) if Instant::now() < until => {
                file = back;
                std::thread::sleep(Duration::from_millis(50));
            }
            Err((_, Errno::EWOULDBLOCK)) => anyhow::bail!(
                "another egress worker uses {}: set FOOTLIGHT_EGRESS_SCRATCH to a folder that belongs to this one alone",
                folder.display()
            ),
            Err((back, error)) => {
                tracing::warn!(folder = %folder.display(), %error, "the folder of the captures cannot be locked");
                return Ok(Held::Open(back));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_scratch_folder_is_made_and_locked_again() {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("scratch");
        let scratch = Scratch::open(&folder).expect("made");
        for _ in 0..2 {
            fs::remove_dir_all(&folder).expect("deleted");
            scratch.ensure().expect("made again");
            assert_eq!(fs::metadata(&folder).expect("there").mode() & 0o777, 0o700);
            let other = Scratch::open(&folder).err().expect("it is locked").to_string();
            assert!(other.contains("another egress worker") && other.contains("FOOTLIGHT_EGRESS_SCRATCH"), "{other}");
        }
        // What somebody else has put there in the meantime is not used.
        fs::remove_dir_all(&folder).expect("deleted");
        std::os::unix::fs::symlink(outside.path(), &folder).expect("a link");
        let refused = scratch.ensure().expect_err("a link").to_string();
        assert!(refused.contains("not a private folder"), "{refused}");
        fs::remove_file(&folder).expect("deleted");
        scratch.ensure().expect("made again");
        drop(scratch);
        Scratch::open(&folder).expect("its lock ends with it");
    }

    #[test]
    fn scratch_folder_that_cannot_be_made_names_its_variable() {
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("file"), "").expect("written");
        let error = Scratch::open(&outside.path().join("file/scratch")).err().expect("refused");
        assert!(format!("{error:#}").contains("FOOTLIGHT_EGRESS_SCRATCH"), "{error:#}");
    }
}
