//! Headers of every response.

use super::links;
use crate::server::{security::FromThisMachine, state::AppState};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

/// Caching and security. Hashed and versioned files are cached for ever, answers of the API and of server
/// functions (room tokens and new keys are among them) nowhere, unless they say otherwise; everything else is revalidated.
pub async fn common_headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let lasting = ["/pkg/", "/vendor/", "/fonts/"].iter().any(|folder| path.starts_with(folder)) && path != "/pkg/manifest.json";
    let private = ["/api/", "/rpc/"].iter().any(|folder| path.starts_with(folder));
    let strict = state.studio.config.address.is_strict() && request.extensions().get::<FromThisMachine>().is_none();
    let (parts, body) = request.into_parts();
    let mut response = match links::from_elsewhere(&parts, &state.studio.config) {
        Some(again) => again,
        None => next.run(Request::from_parts(parts, body)).await,
    };
    if private {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    } else if response.status() == StatusCode::OK || response.status() == StatusCode::NOT_MODIFIED {
        let value = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(value));
    }
    guard(response.headers_mut(), strict);
    response
}

fn guard(headers: &mut HeaderMap, strict: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What `frame-ancestors` says, for answers without a policy and for browsers that do not know it.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self)"),
    );
    if strict {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}
