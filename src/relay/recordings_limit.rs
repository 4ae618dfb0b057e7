//! Keeps the recordings within their disk space. Whose recordings take the most loses the oldest of them first, so that nobody's
//! long shows push out the recordings of others.

use crate::config::relay::Limits;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The file in a recording's folder that names the account it belongs to.
pub const ACCOUNT_FILE: &str = "account";

#[derive(Debug)]
struct Recording {
    account: String,
    newest: SystemTime,
    size: u64,
    path: PathBuf,
    active: bool,
}

/// Removes recordings that are too old, and then as many as the others need. Active ones stay; if they are too large together, their
/// names are returned, the one to stop first at the front. `free` is the free disk space, if it is known.
///
/// # Errors
/// The folder cannot be read.
pub fn sweep(folder: &Path, limits: &Limits, free: Option<u64>, active: &[String]) -> io::Result<Vec<String>> {
    let mut found = read(folder, active)?;
    found.retain(|one| {
        let old = one.newest.elapsed().is_ok_and(|elapsed| elapsed > limits.recordings_age);
        !(old && !one.active && remove(&one.path))
    });
    let total = |found: &[Recording]| found.iter().map(|one| one.size).sum::<u64>();
    let on_disk = free.map_or(u64::MAX, |free| (total(&found) + free).saturating_sub(limits.recordings_reserve));
    let allowed = limits.recordings_bytes.min(on_disk);
    let mut kept_anyway = Vec::new();
    while total(&found) + total(&kept_anyway) > allowed {
        let Some(at) = next_to_remove(&found, allowed) else { break };
        let one = found.remove(at);
        if !remove(&one.path) {
            kept_anyway.push(one);
        }
    }
    if total(&found) + total(&kept_anyway) <= allowed {
        return Ok(Vec::new());
    }
    let used = used_by(&found);
    let mut running: Vec<_> = found.iter().filter(|one| one.active).collect();
    running.sort_by_key(|one| std::cmp::Reverse((used[one.account.as_str()], one.size)));
    Ok(running.into_iter().filter_map(|one| Some(one.path.file_name()?.to_string_lossy().into_owned())).collect())
}

/// The free bytes of the disk on which a folder is.
pub fn free_space(folder: &Path) -> Option<u64> {
    let about = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(about.blocks_available().saturating_mul(about.fragment_size()))
}

/// The oldest inactive recording of the account that uses the most, of those that use more than an equal share.
fn next_to_remove(found: &[Recording], allowed: u64) -> Option<usize> {
    let used = used_by(found);
    let share = allowed / u64::try_from(used.len().max(1)).unwrap_or(u64::MAX);
    let inactive = found.iter().enumerate().filter(|(_, one)| !one.active && used[one.account.as_str()] >= share);
    inactive.min_by_key(|(_, one)| (std::cmp::Reverse(used[one.account.as_str()]), one.newest)).map(|(at, _)| at)
}

fn used_by(found: &[Recording]) -> HashMap<&str, u64> {
    let mut used = HashMap::new();
    for one in found {
        *used.entry(one.account.as_str()).or_default() += one.size;
    }
    used
}

fn read(folder: &Path, active: &[String]) -> io::Result<Vec<Recording>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        // What vanishes meanwhile needs no space; what cannot be read must not keep the others from being looked at.
        match entry.and_then(|entry| measure(&entry, active)) {
            Ok(recording) => found.extend(recording),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "a recording cannot be measured"),
        }
    }
    Ok(found)
}

/// `None` for what is not a recording.
fn measure(entry: &fs::DirEntry, active: &[String]) -> io::Result<Option<Recording>> {
    if !entry.file_type()?.is_dir() {
        return Ok(None);
    }
    let path = entry.path();
    let (mut size, mut newest) = (0, entry.metadata()?.modified()?);
    for file in fs::read_dir(&path)? {
        let Ok(about) = file.and_then(|file| file.metadata()) else { continue };
        size += about.len();
        newest = newest.max(about.modified()?);
    }
    let account = fs::read_to_string(path.join(ACCOUNT_FILE)).unwrap_or_default();
    let name = entry.file_name();
    let active = active.iter().any(|id| name == id.as_str());
    Ok(Some(Recording { account, newest, size, path, active }))
}

/// Whether it is gone.
fn remove(path: &Path) -> bool {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "an old recording cannot be removed");
            false
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn limits(bytes: u64) -> Limits {
        Limits { recordings_bytes: bytes, recordings_age: Duration::from_hours(1), recordings_reserve: 500, ..Limits::default() }
    }

    /// Recordings of a thousand bytes, the oldest first.
    fn folder(recordings: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, account) in recordings {
            let stream = folder.path().join(name);
            fs::create_dir(&stream).expect("made");
            fs::write(stream.join("00000.m4s"), vec![0; 1000 - account.len()]).expect("written");
            if !account.is_empty() {
                fs::write(stream.join(ACCOUNT_FILE), account).expect("written");
            }
            std::thread::sleep(Duration::from_millis(15));
        }
        folder
    }

    fn left(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("read").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn recordings_are_removed_oldest_first_unless_active() {
        let folder = folder(&[("first", ""), ("second", ""), ("third", "")]);
        assert_eq!(sweep(folder.path(), &limits(2000), None, &["first".to_owned()]).expect("swept"), [""; 0]);
        assert_eq!(left(&folder), ["first", "third"]);
        fs::write(folder.path().join("third/00001.m4s"), [0; 10]).expect("written");
        let running = ["first".to_owned(), "third".to_owned()];
        assert_eq!(sweep(folder.path(), &limits(1500), None, &running).expect("swept"), ["third", "first"], "the largest first");
        assert_eq!(sweep(folder.path(), &limits(3000), None, &running).expect("swept"), [""; 0]);
    }

    #[test]
    fn whose_recordings_take_the_most_loses_its_own_first() {
        let folder = folder(&[("a1", "ada"), ("b1", "bob"), ("b2", "bob"), ("b3", "bob"), ("b4", "bob"), ("c1", "cem")]);
        assert_eq!(sweep(folder.path(), &limits(4000), None, &["b4".to_owned()]).expect("swept"), [""; 0]);
        assert_eq!(left(&folder), ["a1", "b3", "b4", "c1"], "although those of others are older");
        // What runs has outgrown everything: it is stopped, and nobody else loses anything.
        fs::write(folder.path().join("b4/00001.m4s"), [0; 9000]).expect("written");
        assert_eq!(sweep(folder.path(), &limits(4000), None, &["b4".to_owned(), "c1".to_owned()]).expect("swept"), ["b4", "c1"]);
        assert_eq!(left(&folder), ["a1", "b4", "c1"]);
    }

    #[test]
    fn a_full_disk_counts_like_the_limit() {
        let folder = folder(&[("first", ""), ("second", ""), ("third", "")]);
        assert_eq!(sweep(folder.path(), &limits(1 << 30), Some(600), &[]).expect("swept"), [""; 0]);
        assert_eq!(left(&folder).len(), 3, "more than the reserve is free");
        assert_eq!(sweep(folder.path(), &limits(1 << 30), Some(100), &[]).expect("swept"), [""; 0]);
        assert_eq!(left(&folder), ["second", "third"]);
        assert!(free_space(folder.path()).is_some_and(|free| free > 0));
        assert_eq!(free_space(&folder.path().join("nowhere")), None);
    }

    #[test]
    fn what_vanishes_does_not_end_a_round() {
        let folder = folder(&[("first", ""), ("second", "")]);
        // A link to nothing cannot be measured, like a file that was removed after the folder was listed.
        std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("first/00001.m4s")).expect("linked");
        std::thread::sleep(Duration::from_millis(15));
        fs::write(folder.path().join("second/00001.m4s"), "").expect("written later");
        std::os::unix::fs::symlink(folder.path().join("gone"), folder.path().join("dangling")).expect("linked");
        fs::write(folder.path().join("note.txt"), "x").expect("written");
        assert_eq!(sweep(folder.path(), &limits(1500), None, &[]).expect("swept"), [""; 0]);
        assert_eq!(left(&folder), ["dangling", "note.txt", "second"]);
        assert_eq!(sweep(&folder.path().join("nowhere"), &limits(0), None, &[]).expect("nothing yet"), [""; 0]);
    }
}
