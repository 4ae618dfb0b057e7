//! The receiver of LiveKit's webhooks.

use super::{ApiResult, Errors};
use crate::server::reconcile::Reconciler;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};

/// Receives a webhook of LiveKit's.
///
/// It is answered with 200 once it is stored, and with 401 if the signature, which covers the raw body, is not LiveKit's.
#[utoipa::path(
    post, path = "/api/webhooks/livekit", operation_id = "receiveLivekitWebhook", tag = "Operations",
    request_body(content = serde_json::Value, content_type = "application/webhook+json", description = "As LiveKit sends it"),
    params(("Authorization" = Option<String>, Header, description = "LiveKit's signature")),
    responses((status = 200, description = "Stored"), Errors), security(())
)]
pub async fn livekit(State(reconciler): State<Reconciler>, headers: HeaderMap, body: Bytes) -> ApiResult<StatusCode> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    reconciler.handle_webhook(authorization, &body).await?;
    Ok(StatusCode::OK)
}
