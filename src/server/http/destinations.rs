//! Destinations tried before a session.

use super::{ApiResult, Errors, JsonBody, scoped};
use crate::{
    api::destination_test::{DestinationTests, TestDestinations},
    server::destinations::Destinations,
};
use axum::{Json, extract::State};

/// Tries destinations before a session.
///
/// The relay connects to each server (name, TCP, TLS, RTMP handshake and `connect`, over redirects), for 5 s at most. Nothing is
/// published, so no broadcast begins, and whether the key is accepted is known when a session starts.
#[utoipa::path(
    post, path = "/api/streaming/destinations/test", operation_id = "testDestinations", tag = "Destinations", request_body = TestDestinations,
    responses((status = 200, description = "One result for each destination", body = DestinationTests), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn test(
    State(destinations): State<Destinations>,
    scoped::Start(caller): scoped::Start,
    JsonBody(body): JsonBody<TestDestinations>,
) -> ApiResult<Json<DestinationTests>> {
    let results = destinations.test_all(&caller, body.agent_id.as_ref(), &body.destination_ids, body.destinations).await?;
    Ok(Json(DestinationTests { results }))
}
