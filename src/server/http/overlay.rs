//! The overlay: settings, events, and heartbeats of its page.

use super::{ApiResult, Errors, JsonBody, scoped};
use crate::{
    api::{
        events::{ChangeOverlay, ChangedOverlay, EventBatch, EventResults},
        overlay::Heartbeat,
    },
    server::overlay::{Overlay, OverlayViewer},
};
use axum::{Json, extract::State, http::StatusCode};

/// Changes the overlay's settings, also while live; visible within a second.
#[utoipa::path(
    patch, path = "/api/streaming/overlay", tag = "Picture", request_body = ChangeOverlay,
    responses((status = 200, description = "The configuration from now on", body = ChangedOverlay), Errors),
    security(("key" = ["events"]), ("signIn" = []))
)]
pub async fn change(
    State(overlay): State<Overlay>,
    scoped::Events(caller): scoped::Events,
    JsonBody(body): JsonBody<ChangeOverlay>,
) -> ApiResult<Json<ChangedOverlay>> {
    Ok(Json(overlay.change(&caller, body).await?))
}

/// Sends up to 100 events to the overlay. Each is accepted or refused individually; a repeated id is not shown twice.
#[utoipa::path(
    post, path = "/api/streaming/events", tag = "Picture", request_body = EventBatch,
    responses((status = 200, description = "What became of each", body = EventResults), Errors),
    security(("key" = ["events"]), ("signIn" = []))
)]
pub async fn events(
    State(overlay): State<Overlay>,
    scoped::Events(caller): scoped::Events,
    JsonBody(batch): JsonBody<EventBatch>,
) -> ApiResult<Json<EventResults>> {
    Ok(Json(overlay.publish(&caller, batch).await?))
}

/// The overlay page's heartbeat: frames painted, media on the page. Only for that page, by its cookie.
#[utoipa::path(
    post, path = "/api/streaming/heartbeat", tag = "Picture", request_body = Heartbeat,
    responses((status = 204, description = "Heard"), Errors),
    security(("overlay" = []))
)]
pub async fn heartbeat(State(overlay): State<Overlay>, viewer: OverlayViewer, JsonBody(heartbeat): JsonBody<Heartbeat>) -> StatusCode {
    overlay.heartbeat(&viewer, heartbeat).await;
    StatusCode::NO_CONTENT
}
