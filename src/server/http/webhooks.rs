//! LiveKit's webhooks come in here.

use super::Reply;
use crate::server::studio::Studio;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};

/// `POST /api/webhooks/livekit`: 200 once kept, 401 for a bad signature. The raw body is what was signed.
pub async fn livekit(State(studio): State<Studio>, headers: HeaderMap, body: Bytes) -> Reply<StatusCode> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    studio.take_webhook(authorization, &body).await?;
    Ok(StatusCode::OK)
}
