//! The private folder of one capture environment: made, checked, and waited for until it is gone.

use crate::egress::{
    capture::{ChildProcesses, ProcessKind},
    commands, reaper, scratch,
};
use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

const FOLDERS: [&str; 4] = ["home", "run", "tmp", "profile"];
/// In each of them. Programs make their folder again when somebody has deleted it, and go on without what was in it.
const MARK: &str = ".made-by-footlight";
/// The reaper needs at most five seconds.
const REAPER_TIMEOUT: Duration = Duration::from_secs(6);

/// Makes the folder with its folders, or nothing.
///
/// # Errors
/// It exists, or it cannot be made.
pub fn make(folder: &Path) -> anyhow::Result<()> {
    let make = |path: &Path| fs::DirBuilder::new().mode(0o700).create(path).with_context(|| scratch::not_made(path));
    make(folder)?;
    let fill = |name: &&str| {
        make(&folder.join(name))?;
        let mark = folder.join(name).join(MARK);
        fs::File::create(&mark).map(drop).with_context(|| scratch::not_made(&mark))
    };
    FOLDERS.iter().try_for_each(fill).inspect_err(|_| remove(folder))
}

/// Removes a folder that no process uses yet.
pub fn remove(folder: &Path) {
    // The next start of the worker removes what is left.
    let _ = fs::remove_dir_all(folder);
}

/// What somebody has deleted from the folder of a running environment: without it no encoder or browser process can be started.
pub fn missing(folder: &Path) -> Option<String> {
    let whole = ["xauth", reaper::DISPLAY_FILE].map(|name| folder.join(name));
    let whole = [folder.to_owned(), commands::sound_socket(folder)].into_iter().chain(whole).map(|path| (path.clone(), path));
    let marked = FOLDERS.map(|name| (folder.join(name), folder.join(name).join(MARK)));
    let deleted = whole.chain(marked).find(|(_, looked_at)| fs::symlink_metadata(looked_at).is_err());
    deleted.map(|(path, _)| format!("somebody has deleted {}", path.display()))
}

/// Waits until the reaper has ended every process and deleted the folder; if it was killed or stopped, does its work.
pub async fn wait_until_gone(folder: PathBuf, processes: &ChildProcesses) {
    let known = processes.lock().clone();
    let pid = |pid: u32| i32::try_from(pid).ok().map(Pid::from_raw);
    let reaper = known.iter().find(|(kind, _)| *kind == ProcessKind::Reaper).and_then(|found| pid(found.1));
    let gone = timeout(REAPER_TIMEOUT, async {
        while reaper.map_or_else(|| folder.exists(), is_running) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    if gone.await.is_err() {
        tracing::error!(environment = %folder.display(), "the reaper did not finish");
        // It may be stopped (SIGSTOP).
        let _ = reaper.map(|reaper| kill(reaper, Signal::SIGKILL));
    }
    // The folder alone does not tell: somebody else may have deleted it.
    if folder.exists() || known.iter().any(|(_, process)| pid(*process).is_some_and(is_running)) {
        let cleared = tokio::task::spawn_blocking(move || reaper::clear(&folder, reaper)).await;
        if cleared.is_err() {
            tracing::error!("cleaning up panicked");
        }
    }
}

/// Whether a process exists and is not a zombie.
fn is_running(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_folder_is_made_whole_or_not_at_all() {
        let outside = tempfile::tempdir().expect("a folder");
        let folder = outside.path().join("EG_1");
        make(&folder).expect("made");
        for name in ["xauth", reaper::DISPLAY_FILE, "sound"] {
            fs::write(folder.join(name), "").expect("written");
        }
        assert_eq!(missing(&folder), None);
        for name in ["sound", "xauth", "profile"] {
            let (path, aside) = (folder.join(name), outside.path().join(name));
            fs::rename(&path, &aside).expect("moved");
            assert!(missing(&folder).expect(name).ends_with(name), "{name}");
            fs::rename(&aside, &path).expect("moved");
        }
        let profile = folder.join("profile");
        fs::rename(&profile, outside.path().join("aside")).expect("moved");
        fs::create_dir(&profile).expect("made again by its browser");
        assert!(missing(&folder).expect("it is another one").ends_with("profile"));
        fs::remove_dir(&profile).expect("deleted");
        fs::rename(outside.path().join("aside"), &profile).expect("moved");
        let error = make(&folder).expect_err("it exists");
        assert!(format!("{error:#}").contains("FOOTLIGHT_EGRESS_SCRATCH"), "{error:#}");
        assert_eq!(missing(&folder), None, "an existing one is left alone");
        make(&outside.path().join("nowhere/EG_2")).expect_err("no scratch folder");
        fs::remove_dir_all(&folder).expect("deleted");
        assert!(missing(&folder).expect("all of it").ends_with("EG_1"));
    }
}
