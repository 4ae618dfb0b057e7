//! Health, readiness and metrics.

use super::{ErrorResponse, extract::bearer};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        operations::{Health, Readiness},
    },
    config::serve::ServeConfig,
    server::{auth::origin::Origin, operations::monitoring::Monitoring, state::AppState},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;
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
    responses((status = 200, description = "Both answer. `checks` is empty for callers from elsewhere without the metrics token", body = Readiness),
        (status = 503, description = "One does not answer; `checks` says which, and why", body = Readiness)), security(())
)]
pub async fn readyz(State(state): State<AppState>, State(monitoring): State<Monitoring>, parts: Parts) -> (StatusCode, Json<Readiness>) {
    let checks = monitoring.ready().await;
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let words = |check: Result<(), String>| check.err().unwrap_or_else(|| "ok".to_owned());
    // The reasons are the operator's: they name addresses and parts.
    let shown = if is_operator(&parts, &state.studio.config) { checks } else { Vec::new() };
    let checks = shown.into_iter().map(|(name, check)| (name.to_owned(), words(check))).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}

/// Reads the metrics, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "Operations",
    responses((status = 200, description = "The Prometheus text format", content_type = "text/plain", body = String),
        (status = 403, description = "Not from this machine, and without the metrics token", body = ApiError)), security(())
)]
pub async fn metrics(State(state): State<AppState>, State(monitoring): State<Monitoring>, parts: Parts) -> Response {
    if !is_operator(&parts, &state.studio.config) {
        let message = "Metrics are for this machine, or for who sends FOOTLIGHT_METRICS_TOKEN as `Authorization: Bearer …`.";
        return ErrorResponse(ApiError::new(ErrorCode::Forbidden, message)).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], monitoring.metrics().await).into_response()
}

/// A call from this machine, or with the metrics token.
fn is_operator(parts: &Parts, config: &ServeConfig) -> bool {
    let local = Origin::of(parts, config).address.is_none_or(|address| address.is_loopback());
    let token = config.metrics_token.as_ref().map(|token| token.expose().as_bytes());
    local || bearer(&parts.headers).zip(token).is_some_and(|(sent, token)| bool::from(sent.as_bytes().ct_eq(token)))
}
