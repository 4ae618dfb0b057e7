//! What operators and supervisors ask.

use crate::server::studio::Studio;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// The process lives.
pub async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// Store and LiveKit answer; 503 with the reasons where not.
pub async fn readyz(State(studio): State<Studio>) -> Response {
    let checks = studio.ready().await;
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let words: serde_json::Map<_, _> =
        checks.into_iter().map(|(name, check)| (name.to_owned(), json!(check.err().unwrap_or_else(|| "ok".to_owned())))).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "checks": words }))).into_response()
}
