//! The public API, `/api/…`: three lines a handler, the use cases are the Studio's.

pub mod feed;
pub mod media;
pub mod operations;
pub mod overlay;
pub mod sessions;
pub mod webhooks;

use super::{error::StudioError, state::AppState};
use crate::api::error::{ApiError, ErrorCode};
use axum::{
    Json, Router,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use serde::{Serialize, de::DeserializeOwned};

/// Every route of the API.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/streaming/start", post(sessions::start))
        .route("/api/streaming/stop", post(sessions::stop))
        .route("/api/streaming/status", get(sessions::status))
        .route("/api/streaming/sessions", get(sessions::list))
        .route("/api/streaming/room", post(sessions::room))
        .route("/api/streaming/destinations", post(sessions::destinations))
        .route("/api/streaming/overlay", patch(overlay::change))
        .route("/api/streaming/heartbeat", post(overlay::heartbeat))
        .route("/api/streaming/feed", get(feed::of_session))
        .route("/api/admin/feed", get(feed::of_everybody))
        .route("/api/streaming/recordings/{session}/{file}", get(media::recording))
        .route("/api/streaming/thumbnails/{session}", get(media::thumbnail))
        .route("/api/webhooks/livekit", post(webhooks::livekit))
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
}

/// An [`ApiError`] on its way out, with its HTTP status.
#[derive(Debug)]
pub struct Refusal(pub ApiError);

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<StudioError> for Refusal {
    fn from(error: StudioError) -> Self {
        Self(error.tell())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}

/// What handlers answer with.
pub type Reply<T> = Result<T, Refusal>;

/// A JSON body; what is wrong with a bad one is told by name, in our own error shape.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::JsonDataError(error)) => Err(ApiError::new(ErrorCode::Invalid, error.body_text()).into()),
            Err(JsonRejection::BytesRejection(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::new(ErrorCode::TooLarge, "The body is too large.").into())
            }
            Err(error) => Err(ApiError::new(ErrorCode::BadRequest, error.body_text()).into()),
        }
    }
}

/// A JSON answer with a status of its own.
pub fn with_status<T: Serialize>(status: StatusCode, body: T) -> Response {
    (status, Json(body)).into_response()
}
