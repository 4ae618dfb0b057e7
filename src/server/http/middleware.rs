//! Errors in one shape with their request's id, and answers to paths and methods that the API does not have.

use super::ErrorResponse;
use crate::api::error::{ApiError, ErrorCode};
use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const REQUEST_ID: &str = "x-request-id";

/// Adds the request id to every error; axum's own errors get our shape.
pub async fn name_errors(request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let api = request.uri().path().starts_with("/api/") && request.uri().path() != "/api/docs";
    let response = next.run(request).await;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let known = response.extensions().get::<ApiError>().cloned();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let error = match known {
        Some(error) => error,
        None if api && !json && response.status() != StatusCode::RANGE_NOT_SATISFIABLE => api_error_for(response.status()),
        None => return response,
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Json(ApiError { request_id: id, ..error }).into_response().into_body();
    Response::from_parts(parts, body)
}

fn api_error_for(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => (ErrorCode::NotFound, "There is no such call. /api/docs lists them all."),
        StatusCode::METHOD_NOT_ALLOWED => (ErrorCode::MethodNotAllowed, "This call is made with another method; /api/docs says which."),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::TooLarge, "The body is too large."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (ErrorCode::BadRequest, "Send JSON, with Content-Type: application/json."),
        status if status.is_server_error() => (ErrorCode::Internal, "Something went wrong in the studio. Try again."),
        _ => (ErrorCode::BadRequest, "The request makes no sense as sent."),
    };
    ApiError::new(code, message)
}

/// An unknown path of the API.
pub async fn unknown() -> ErrorResponse {
    ErrorResponse(api_error_for(StatusCode::NOT_FOUND))
}

/// The right path with the wrong method.
pub async fn wrong_method() -> ErrorResponse {
    ErrorResponse(api_error_for(StatusCode::METHOD_NOT_ALLOWED))
}
