//! Recordings and thumbnails, proxied from the relay for owner and admins.

use super::{ApiResult, Errors, PathParams, scoped};
use crate::{
    domain::ids::SessionId,
    server::{
        error::StudioError,
        relay::{RelayError, client::RelayClient},
        sessions::Sessions,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use reqwest::Method;

/// Response headers that are passed on from the relay.
const PASSED: [header::HeaderName; 6] =
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_RANGE, header::ACCEPT_RANGES, header::ETAG, header::LAST_MODIFIED];

/// Reads a file of a rehearsal's recording.
///
/// A recording is HLS; `index.m3u8` is its playlist. Byte ranges work.
#[utoipa::path(
    get, path = "/api/streaming/recordings/{session}/{file}", operation_id = "getRecordingFile", tag = "Sessions",
    params(("session" = SessionId, Path, description = "The session"),
        ("file" = String, Path, description = "The file's name: letters, digits, `.`, `-`, `_`"),
        ("Range" = Option<String>, Header, description = "Which bytes, such as `bytes=0-1023`")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "A part of it", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 416, description = "The file has no such part"), Errors),
    security(("key" = ["read"]), ("signIn" = []))
)]
pub async fn recording(
    State(sessions): State<Sessions>,
    State(relay): State<RelayClient>,
    scoped::Read(caller): scoped::Read,
    PathParams((session, file)): PathParams<(SessionId, String)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    sessions.session(&caller, &session).await?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if file.starts_with('.') || !file.chars().all(plain) {
        return Err(StudioError::not_found("recording").into());
    }
    pass(&relay, &format!("/recordings/{session}/{file}"), &headers).await
}

/// Reads the latest thumbnail of a session.
///
/// Once the session is over it is the last one, as long as recordings are kept.
#[utoipa::path(
    get, path = "/api/streaming/thumbnails/{session}", operation_id = "getThumbnail", tag = "Sessions",
    params(("session" = SessionId, Path, description = "The session")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg", body = Vec<u8>), Errors),
    security(("key" = ["read"]), ("signIn" = []))
)]
pub async fn thumbnail(
    State(sessions): State<Sessions>,
    State(relay): State<RelayClient>,
    scoped::Read(caller): scoped::Read,
    PathParams(session): PathParams<SessionId>,
) -> ApiResult<Response> {
    sessions.session(&caller, &session).await?;
    pass(&relay, &format!("/shows/{session}/thumbnail.jpg"), &HeaderMap::new()).await
}

async fn pass(relay: &RelayClient, path: &str, headers: &HeaderMap) -> ApiResult<Response> {
    let mut request = relay.request(Method::GET, path);
    if let Some(range) = headers.get(header::RANGE) {
        request = request.header(header::RANGE, range);
    }
    let answer = request.send().await.map_err(|error| StudioError::Relay(RelayError::Unreachable(error.without_url().to_string())))?;
    if answer.status().is_client_error() && answer.status() != reqwest::StatusCode::RANGE_NOT_SATISFIABLE {
        return Err(StudioError::not_found("recording").into());
    }
    let mut out = Response::builder().status(answer.status()).header(header::CACHE_CONTROL, "private, no-cache");
    for name in PASSED {
        if let Some(value) = answer.headers().get(&name) {
            out = out.header(name, value);
        }
    }
    let body = out.body(Body::from_stream(answer.bytes_stream())).map_err(|error| StudioError::Internal(error.to_string()))?;
    Ok(body.into_response())
}
