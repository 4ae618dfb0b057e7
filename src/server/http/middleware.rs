//! Middleware of every API route: caller, rate limit, timeout; and errors in one shape with their request's id.

use super::ErrorResponse;
use crate::{
    api::error::{ApiError, ErrorCode},
    server::{
        auth::{
            caller::{Caller, Identified, credential},
            origin::Origin,
            throttle::Allowance,
        },
        cookies::{OVERLAY_COOKIE, cookie},
        limits::Group,
        security::same_origin,
        state::AppState,
    },
};
use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// Longer than a stop that waits for its confirmation; an endless response has begun long before.
const ANSWER_WITHIN: Duration = Duration::from_secs(45);
const REQUEST_ID: &str = "x-request-id";
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
/// A response's own headers and those of every layer.
const MOST_HEADERS: usize = 14;

/// Which bucket a route draws from.
fn group(method: &Method, path: &str) -> Group {
    match path {
        "/api/streaming/heartbeat" => Group::Heartbeat,
        "/api/webhooks/livekit" => Group::Webhook,
        "/api/streaming/stop" | "/api/streaming/agents/{id}/game-ended" => Group::Stop,
        "/api/streaming/events" | "/api/streaming/overlay" => Group::Events,
        _ if method == Method::GET => Group::Read,
        _ => Group::Start,
    }
}

/// Identifies the caller once, applies the rate limit, and sets a timeout.
pub async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let limits = state.studio.limits();
    let (mut parts, body) = request.into_parts();
    let client_prefix = |parts: &Parts| Origin::of(parts, state.studio.config()).client_prefix();
    let mut group = group(&parts.method, parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str));
    let found = match Caller::identify(&parts.headers, &state.studio).await {
        Ok(found) => found,
        Err(error) => {
            let (allowance, admitted) = limits.take(Group::Unauthenticated, &client_prefix(&parts));
            let refusal = admitted.map_or_else(ErrorResponse, |()| ErrorResponse::from(error));
            return with_limits(refusal.into_response(), allowance);
        }
    };
    let key = match &found {
        Some(caller) => caller.limit_key(),
        // An overlay has a credential of its own; a webhook its signature.
        None if matches!(group, Group::Webhook) => client_prefix(&parts),
        None => {
            if let Some(token) = cookie(&parts.headers, OVERLAY_COOKIE) {
                format!("overlay {}", crate::server::auth::token::hash(token).0)
            } else {
                group = if credential(&parts.headers).is_some() || group != Group::Read { Group::Unauthenticated } else { Group::Read };
                client_prefix(&parts)
            }
        }
    };
    let (allowance, admitted) = limits.take(group, &key);
    if let Err(error) = admitted {
        return with_limits(ErrorResponse(error).into_response(), allowance);
    }
    parts.extensions.insert(Identified(found));
    request = Request::from_parts(parts, body);
    let answer = tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await.unwrap_or_else(|_| {
        let message = "The studio took too long. What was asked for may still happen: look at the status.";
        ErrorResponse(ApiError::new(ErrorCode::Unavailable, message)).into_response()
    });
    with_limits(answer, allowance)
}

/// Refuses server functions called by other sites' pages, before their arguments are read.
pub async fn own_pages_only(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/rpc/")
        && let Err(error) = same_origin(request.headers(), state.studio.config())
    {
        return ErrorResponse(error).into_response();
    }
    next.run(request).await
}

/// `RateLimit-*` on every answer, so that a client can slow down before it is refused.
fn with_limits(mut response: Response, allowance: Allowance) -> Response {
    let headers = response.headers_mut();
    // Room for what the layers outside add besides: it grows once.
    headers.reserve(MOST_HEADERS);
    headers.insert(LIMIT, allowance.limit.into());
    headers.insert(REMAINING, allowance.remaining.into());
    headers.insert(RESET, allowance.reset_s.into());
    response
}

/// Adds the request id to every error; axum's own errors get our shape.
pub async fn name_errors(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let api = request.uri().path().starts_with("/api/") && request.uri().path() != "/api/docs";
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let known = response.extensions().get::<ApiError>().cloned();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let error = match known {
        Some(error) => error,
        None if api && !json && response.status() != StatusCode::RANGE_NOT_SATISFIABLE => api_error_for(response.status()),
        None => return response,
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Json(ApiError { request_id: id, ..error }).into_response().into_body();
    Response::from_parts(parts, body)
}

fn api_error_for(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => (ErrorCode::NotFound, "There is no such call. /api/docs lists them all."),
        StatusCode::METHOD_NOT_ALLOWED => (ErrorCode::MethodNotAllowed, "This call is made with another method; /api/docs says which."),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::TooLarge, "The body is too large."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (ErrorCode::BadRequest, "Send JSON, with Content-Type: application/json."),
        status if status.is_server_error() => (ErrorCode::Internal, "Something went wrong in the studio. Try again."),
        _ => (ErrorCode::BadRequest, "The request makes no sense as sent."),
    };
    ApiError::new(code, message)
}

/// An unknown path of the API.
pub async fn unknown() -> ErrorResponse {
    ErrorResponse(api_error_for(StatusCode::NOT_FOUND))
}

/// The right path with the wrong method.
pub async fn wrong_method() -> ErrorResponse {
    ErrorResponse(api_error_for(StatusCode::METHOD_NOT_ALLOWED))
}
