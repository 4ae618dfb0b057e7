//! CORS: only origins that the operator lists may call the API, and only by key: such calls carry no cookie of ours.

use crate::config::serve::ServeConfig;
use axum::http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::CorsLayer;

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::PATCH];
const REQUEST_HEADERS: [HeaderName; 4] =
    [header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("idempotency-key"), HeaderName::from_static("last-event-id")];
const ANSWER_HEADERS: [HeaderName; 5] = [
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
    HeaderName::from_static("x-request-id"),
];

/// Answers preflights and marks answers to listed origins as readable; `None` if the operator lists none.
pub fn layer(config: &ServeConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = config.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(METHODS)
            .allow_headers(REQUEST_HEADERS)
            .expose_headers(ANSWER_HEADERS)
            .max_age(Duration::from_mins(10))
            .vary([header::ORIGIN])
    })
}
