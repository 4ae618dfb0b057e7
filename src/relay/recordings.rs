//! Recordings on disk: handed out by name, and swept when they are too old or too many.

use super::House;
use crate::domain::ids::SessionId;
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::{
    path::{self, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tower::ServiceExt;
use tower_http::services::ServeFile;

const SWEEP: Duration = Duration::from_secs(600);

/// `GET /recordings/{sessionId}/{file}`: the playlist, its beginning, its segments; byte ranges are understood.
pub async fn file(State(house): State<Arc<House>>, Path((id, file)): Path<(SessionId, String)>, request: Request) -> Response {
    let Some(kind) = kind_of(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let path = house.recordings().join(id.as_str()).join(&file);
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

/// The media type of a file that belongs to a recording; any other name is none of ours.
fn kind_of(file: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
    match file {
        "index.m3u8" => Some("application/vnd.apple.mpegurl"),
        "init.mp4" => Some("video/mp4"),
        _ if file.strip_suffix(".m4s").is_some_and(digits) => Some("video/iso.segment"),
        _ => None,
    }
}

/// Sweeps now and then until the relay ends.
pub async fn keep_within(house: Arc<House>) {
    loop {
        let (folder, limits) = (house.recordings(), house.config.limits);
        let busy: Vec<_> = house.shows().iter().map(|show| show.id.to_string()).collect();
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, limits.recordings_bytes, limits.recordings_age, &busy)).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "recordings cannot be swept");
        }
        tokio::select! {
            () = house.ended.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Removes the oldest recordings until the rest is young and small enough. Running shows are left alone.
fn sweep(folder: &path::Path, most: u64, age: Duration, busy: &[String]) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let mut found: Vec<(SystemTime, u64, PathBuf, bool)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let (mut size, mut newest) = (0, entry.metadata()?.modified()?);
        for file in std::fs::read_dir(entry.path())? {
            let about = file?.metadata()?;
            size += about.len();
            newest = newest.max(about.modified()?);
        }
        let name = entry.file_name();
        found.push((newest, size, entry.path(), busy.iter().any(|id| name == id.as_str())));
    }
    found.sort();
    let mut total: u64 = found.iter().map(|(_, size, ..)| size).sum();
    for (newest, size, path, busy) in found {
        let old = newest.elapsed().is_ok_and(|elapsed| elapsed > age);
        if !busy && (old || total > most) {
            std::fs::remove_dir_all(&path)?;
            total -= size;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_a_recording_have_a_name() {
        for fine in ["index.m3u8", "init.mp4", "00000.m4s", "123456.m4s"] {
            assert!(kind_of(fine).is_some(), "{fine}");
        }
        for not in ["..", "../x.m4s", "a.m4s", ".m4s", "index.m3u8.tmp", "/etc/passwd", "%2e%2e", "init.mp4/x"] {
            assert!(kind_of(not).is_none(), "{not}");
        }
    }

    #[test]
    fn the_oldest_recordings_go_first_and_running_shows_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["first", "second", "third"] {
            let show = folder.path().join(name);
            std::fs::create_dir(&show).expect("made");
            std::fs::write(show.join("00000.m4s"), [0; 1000]).expect("written");
            std::thread::sleep(Duration::from_millis(15));
        }
        sweep(folder.path(), 2000, Duration::from_secs(3600), &["first".to_owned()]).expect("swept");
        let left: Vec<_> = ["first", "second", "third"].into_iter().filter(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, ["first", "third"]);
    }
}
