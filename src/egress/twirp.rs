//! LiveKit's Egress API over HTTP: Twirp with protobuf and JSON bodies. Decodes, asks the desk, encodes.

use crate::egress::{access, desk::Desk, metrics, plan::Plan, refusal::Refusal};
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

/// The largest request that makes sense, generously.
const BODY: usize = 256 * 1024;

/// The worker's HTTP interface.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/twirp/livekit.Egress/{method}", post(call))
        .route("/healthz", get(health))
        .route("/metrics", get(measure))
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(desk)
}

#[derive(Clone, Copy)]
enum Format {
    Protobuf,
    Json,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => Err(Refusal::bad_route("unexpected Content-Type: send application/protobuf or application/json")),
        }
    }

    fn read<T: Message + Default + DeserializeOwned>(self, body: &[u8]) -> Result<T, Refusal> {
        match self {
            Self::Protobuf => T::decode(body).map_err(|_| Refusal::malformed("the protobuf request could not be decoded")),
            Self::Json => serde_json::from_slice(body).map_err(|_| Refusal::malformed("the json request could not be decoded")),
        }
    }

    fn write<T: Message + Serialize>(self, answer: &T) -> Response {
        match self {
            Self::Protobuf => ([(CONTENT_TYPE, "application/protobuf")], answer.encode_to_vec()).into_response(),
            Self::Json => Json(answer).into_response(),
        }
    }
}

async fn call(State(desk): State<Arc<Desk>>, Path(method): Path<String>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let config = desk.config();
    access::check(&headers, &config.api_key, &config.api_secret)?;
    let format = Format::of(&headers)?;
    match method.as_str() {
        "StartWebEgress" => {
            let plan = Plan::of_web(format.read::<WebEgressRequest>(&body)?, &config.origins[0])?;
            Ok(format.write(&desk.start(plan)?))
        }
        "StartEgress" => {
            let plan = Plan::of_start(format.read::<StartEgressRequest>(&body)?, &config.origins[0])?;
            Ok(format.write(&desk.start(plan)?))
        }
        "ListEgress" => {
            let items = desk.list(&format.read::<ListEgressRequest>(&body)?)?;
            Ok(format.write(&ListEgressResponse { items, next_page_token: None }))
        }
        "StopEgress" => Ok(format.write(&desk.stop(&format.read::<StopEgressRequest>(&body)?.egress_id)?)),
        "UpdateStream" => Ok(format.write(&desk.update(&format.read::<UpdateStreamRequest>(&body)?)?)),
        "StartRoomCompositeEgress"
        | "StartParticipantEgress"
        | "StartTrackCompositeEgress"
        | "StartTrackEgress"
        | "UpdateLayout"
        | "UpdateEgress" => Err(Refusal::unimplemented("the local egress captures web pages only: use StartWebEgress")),
        _ => Err(Refusal::bad_route(format!("no handler for path \"/twirp/livekit.Egress/{method}\""))),
    }
}

async fn health(State(desk): State<Arc<Desk>>) -> Response {
    Json(serde_json::json!({ "slots": { "total": desk.config().slots, "used": desk.used() } })).into_response()
}

async fn measure(State(desk): State<Arc<Desk>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::text(&desk)).into_response()
}
