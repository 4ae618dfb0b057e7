//! The overlay: changed by its owner, heard from by its page.

use super::{Body, Reply};
use crate::{
    api::overlay::Heartbeat,
    domain::{
        ids::SessionId,
        overlay::{OverlayPatch, OverlaySettings},
    },
    server::{
        auth::caller::Caller,
        studio::{Studio, overlay::OverlayViewer},
    },
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

/// `{sessionId, …any overlay field}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeOverlay {
    session_id: SessionId,
    #[serde(flatten)]
    patch: serde_json::Map<String, serde_json::Value>,
}

/// `PATCH /api/streaming/overlay`.
pub async fn change(State(studio): State<Studio>, caller: Caller, Body(body): Body<ChangeOverlay>) -> Reply<Json<OverlaySettings>> {
    let patch: OverlayPatch = serde_json::from_value(body.patch.into())
        .map_err(|error| crate::api::error::ApiError::new(crate::api::error::ErrorCode::Invalid, error.to_string()))?;
    Ok(Json(studio.set_overlay(&caller, &body.session_id, &patch).await?))
}

/// `POST /api/streaming/heartbeat`, by the overlay page only.
pub async fn heartbeat(State(studio): State<Studio>, viewer: OverlayViewer, Body(beat): Body<Heartbeat>) -> StatusCode {
    studio.heartbeat(&viewer, beat);
    StatusCode::NO_CONTENT
}
