//! Health, readiness and metrics.

use crate::server::{operations::monitoring::Monitoring, state::AppState};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

/// Without authentication and rate limits: monitoring must never be refused.
pub fn routes() -> Router<AppState> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

pub async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether store and LiveKit answer; 503 with the reasons if not.
pub async fn readyz(State(monitoring): State<Monitoring>) -> Response {
    let checks = monitoring.ready().await;
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let words: serde_json::Map<_, _> =
        checks.into_iter().map(|(name, check)| (name.to_owned(), json!(check.err().unwrap_or_else(|| "ok".to_owned())))).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "checks": words }))).into_response()
}

pub async fn metrics(State(monitoring): State<Monitoring>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], monitoring.metrics().await).into_response()
}
