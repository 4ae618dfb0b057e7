//! CORS: only origins that the operator lists may call the API, and only by key: such calls carry no cookie of ours.

use crate::server::state::AppState;
use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const METHODS: &str = "GET, POST, PUT, PATCH";
const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key, last-event-id";
const ANSWER_HEADERS: &str = "retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-request-id";

/// Answers preflights of listed origins and marks their answers as readable.
pub async fn answer(state: &AppState, request: Request, next: Next) -> Response {
    let listed = request
        .headers()
        .get(header::ORIGIN)
        .filter(|_| request.uri().path().starts_with("/api/"))
        .filter(|origin| state.studio.config.cors_origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()))
        .cloned();
    let Some(origin) = listed else { return next.run(request).await };
    let preflight = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }
    response
}
