//! Health, readiness and metrics.

use crate::{
    api::operations::{Health, Readiness},
    server::{operations::monitoring::Monitoring, state::AppState},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Without authentication and rate limits: monitoring must never be refused.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// Tells whether the server runs.
#[utoipa::path(
    get, path = "/healthz", operation_id = "checkHealth", tag = "Operations",
    responses((status = 200, description = "It runs", body = Health)), security(())
)]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// Tells whether the store and LiveKit answer.
#[utoipa::path(
    get, path = "/readyz", operation_id = "checkReadiness", tag = "Operations",
    responses((status = 200, description = "Both answer", body = Readiness),
        (status = 503, description = "One does not answer; `checks` says which, and why", body = Readiness)), security(())
)]
pub async fn readyz(State(monitoring): State<Monitoring>) -> (StatusCode, Json<Readiness>) {
    let checks = monitoring.ready().await;
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let words = |check: Result<(), String>| check.err().unwrap_or_else(|| "ok".to_owned());
    let checks = checks.into_iter().map(|(name, check)| (name.to_owned(), words(check))).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}

/// Reads the metrics, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "Operations",
    responses((status = 200, description = "The Prometheus text format", content_type = "text/plain", body = String)), security(())
)]
pub async fn metrics(State(monitoring): State<Monitoring>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], monitoring.metrics().await).into_response()
}
