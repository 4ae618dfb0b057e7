//! Log files of roles: every line goes to the role's file, warnings also to the terminal; the last lines are kept for error messages.

use anyhow::Context as _;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    fs::{DirBuilder, File, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    sync::watch,
};

/// A larger file is rotated; only one old file is kept. In bytes.
const MAX_BYTES: u64 = 8_000_000;
const KEPT_LINES: usize = 6;
/// Prefix of the web server's one-time sign-in link. It opens an account, so it goes to the terminal and into no log.
const SIGN_IN: &str = "first sign-in: ";

/// A role's log, shared by its standard output and standard error.
#[derive(Clone)]
pub(super) struct Log {
    role: &'static str,
    inner: Arc<Mutex<Inner>>,
    sign_in: watch::Sender<Option<String>>,
}

struct Inner {
    path: PathBuf,
    file: File,
    written: u64,
    last: VecDeque<String>,
    /// Whether the lines go nowhere at present: the disk is full, or the folder was deleted.
    lost: bool,
}

impl Log {
    /// Opens a role's log; the log of the run before is rotated.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn open(folder: &Path, role: &'static str, sign_in: watch::Sender<Option<String>>) -> anyhow::Result<Self> {
        let path = folder.join(role).with_extension("log");
        let file = open_file(&path)?;
        Ok(Self { role, inner: Arc::new(Mutex::new(Inner { path, file, written: 0, last: VecDeque::new(), lost: false })), sign_in })
    }

    /// Logs one output until it closes.
    pub(super) fn follow(&self, output: impl AsyncRead + Unpin + Send + 'static) {
        let log = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(output);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(1..)) {
                log.line(String::from_utf8_lossy(&line).trim_end());
                line.clear();
            }
        });
    }

    /// The last lines, for the error message about a role that does not start.
    pub(super) fn last_lines(&self) -> String {
        let inner = self.inner.lock();
        inner.last.iter().fold(String::new(), |text, line| text + "\n  " + line)
    }

    fn line(&self, line: &str) {
        if let Some(link) = line.strip_prefix(SIGN_IN) {
            self.sign_in.send_replace(Some(link.trim().to_owned()));
            return;
        }
        if is_warning(line) {
            eprintln!("[{}] {line}", self.role);
        }
        let mut inner = self.inner.lock();
        // A full disk must not end a stream; said once, not with every line.
        match inner.write(line) {
            Ok(()) => inner.lost = false,
            Err(error) => {
                if !std::mem::replace(&mut inner.lost, true) {
                    eprintln!("[{}] its log cannot be written, the stream goes on: {error:#}", self.role);
                }
            }
        }
    }
}

impl Inner {
    fn write(&mut self, line: &str) -> anyhow::Result<()> {
        if self.last.len() == KEPT_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
        if self.written > MAX_BYTES {
            self.file = open_file(&self.path)?;
            self.written = 0;
        } else if self.lost || self.file.metadata().is_ok_and(|file| file.nlink() == 0) {
            // Somebody has deleted it, or the disk has been full.
            if let Some(folder) = self.path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            self.file = append_to(&self.path)?;
        }
        self.file.write_all(format!("{line}\n").as_bytes()).with_context(|| self.path.display().to_string())?;
        self.written += line.len() as u64 + 1;
        Ok(())
    }
}

fn open_file(path: &Path) -> anyhow::Result<File> {
    if path.exists() {
        std::fs::rename(path, path.with_extension("log.1")).with_context(|| format!("{} cannot be rotated", path.display()))?;
    }
    append_to(path)
}

fn append_to(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).with_context(|| format!("{} cannot be written", path.display()))
}

/// Recognises warnings of our own roles and of LiveKit.
fn is_warning(line: &str) -> bool {
    [" WARN ", " ERROR ", "panicked at", "\"level\":\"warn\"", "\"level\":\"error\""].iter().any(|sign| line.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_link_is_forwarded_and_never_logged() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, receiver) = watch::channel(None);
        let log = Log::open(folder.path(), "serve", sender).expect("a log");
        log.line("first sign-in: http://127.0.0.1:3000/welcome/abc");
        log.line("listening");
        assert_eq!(receiver.borrow().as_deref(), Some("http://127.0.0.1:3000/welcome/abc"));
        assert_eq!(std::fs::read_to_string(folder.path().join("serve.log")).expect("log"), "listening\n");
    }

    #[test]
    fn deleted_log_folder_is_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).expect("made");
        let log = Log::open(&logs, "serve", watch::channel(None).0).expect("a log");
        log.line("before");
        std::fs::remove_dir_all(&logs).expect("deleted");
        log.line("after");
        // Something else in its place: the line is lost, the next one is not.
        std::fs::remove_dir_all(&logs).expect("deleted");
        std::fs::write(&logs, "").expect("written");
        log.line("lost");
        assert!(log.last_lines().ends_with("lost"), "{}", log.last_lines());
        std::fs::remove_file(&logs).expect("deleted");
        log.line("and on");
        assert_eq!(std::fs::read_to_string(logs.join("serve.log")).expect("log"), "and on\n");
    }

    #[test]
    fn log_file_is_rotated_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = Log::open(folder.path(), "relay", watch::channel(None).0).expect("a log");
        let line = "x".repeat(100_000);
        for _ in 0..200 {
            log.line(&line);
        }
        let total: u64 =
            std::fs::read_dir(folder.path()).expect("folder").map(|entry| entry.and_then(|e| e.metadata()).expect("file").len()).sum();
        assert!(total <= 2 * (MAX_BYTES + 200_000), "{total}");
        assert!(folder.path().join("relay.log.1").exists());
    }
}
