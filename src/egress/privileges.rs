//! Drops root privileges permanently, and detects whether Chromium's sandbox works here.

use anyhow::Context as _;
use nix::{
    sys::prctl::set_dumpable,
    unistd::{Gid, Uid, User, chown, geteuid, setgid, setgroups, setuid},
};
use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// The unprivileged account of the worker.
#[derive(Debug, Clone, Copy)]
pub struct ServiceAccount {
    uid: Uid,
    gid: Gid,
}

impl ServiceAccount {
    /// The account to switch to; `None` if the worker is unprivileged already.
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

    /// Makes the account the owner of a path.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn chown(self, path: &Path) -> anyhow::Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).with_context(|| format!("giving {} to the egress account", path.display()))
    }

    /// Switches to the account, in every thread and permanently.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn switch_to(self) -> anyhow::Result<()> {
        setgroups(&[])?;
        setgid(self.gid)?;
        setuid(self.uid)?;
        anyhow::ensure!(setuid(Uid::from_raw(0)).is_err(), "root could be taken back");
        Ok(())
    }
}

/// Makes our memory and environment, which hold the API secret, unreadable for processes of the same account, such as the browser.
///
/// # Errors
/// The system refuses it.
pub fn forbid_dumps() -> anyhow::Result<()> {
    Ok(set_dumpable(false)?)
}

/// Whether Chromium's sandbox works here: through user namespaces, or through the helper that is installed beside it. Chromium itself
/// has the last word, because a system may allow it what it does not allow others; without its sandbox it does not start.
pub async fn sandbox_works(chromium: &Path) -> bool {
    let helper = chromium.with_file_name("chrome-sandbox");
    if fs::metadata(helper).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o4000 != 0) {
        return true;
    }
    let mut probe = Command::new("unshare");
    probe.args(["--user", "--pid", "--fork", "true"]);
    if succeeds(probe, Duration::from_secs(5)).await {
        return true;
    }
    let folder = std::env::temp_dir().join(format!("footlight-sandbox-probe-{}", std::process::id()));
    if fs::DirBuilder::new().mode(0o700).create(&folder).is_err() {
        return false;
    }
    let mut probe = Command::new(chromium);
    probe.args(["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-breakpad", "--dump-dom"]);
    probe.arg(format!("--user-data-dir={}", folder.display())).arg("about:blank").env("HOME", &folder);
    let works = succeeds(probe, Duration::from_secs(20)).await;
    let _ = fs::remove_dir_all(folder);
    works
}

async fn succeeds(mut probe: Command, patience: Duration) -> bool {
    probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(patience, probe.status()).await.is_ok_and(|status| status.is_ok_and(|status| status.success()))
}
