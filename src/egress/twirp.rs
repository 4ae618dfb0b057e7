//! LiveKit's Egress API over HTTP: Twirp with protobuf and JSON bodies.

use crate::egress::{auth, metrics, registry::EgressRegistry, request::EgressRequest, twirp_error::TwirpError};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use livekit_protocol::{
    ListEgressRequest, ListEgressResponse, StartEgressRequest, StopEgressRequest, UpdateStreamRequest, WebEgressRequest,
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Largest request body in bytes.
const BODY: usize = 256 * 1024;

/// The worker's HTTP interface.
pub fn router(registry: Arc<EgressRegistry>) -> Router {
    Router::new()
        .route("/twirp/livekit.Egress/{method}", post(call))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics_page))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(registry)
}

#[derive(Clone, Copy)]
enum Format {
    Protobuf,
    Json,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, TwirpError> {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => Err(TwirpError::bad_route("unexpected Content-Type: send application/protobuf or application/json")),
        }
    }

    fn read<T: Message + Default + DeserializeOwned>(self, body: &[u8]) -> Result<T, TwirpError> {
        match self {
            Self::Protobuf => T::decode(body).map_err(|_| TwirpError::malformed("the protobuf request could not be decoded")),
            Self::Json => serde_json::from_slice(body).map_err(|_| TwirpError::malformed("the json request could not be decoded")),
        }
    }

    fn write<T: Message + Serialize>(self, response: &T) -> Response {
        match self {
            Self::Protobuf => ([(CONTENT_TYPE, "application/protobuf")], response.encode_to_vec()).into_response(),
            Self::Json => Json(response).into_response(),
        }
    }
}

async fn call(
    State(registry): State<Arc<EgressRegistry>>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, TwirpError> {
    let config = registry.config();
    auth::authorize(&headers, &config.api_key, &config.api_secret)?;
    let format = Format::of(&headers)?;
    match method.as_str() {
        "StartWebEgress" => {
            let request = EgressRequest::from_web(format.read::<WebEgressRequest>(&body)?, &config.origins[0])?;
            Ok(format.write(&registry.start(request)?))
        }
        "StartEgress" => {
            let request = EgressRequest::from_start(format.read::<StartEgressRequest>(&body)?, &config.origins[0])?;
            Ok(format.write(&registry.start(request)?))
        }
        "ListEgress" => {
            let items = registry.list(&format.read::<ListEgressRequest>(&body)?)?;
            Ok(format.write(&ListEgressResponse { items, next_page_token: None }))
        }
        "StopEgress" => Ok(format.write(&registry.stop(&format.read::<StopEgressRequest>(&body)?.egress_id)?)),
        "UpdateStream" => Ok(format.write(&registry.update(&format.read::<UpdateStreamRequest>(&body)?)?)),
        "StartRoomCompositeEgress"
        | "StartParticipantEgress"
        | "StartTrackCompositeEgress"
        | "StartTrackEgress"
        | "UpdateLayout"
        | "UpdateEgress" => Err(TwirpError::unimplemented("the local egress captures web pages only: use StartWebEgress")),
        _ => Err(TwirpError::bad_route(format!("no handler for path \"/twirp/livekit.Egress/{method}\""))),
    }
}

async fn health(State(registry): State<Arc<EgressRegistry>>) -> Response {
    let slots = serde_json::json!({ "total": registry.config().slots, "used": registry.used() });
    let mut health = serde_json::json!({ "slots": slots, "sandbox": registry.config().sandbox.name() });
    if let Some(problem) = &registry.config().font_problem {
        health["problems"] = serde_json::json!([problem]);
    }
    Json(health).into_response()
}

/// For everybody who reaches the listener; the ids of egresses only for whoever may start and stop them.
async fn metrics_page(State(registry): State<Arc<EgressRegistry>>, headers: HeaderMap) -> Response {
    let config = registry.config();
    let known = auth::authorize(&headers, &config.api_key, &config.api_secret).is_ok();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::text(&registry, known)).into_response()
}
