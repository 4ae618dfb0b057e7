//! The error body of the HTTP API and of server functions.

use super::wire::TextJson;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// The kind of error; each has one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request cannot be read.
    BadRequest,
    /// 401: nobody is signed in, or the credential is not valid.
    Unauthenticated,
    /// 403: this caller is not allowed to do it.
    Forbidden,
    /// 404: it does not exist, or is somebody else's.
    NotFound,
    /// 405: the path has other methods.
    MethodNotAllowed,
    /// 409: it conflicts with the current state.
    Conflict,
    /// 413: the body is too large.
    TooLarge,
    /// 422: a field is not acceptable.
    Invalid,
    /// 429: too many calls.
    TooManyRequests,
    /// 500: our fault; the request id finds it in the log.
    Internal,
    /// 503: a part Footlight needs does not answer, or no slot is free.
    Unavailable,
}

/// `{"code","message","detail","requestId"}`: what was wrong and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct ApiError {
    /// The kind of error.
    pub code: ErrorCode,
    /// What was wrong and what to do, in one or two sentences.
    pub message: String,
    /// Details for programs: the field, the conflicting id.
    #[serde(default)]
    pub detail: serde_json::Value,
    /// The request's id in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl ApiError {
    /// An error without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: serde_json::Value::Null, request_id: None }
    }

    /// An invalid field.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self { detail: serde_json::json!({ "field": field }), ..Self::new(ErrorCode::Invalid, message) }
    }

    /// An error that may pass: the same call may succeed after so many seconds.
    pub fn again_after(code: ErrorCode, message: impl Into<String>, seconds: u64) -> Self {
        Self { detail: serde_json::json!({ "retryAfter": seconds }), ..Self::new(code, message) }
    }

    /// Seconds to wait before the next try, where that helps: the header `Retry-After`.
    pub fn retry_after(&self) -> Option<u64> {
        self.detail.get("retryAfter")?.as_u64()
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self.code {
            ErrorCode::BadRequest => 400,
            ErrorCode::Unauthenticated => 401,
            ErrorCode::Forbidden => 403,
            ErrorCode::NotFound => 404,
            ErrorCode::MethodNotAllowed => 405,
            ErrorCode::Conflict => 409,
            ErrorCode::TooLarge => 413,
            ErrorCode::Invalid => 422,
            ErrorCode::TooManyRequests => 429,
            ErrorCode::Internal => 500,
            ErrorCode::Unavailable => 503,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = TextJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                Self::new(ErrorCode::Unavailable, "The studio does not answer. Check your connection and try again.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::new(ErrorCode::BadRequest, "The studio and this page do not understand each other. Reload the page.")
            }
            _ => Self::new(ErrorCode::Internal, "Something went wrong in the studio. Try again."),
        }
    }
}
