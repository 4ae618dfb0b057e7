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

/// Changes the settings of a session's overlay.
///
/// This works while live too; viewers see the change within a second.
#[utoipa::path(
    patch, path = "/api/streaming/overlay", operation_id = "changeOverlay", tag = "Overlay", request_body = ChangeOverlay,
    responses((status = 200, description = "The settings after the change", body = ChangedOverlay), Errors),
    security(("key" = ["events"]), ("signIn" = []))
)]
pub async fn change(
    State(overlay): State<Overlay>,
    scoped::Events(caller): scoped::Events,
    JsonBody(body): JsonBody<ChangeOverlay>,
) -> ApiResult<Json<ChangedOverlay>> {
    Ok(Json(overlay.change(&caller, body).await?))
}

/// Sends up to 100 events to a session's overlay.
///
/// Each is accepted or refused on its own. An event whose id was sent before is not shown twice. A stream takes so many events a minute
/// (429, with `Retry-After`) and in all (409).
#[utoipa::path(
    post, path = "/api/streaming/events", operation_id = "sendOverlayEvents", tag = "Overlay", request_body = EventBatch,
    responses((status = 200, description = "One result for each event, in order", body = EventResults), Errors),
    security(("key" = ["events"]), ("signIn" = []))
)]
pub async fn events(
    State(overlay): State<Overlay>,
    scoped::Events(caller): scoped::Events,
    JsonBody(batch): JsonBody<EventBatch>,
) -> ApiResult<Json<EventResults>> {
    Ok(Json(overlay.publish(&caller, batch).await?))
}

/// Reports that the overlay page is alive.
///
/// The page itself sends this every 2 s, with the frames it painted and the media it has. It is admitted by its cookie; nobody else
/// needs this call.
#[utoipa::path(
    post, path = "/api/streaming/heartbeat", operation_id = "sendOverlayHeartbeat", tag = "Overlay", request_body = Heartbeat,
    responses((status = 204, description = "Received"), Errors),
    security(("overlay" = []))
)]
pub async fn heartbeat(State(overlay): State<Overlay>, viewer: OverlayViewer, JsonBody(heartbeat): JsonBody<Heartbeat>) -> StatusCode {
    overlay.heartbeat(&viewer, heartbeat).await;
    StatusCode::NO_CONTENT
}
