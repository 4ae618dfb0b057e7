//! Recordings on disk: serves their files, and removes recordings that are too old or too many.

use super::RelayState;
use crate::domain::ids::SessionId;
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::{
    collections::HashSet,
    path::{self, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// Active recordings that must stop because all recordings together have used up their disk space.
#[derive(Default)]
pub struct Quota(Mutex<HashSet<String>>);

impl Quota {
    /// Whether the recording of a stream must stop.
    pub fn is_exceeded(&self, stream: &str) -> bool {
        self.lock().contains(stream)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().expect("no one panics while holding the quota")
    }
}

/// `GET /recordings/{sessionId}/{file}`: playlist, init segment and segments; supports byte ranges.
pub async fn file(State(relay): State<Arc<RelayState>>, Path((id, file)): Path<(SessionId, String)>, request: Request) -> Response {
    let Some(kind) = content_type(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let path = relay.recordings().join(id.as_str()).join(&file);
    let mut answer = match ServeFile::new(path).oneshot(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(never) => match never {},
    };
    if answer.status().is_success() {
        answer.headers_mut().insert("content-type", kind.parse().expect("a plain media type"));
        answer.headers_mut().insert("cache-control", "no-store".parse().expect("a plain value"));
    }
    answer
}

/// The media type of a recording's file; `None` for any other name.
fn content_type(file: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    match file {
        "index.m3u8" => Some("application/vnd.apple.mpegurl"),
        "init.mp4" => Some("video/mp4"),
        _ if file.strip_suffix(".m4s").is_some_and(digits) => Some("video/iso.segment"),
        _ => None,
    }
}

/// Checks the limits regularly until the relay ends.
pub async fn enforce_limits(relay: Arc<RelayState>) {
    loop {
        let (folder, limits) = (relay.recordings(), relay.config.limits);
        let active: Vec<_> = relay.streams().iter().map(|stream| stream.id.to_string()).collect();
        let running = active.clone();
        let outcome =
            tokio::task::spawn_blocking(move || remove_old(&folder, limits.recordings_bytes, limits.recordings_age, &running)).await;
        match outcome {
            Ok(Ok(over)) => {
                let mut stopped = relay.quota.lock();
                stopped.retain(|id| active.contains(id));
                // Stop the largest first, one per check: the others may fit without it.
                if let Some(largest) = over.into_iter().find(|id| !stopped.contains(id)) {
                    tracing::warn!(session = %largest, "recordings have used up their disk space");
                    stopped.insert(largest);
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "old recordings cannot be removed"),
            Err(_) => {}
        }
        tokio::select! {
            () = relay.ended.cancelled() => return,
            () = tokio::time::sleep(relay.config.timeouts.recordings_check) => {}
        }
    }
}

/// Removes the oldest recordings until the others are within the limits. Active recordings stay; if they are still too
/// large together, their names are returned, largest first.
fn remove_old(folder: &path::Path, max_bytes: u64, age: Duration, active: &[String]) -> std::io::Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found: Vec<(SystemTime, u64, PathBuf, bool)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Somebody else may delete recordings too, and one that cannot be read must not keep the others.
        match size_and_age(&entry) {
            Ok(Some((size, newest))) => {
                let name = entry.file_name();
                found.push((newest, size, entry.path(), active.iter().any(|id| name == id.as_str())));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, recording = %entry.path().display(), "a recording cannot be read"),
        }
    }
    found.sort();
    let mut total: u64 = found.iter().map(|(_, size, ..)| size).sum();
    let mut running = Vec::new();
    for (newest, size, path, active) in found {
        let old = newest.elapsed().is_ok_and(|elapsed| elapsed > age);
        if !active && (old || total > max_bytes) {
            match std::fs::remove_dir_all(&path) {
                Ok(()) => total -= size,
                Err(error) => tracing::warn!(%error, recording = %path.display(), "a recording cannot be removed"),
            }
        } else if active {
            running.push((size, path.file_name().unwrap_or_default().to_string_lossy().into_owned()));
        }
    }
    running.sort_by(|one, other| other.cmp(one));
    Ok(if total > max_bytes { running.into_iter().map(|(_, id)| id).collect() } else { Vec::new() })
}

/// Bytes and last change of a recording; `None` for a file. Files that are renamed meanwhile do not count.
fn size_and_age(entry: &std::fs::DirEntry) -> std::io::Result<Option<(u64, SystemTime)>> {
    if !entry.file_type()?.is_dir() {
        return Ok(None);
    }
    let (mut size, mut newest) = (0, entry.metadata()?.modified()?);
    for file in std::fs::read_dir(entry.path())? {
        let Ok(about) = file?.metadata() else { continue };
        size += about.len();
        newest = newest.max(about.modified()?);
    }
    Ok(Some((size, newest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_serves_only_its_own_files() {
        for fine in ["index.m3u8", "init.mp4", "00000.m4s", "123456.m4s"] {
            assert!(content_type(fine).is_some(), "{fine}");
        }
        for not in ["..", "../x.m4s", "a.m4s", ".m4s", "index.m3u8.tmp", "/etc/passwd", "%2e%2e", "init.mp4/x"] {
            assert!(content_type(not).is_none(), "{not}");
        }
    }

    #[test]
    fn recordings_are_removed_oldest_first_unless_active() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["first", "second", "third"] {
            let stream = folder.path().join(name);
            std::fs::create_dir(&stream).expect("made");
            std::fs::write(stream.join("00000.m4s"), [0; 1000]).expect("written");
            std::thread::sleep(Duration::from_millis(15));
        }
        let hour = Duration::from_secs(3600);
        assert_eq!(remove_old(folder.path(), 2000, hour, &["first".to_owned()]).expect("swept"), [""; 0]);
        let left: Vec<_> = ["first", "second", "third"].into_iter().filter(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, ["first", "third"]);
        std::fs::write(folder.path().join("third/00001.m4s"), [0; 10]).expect("written");
        let running = ["first".to_owned(), "third".to_owned()];
        assert_eq!(remove_old(folder.path(), 1500, hour, &running).expect("swept"), ["third", "first"], "too much: the largest first");
        assert_eq!(remove_old(folder.path(), 3000, hour, &running).expect("swept"), [""; 0]);
    }
}
