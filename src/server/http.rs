//! The public API, `/api/…`. A handler takes a few lines, because the use cases do the work. Every route is registered with its
//! description, so that the document is complete.

#![expect(clippy::missing_errors_doc, reason = "the answers of each route, errors too, stand in its description")]

pub mod admin;
pub mod admission;
pub mod agents;
pub mod composite;
pub mod cors;
pub mod destinations;
pub mod erasure;
pub mod extract;
pub mod feed;
pub mod media;
pub mod middleware;
pub mod openapi;
pub mod operations;
pub mod overlay;
pub mod scoped;
pub mod sessions;
pub mod webhooks;

use super::{error::StudioError, state::AppState};
use crate::api::error::{ApiError, ErrorCode};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every route of the API.
pub fn routes(state: &AppState) -> Router<AppState> {
    let (router, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(sessions::start))
        .routes(routes!(sessions::stop))
        .routes(routes!(sessions::status))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::room))
        .routes(routes!(sessions::destinations))
        .routes(routes!(sessions::retry_destination))
        .routes(routes!(destinations::test))
        .routes(routes!(overlay::change))
        .routes(routes!(overlay::events))
        .routes(routes!(overlay::heartbeat))
        .routes(routes!(feed::of_session))
        .routes(routes!(feed::of_everybody))
        .routes(routes!(media::recording))
        .routes(routes!(media::thumbnail))
        .routes(routes!(erasure::delete_session))
        .routes(routes!(erasure::delete_recording))
        .routes(routes!(erasure::export))
        .routes(routes!(erasure::delete_account))
        .routes(routes!(erasure::delete_any_account))
        .routes(routes!(agents::game_started))
        .routes(routes!(agents::game_ended))
        .routes(routes!(agents::picture, agents::set_picture))
        .routes(routes!(agents::audit))
        .routes(routes!(admin::export))
        .routes(routes!(admin::deliveries))
        .routes(routes!(admin::resend))
        .routes(routes!(webhooks::livekit))
        .routes(routes!(openapi::openapi))
        .split_for_parts();
    let (operations, described) = operations::routes().split_for_parts();
    document.merge(described);
    openapi::keep(document);
    let router = router
        .method_not_allowed_fallback(middleware::wrong_method)
        .route_layer(axum::middleware::from_fn_with_state(state.clone(), admission::admit))
        .route("/api/{*rest}", any(middleware::unknown));
    let router = match cors::layer(&state.studio.config) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.merge(operations)
}

/// An [`ApiError`] on its way out, with its HTTP status.
#[derive(Debug)]
pub struct ErrorResponse(pub ApiError);

impl From<ApiError> for ErrorResponse {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<StudioError> for ErrorResponse {
    fn from(error: StudioError) -> Self {
        Self(error.into_api_error())
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.0)).into_response();
        if let Some(seconds) = self.0.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        // The middleware adds the request's id.
        response.extensions_mut().insert(self.0);
        response
    }
}

/// The result of handlers.
pub type ApiResult<T> = Result<T, ErrorResponse>;

/// A JSON body; errors name the invalid field, in our own error shape.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ErrorResponse> {
        if !says_json(request.headers()) {
            return Err(ApiError::new(ErrorCode::BadRequest, "Send JSON, with Content-Type: application/json.").into());
        }
        let no_json = |words: String| ApiError::new(ErrorCode::BadRequest, format!("The body is not JSON: {words}"));
        let body = Bytes::from_request(request, state).await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorCode::TooLarge, "The body is too large."),
            _ => no_json(error.body_text()),
        })?;
        // A valid body is parsed once; an invalid one is parsed again to find what is wrong.
        if body.trim_ascii_start().starts_with(b"{")
            && let Ok(read) = serde_json::from_slice(&body)
        {
            return Ok(Self(read));
        }
        match Json::<serde_json::Value>::from_bytes(&body) {
            Ok(Json(body)) => read_body(&body).map(Self),
            Err(error) => Err(no_json(error.body_text()).into()),
        }
    }
}

/// `application/json`, or another media type based on JSON.
fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Parses a body, or names the invalid field.
fn read_body<T: DeserializeOwned>(body: &serde_json::Value) -> Result<T, ErrorResponse> {
    if !body.is_object() {
        return Err(ApiError::new(ErrorCode::Invalid, "The body must be a JSON object.").into());
    }
    T::deserialize(body).map_err(|error| {
        let fields: Vec<String> = body.as_object().map(|body| body.keys().cloned().collect()).unwrap_or_default();
        let words = error.to_string();
        let quoted = words.split('`').nth(1).filter(|_| words.starts_with("missing field") || words.starts_with("unknown field"));
        let field = quoted.map(str::to_owned).or_else(|| culprit::<T>(body, &fields));
        let message = match &field {
            Some(field) if !words.contains(field.as_str()) => format!("{field}: {words}."),
            _ => format!("The body is not in shape: {words}."),
        };
        ErrorResponse(match field {
            Some(field) => ApiError::invalid(&field, message),
            None => ApiError::new(ErrorCode::Invalid, message),
        })
    })
}

/// The invalid field. Serde does not name a field of a wrong type, so each field is left out in turn until the error changes.
/// Required fields come last, because leaving one out always changes the error.
fn culprit<T: DeserializeOwned>(body: &serde_json::Value, fields: &[String]) -> Option<String> {
    let complaint = |body: serde_json::Value| serde_json::from_value::<T>(body).err().map(|error| error.to_string());
    let first = complaint(body.clone());
    let without = |field: &String| {
        let mut body = body.clone();
        body.as_object_mut().map(|body| body.remove(field.as_str()));
        complaint(body)
    };
    let missing = |field: &String| Some(format!("missing field `{field}`"));
    let freed = fields.iter().find(|field| without(field) != first && without(field) != missing(field));
    freed.or_else(|| fields.iter().find(|field| without(field) == missing(field))).cloned()
}

/// A query string; errors name the invalid field, in our own error shape.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for QueryParams<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorResponse> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                let words = error.body_text();
                let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(&words);
                let named = words.split('`').nth(1).filter(|_| words.starts_with("missing field") || words.starts_with("unknown field"));
                let field = named.or_else(|| words.split_once(": ").map(|(field, _)| field)).unwrap_or("query");
                Err(ApiError::invalid(field, format!("The query is not in shape: {words}.")).into())
            }
        }
    }
}

/// Path parameters; an invalid id gives the same error as a missing one.
#[derive(Debug)]
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for PathParams<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorResponse> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(ApiError::new(ErrorCode::NotFound, "There is nothing of this name.").into()),
        }
    }
}

/// A JSON response with a status.
pub fn with_status<T: Serialize>(status: StatusCode, body: T) -> Response {
    (status, Json(body)).into_response()
}

/// What every call may answer, for the document.
#[derive(utoipa::IntoResponses)]
pub enum Errors {
    /// The request cannot be read.
    #[response(status = 400)]
    BadRequest(ApiError),
    /// Nobody is signed in, or the credential is not valid.
    #[response(status = 401)]
    Unauthenticated(ApiError),
    /// The key lacks a scope, or only administrators may do this.
    #[response(status = 403)]
    Forbidden(ApiError),
    /// It does not exist, or is somebody else's.
    #[response(status = 404)]
    NotFound(ApiError),
    /// It conflicts with the current state.
    #[response(status = 409)]
    Conflict(ApiError),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ApiError),
    /// A field is not acceptable; `detail.field` names it.
    #[response(status = 422)]
    Invalid(ApiError),
    /// Too many calls: wait `Retry-After` seconds.
    #[response(status = 429)]
    TooManyRequests(ApiError),
    /// Our fault: the log explains it under the request's id.
    #[response(status = 500)]
    Internal(ApiError),
    /// A part Footlight needs does not answer, or no slot is free.
    #[response(status = 503)]
    Unavailable(ApiError),
}
