//! The keeper: one small process for each egress. It outlives the worker by the moment it takes to end every process of the egress and delete its folder.
//! No tokio here, and nothing that could fail on the way.

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getpgrp, getpid},
};
use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Where the display's number is kept, for the lock and socket it leaves outside of the folder when it is killed.
pub const DISPLAY_FILE: &str = "display";

/// The keeper process: says it is ready, waits for the end of its input, and cleans up.
///
/// # Errors
/// Nobody listens.
pub fn run(folder: &Path) -> anyhow::Result<()> {
    std::io::stdout().write_all(b"ready\n")?;
    let mut sink = [0; 64];
    // Any end of the input, an error too, means that the worker is gone or done.
    while std::io::stdin().read(&mut sink).is_ok_and(|read| read > 0) {}
    clear(folder, Some(getpgrp()));
    Ok(())
}

/// Ends every process of an egress and deletes its folder. Safe to repeat; waits at most five seconds.
pub fn clear(folder: &Path, group: Option<Pid>) {
    let until = Instant::now() + Duration::from_secs(5);
    let mut quiet = 0;
    while quiet < 2 && Instant::now() < until {
        let left = processes_of(folder, group);
        quiet = if left.is_empty() { quiet + 1 } else { 0 };
        for pid in left {
            // Gone in between is what we want.
            let _ = kill(pid, Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if let Ok(number) = fs::read_to_string(folder.join(DISPLAY_FILE)).map(|text| text.trim().to_owned())
        && number.parse::<u16>().is_ok()
    {
        for left in [format!("/tmp/.X{number}-lock"), format!("/tmp/.X11-unix/X{number}")] {
            // Not ours to delete, or not there: both are fine.
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

/// Living processes of the group, or at home in the folder, or in a group with one that is; except ourselves and the group's keeper.
/// A browser's sandboxed children show nobody where they are at home, but everybody their group.
fn processes_of(folder: &Path, group: Option<Pid>) -> Vec<Pid> {
    let own = getpid();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().map(Pid::from_raw));
    let living: Vec<(Pid, i32, bool)> = pids
        .filter(|pid| *pid != own && group.is_none_or(|group| group != *pid))
        .filter_map(|pid| {
            let proc = PathBuf::from(format!("/proc/{pid}"));
            let (state, pgrp) = state_and_group(&proc)?;
            let at_home = fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
            (state != 'Z' && state != 'X').then_some((pid, pgrp, at_home))
        })
        .collect();
    let mut groups: Vec<i32> =
        living.iter().filter(|(_, pgrp, at_home)| *at_home && *pgrp != getpgrp().as_raw()).map(|found| found.1).collect();
    groups.extend(group.map(Pid::as_raw));
    living.into_iter().filter(|(_, pgrp, at_home)| *at_home || groups.contains(pgrp)).map(|(pid, ..)| pid).collect()
}

fn state_and_group(proc: &Path) -> Option<(char, i32)> {
    let stat = fs::read_to_string(proc.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}
