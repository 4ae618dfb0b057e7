//! Recordings on disk: serves their files, and keeps them within their limits.

use super::{
    RelayState,
    recordings_limit::{free_space, sweep},
};
use crate::domain::ids::SessionId;
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashSet, sync::Arc};
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
        self.0.lock()
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

/// `DELETE /recordings/{sessionId}`: the whole folder. 404 without one, 409 while its stream is here.
pub async fn remove(State(relay): State<Arc<RelayState>>, Path(id): Path<SessionId>) -> Result<StatusCode, (StatusCode, String)> {
    if relay.stream(&id).is_some() {
        return Err((StatusCode::CONFLICT, "the stream is running".to_owned()));
    }
    let folder = relay.recordings().join(id.as_str());
    let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
    match removed {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err((StatusCode::NOT_FOUND, "there is no recording".to_owned())),
        Ok(Err(error)) => Err((StatusCode::INTERNAL_SERVER_ERROR, format!("the recording cannot be removed: {}", error.kind()))),
        Err(_) => Err((StatusCode::INTERNAL_SERVER_ERROR, "the recording cannot be removed".to_owned())),
    }
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

/// Checks the limits regularly until the relay ends. It begins when the studio has had time to name the streams that run, whose
/// recordings would otherwise look finished.
pub async fn enforce_limits(relay: Arc<RelayState>) {
    let settled = async {
        relay.contacted.cancelled().await;
        tokio::time::sleep(relay.config.timeouts.recordings_settle).await;
    };
    tokio::select! {
        () = relay.ended.cancelled() => return,
        () = settled => {}
    }
    loop {
        let (folder, limits) = (relay.recordings(), relay.config.limits);
        let active: Vec<_> = relay.streams().iter().map(|stream| stream.id.to_string()).collect();
        let running = active.clone();
        let outcome = tokio::task::spawn_blocking(move || sweep(&folder, &limits, free_space(&folder), &running)).await;
        match outcome {
            Ok(Ok(over)) => {
                let mut stopped = relay.quota.lock();
                stopped.retain(|id| active.contains(id));
                // Stop one per check: the others may fit without it.
                if let Some(first) = over.into_iter().find(|id| !stopped.contains(id)) {
                    tracing::warn!(session = %first, "recordings have used up their disk space");
                    stopped.insert(first);
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
}
