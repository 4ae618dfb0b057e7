//! The receiver of LiveKit's webhooks.

use super::{ApiResult, Errors};
use crate::server::reconcile::Reconciler;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};

/// Receives LiveKit's webhooks: 200 once stored, 401 for a bad signature. The signature covers the raw body.
#[utoipa::path(
    post, path = "/api/webhooks/livekit", tag = "Administration",
    request_body(content = String, content_type = "application/webhook+json", description = "As LiveKit sends it"),
    params(("Authorization" = Option<String>, Header, description = "LiveKit's signature")),
    responses((status = 200, description = "Kept"), Errors), security(())
)]
pub async fn livekit(State(reconciler): State<Reconciler>, headers: HeaderMap, body: Bytes) -> ApiResult<StatusCode> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    reconciler.handle_webhook(authorization, &body).await?;
    Ok(StatusCode::OK)
}
