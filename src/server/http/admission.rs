//! Admission, the same for the API, server functions, forms and pages: who asks, which bucket the call draws from, how long it may
//! take.

use super::{
    ErrorResponse,
    extract::{Identified, credential, identify},
};
use crate::{
    api::error::{ApiError, ErrorCode},
    server::{
        auth::{caller::Caller, origin::Origin, throttle::Allowance},
        cookies::{OVERLAY_COOKIE, cookie},
        error::StudioError,
        limits::Group,
        overlay::OverlayViewer,
        security::same_origin,
        state::AppState,
    },
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use std::time::Duration;

/// Longer than a stop that waits for its confirmation; an endless response has begun long before.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// A response's own headers and those of every layer.
const MOST_HEADERS: usize = 16;
/// The longest error of a server function.
const LONGEST_ERROR: usize = 64 * 1024;

/// Which bucket a call draws from. API routes by their pattern, server functions and pages by their path.
fn group(method: &Method, path: &str) -> Group {
    match path {
        "/api/streaming/heartbeat" => Group::Heartbeat,
        "/api/webhooks/livekit" => Group::Webhook,
        "/api/streaming/stop" | "/api/streaming/agents/{id}/game-ended" | "/rpc/sessions/stop" | "/rpc/admin/stop" => Group::Stop,
        "/api/streaming/events" | "/api/streaming/overlay" | "/rpc/sessions/overlay" => Group::Events,
        // It reads everything that an account has.
        "/api/account/export" => Group::Start,
        _ if method == Method::GET || method == Method::HEAD => Group::Read,
        // By the API, and by the forms of the pages.
        _ if method == Method::DELETE || path.ends_with("/delete") => Group::Change,
        _ => path.strip_prefix("/rpc/").map_or(Group::Start, server_function),
    }
}

/// The bucket of a server function. They are all called by POST.
fn server_function(name: &str) -> Group {
    match name {
        "accounts/me"
        | "accounts/sign-up-open"
        | "admin/deliveries"
        | "admin/hall"
        | "analytics"
        | "docs/calls"
        | "docs/help"
        | "overlay/previews"
        | "sessions/get"
        | "sessions/mine"
        | "sessions/setup"
        | "sessions/story"
        | "settings/agents"
        | "settings/defaults"
        | "settings/keys"
        | "settings/places"
        | "settings/sign-ins" => Group::Read,
        "destinations/test"
        | "sessions/destinations"
        | "sessions/media-check"
        | "sessions/preflight"
        | "sessions/retry-destination"
        | "sessions/room"
        | "sessions/start"
        | "settings/fetch-avatar"
        | "settings/try" => Group::Start,
        _ => Group::Change,
    }
}

/// A caller and the bucket's keys.
struct Asking {
    group: Group,
    key: String,
    /// All of an account's agents together.
    account: Option<String>,
    found: Option<Caller>,
}

/// Identifies the caller once, applies the rate limit, and sets a timeout.
pub async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limits = &state.studio.limits;
    let (mut parts, body) = request.into_parts();
    let own = parts.uri.path().starts_with("/rpc/");
    if own && let Err(error) = same_origin(&parts.headers, &state.studio.config) {
        return ErrorResponse(error).into_response();
    }
    let asking = match who(&state, &mut parts).await {
        Ok(asking) => asking,
        Err(error) => {
            let (allowance, admitted) = limits.take(Group::Unauthenticated, &client_prefix(&state, &parts));
            return refusal(&parts, admitted.map_or_else(ErrorResponse, |()| error), allowance);
        }
    };
    let (allowance, admitted) = limits.take_for(asking.group, &asking.key, asking.account.as_deref());
    if let Err(error) = admitted {
        return refusal(&parts, ErrorResponse(error), allowance);
    }
    parts.extensions.insert(Identified(asking.found));
    let answer = tokio::time::timeout(ANSWER_WITHIN, next.run(Request::from_parts(parts, body))).await.unwrap_or_else(|_| {
        let message = "The studio took too long. What was asked for may still happen: look at the status.";
        ErrorResponse(ApiError::new(ErrorCode::Unavailable, message)).into_response()
    });
    with_limits(if own { with_own_status(answer).await } else { answer }, allowance)
}

/// Finds out who asks before a bucket is chosen: an invented credential draws from its address's bucket.
async fn who(state: &AppState, parts: &mut Parts) -> Result<Asking, ErrorResponse> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).filter(|path| path.starts_with("/api/"));
    let group = group(&parts.method, path.unwrap_or_else(|| parts.uri.path()));
    if let Some(caller) = identify(&parts.headers, &state.studio.accounts, &state.studio.api_keys).await? {
        let (key, account) = (caller.limit_key(), Some(caller.account_key()));
        return Ok(Asking { group, key, account, found: Some(caller) });
    }
    // A webhook is known by its signature.
    let address = client_prefix(state, parts);
    if group == Group::Webhook {
        return Ok(Asking { group, key: address, account: None, found: None });
    }
    let mut outdated = false;
    if let Some(token) = cookie(&parts.headers, OVERLAY_COOKIE) {
        match state.studio.overlay.viewer(token).await {
            Ok(viewer) => {
                let key = overlay_key(&viewer);
                parts.extensions.insert(viewer);
                return Ok(Asking { group, key, account: None, found: None });
            }
            // Over HTTPS the cookie goes to every page; one of a show that is over must not shut its browser out of the others.
            Err(StudioError::Refused(_)) => outdated = true,
            Err(error) => return Err(error.into()),
        }
    }
    let unauthenticated = outdated || credential(&parts.headers).is_some() || group != Group::Read;
    Ok(Asking { group: if unauthenticated { Group::Unauthenticated } else { group }, key: address, account: None, found: None })
}

fn client_prefix(state: &AppState, parts: &Parts) -> String {
    Origin::of(parts, &state.studio.config).client_prefix()
}

fn overlay_key(viewer: &OverlayViewer) -> String {
    format!("overlay {} {}", viewer.session, viewer.generation)
}

/// In the shape that the caller can read: a person gets a page.
fn refusal(parts: &Parts, error: ErrorResponse, allowance: Allowance) -> Response {
    let path = parts.uri.path();
    if path.starts_with("/rpc/") || path.starts_with("/api/") {
        return with_limits(error.into_response(), allowance);
    }
    let (status, wait) = (StatusCode::from_u16(error.0.status()).unwrap_or_default(), error.0.retry_after());
    let text = format!("<!doctype html><html lang=en><meta charset=utf-8><title>Footlight</title><p>{}", error.0.message);
    let mut response = (status, Html(text)).into_response();
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    with_limits(response, allowance)
}

/// `RateLimit-*` on every answer, so that a client can slow down before it is refused.
fn with_limits(mut response: Response, allowance: Allowance) -> Response {
    let headers = response.headers_mut();
    // Reserves room for the headers of the outer layers, so that the map grows only once.
    headers.reserve(MOST_HEADERS);
    headers.insert(LIMIT, allowance.limit.into());
    headers.insert(REMAINING, allowance.remaining.into());
    headers.insert(RESET, allowance.reset_s.into());
    response
}

/// Leptos answers each error of a server function with 500, also where the arguments could not be read. The error knows better.
async fn with_own_status(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, LONGEST_ERROR).await else { return parts.status.into_response() };
    if let Ok(error) = serde_json::from_slice::<ApiError>(&bytes) {
        parts.status = StatusCode::from_u16(error.status()).unwrap_or(parts.status);
    }
    Response::from_parts(parts, bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_cheap_and_starting_is_dear_at_both_doors() {
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        for (method, path, expected) in [
            (&get, "/api/streaming/sessions", Group::Read),
            (&get, "/go-live", Group::Read),
            (&get, "/account/delete", Group::Read),
            (&post, "/account/delete", Group::Change),
            (&delete, "/api/streaming/sessions/{id}", Group::Change),
            (&get, "/api/account/export", Group::Start),
            (&post, "/rpc/sessions/mine", Group::Read),
            (&post, "/api/streaming/start", Group::Start),
            (&post, "/rpc/sessions/start", Group::Start),
            (&post, "/rpc/settings/try", Group::Start),
            (&post, "/rpc/destinations/test", Group::Start),
            (&post, "/api/streaming/destinations/test", Group::Start),
            (&post, "/rpc/sessions/stop", Group::Stop),
            (&post, "/rpc/sessions/overlay", Group::Events),
            (&post, "/rpc/settings/make-key", Group::Change),
        ] {
            assert_eq!(group(method, path), expected, "{method} {path}");
        }
    }
}
