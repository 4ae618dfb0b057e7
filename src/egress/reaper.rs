//! The reaper: one small process per egress. When the worker exits, it ends every process of the egress and deletes its folder.
//! It uses no tokio, so that little can fail.

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getpgrp, getpid},
};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::{Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// File with the display number: a killed display leaves a lock and a socket outside of the folder.
pub const DISPLAY_FILE: &str = "display";

/// Runs the reaper process: reports that it is ready, waits for the end of its standard input, and cleans up.
pub fn run(folder: &Path) {
    // Nobody listens if the launch was given up meanwhile. There is something to clean up all the same.
    let _ = std::io::stdout().write_all(b"ready\n");
    let mut sink = [0; 64];
    // The end of the input, or an error, means that the worker has exited or ended the egress.
    while std::io::stdin().read(&mut sink).is_ok_and(|read| read > 0) {}
    clear(folder, Some(getpgrp()));
}

/// Ends every process of an egress and deletes its folder. Safe to repeat; waits at most five seconds.
pub fn clear(folder: &Path, group: Option<Pid>) {
    let until = Instant::now() + Duration::from_secs(5);
    let mut quiet = 0;
    while quiet < 2 && Instant::now() < until {
        let left = processes_of(folder, group);
        quiet = if left.is_empty() { quiet + 1 } else { 0 };
        for pid in left {
            // It may have exited in between.
            let _ = kill(pid, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if let Ok(number) = fs::read_to_string(folder.join(DISPLAY_FILE)).map(|text| text.trim().to_owned())
        && number.parse::<u16>().is_ok()
    {
        for left in [format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}")] {
            // It may belong to another account or not exist.
            let _ = fs::remove_file(left);
        }
    }
    for _ in 0..20 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => std::thread::sleep(Duration::from_millis(25)),
            _ => return,
        }
    }
}

/// The private folders that an earlier worker left in its scratch folder, and those that were deleted under their processes.
///
/// # Errors
/// The scratch folder cannot be read.
pub fn leftovers(scratch: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    let mut folders = fs::read_dir(scratch)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<BTreeSet<_>>>()?;
    let living = fs::read_dir("/proc")?.filter_map(|entry| working_folder(&entry.ok()?.path()));
    folders.extend(living.filter_map(|cwd| Some(scratch.join(cwd.strip_prefix(scratch).ok()?.components().next()?))));
    Ok(folders)
}

/// Running processes of the group, with their working directory in the folder, or in a group with such a process. Not this process
/// and not the group's reaper.
/// The working directory of a browser's sandboxed children is unreadable, but their process group is not.
fn processes_of(folder: &Path, group: Option<Pid>) -> Vec<Pid> {
    let own = getpid();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().map(Pid::from_raw));
    let living: Vec<(Pid, i32, bool)> = pids
        .filter(|pid| *pid != own && group.is_none_or(|group| group != *pid))
        .filter_map(|pid| {
            let proc = PathBuf::from(format!("/proc/{pid}"));
            let (state, pgrp) = state_and_group(&proc)?;
            let at_home = working_folder(&proc).is_some_and(|cwd| cwd.starts_with(folder));
            (state != 'Z' && state != 'X').then_some((pid, pgrp, at_home))
        })
        .collect();
    let mut groups: Vec<i32> =
        living.iter().filter(|(_, pgrp, at_home)| *at_home && *pgrp != getpgrp().as_raw()).map(|found| found.1).collect();
    groups.extend(group.map(Pid::as_raw));
    living.into_iter().filter(|(_, pgrp, at_home)| *at_home || groups.contains(pgrp)).map(|(pid, ..)| pid).collect()
}

/// The working folder of a process, also if somebody has deleted it.
fn working_folder(proc: &Path) -> Option<PathBuf> {
    let cwd = fs::read_link(proc.join("cwd")).ok()?;
    let bytes = cwd.as_os_str().as_bytes();
    Some(bytes.strip_suffix(b" (deleted)").map_or_else(|| cwd.clone(), |path| PathBuf::from(OsStr::from_bytes(path))))
}

fn state_and_group(proc: &Path) -> Option<(char, i32)> {
    let stat = fs::read_to_string(proc.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}
