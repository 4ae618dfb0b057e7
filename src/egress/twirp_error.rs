//! Twirp errors of the API: a code and a message. Messages name fields, never keys.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TwirpError {
    code: &'static str,
    status: StatusCode,
    message: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $status:ident;)*) => {
        impl TwirpError {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self { code: $code, status: StatusCode::$status, message: message.into() }
            })*
        }
    };
}

codes! {
    /// A field is missing or invalid.
    invalid_argument "invalid_argument" BAD_REQUEST;
    /// The body cannot be decoded.
    malformed "malformed" BAD_REQUEST;
    bad_route "bad_route" NOT_FOUND;
    /// The token is missing or has no grant.
    unauthenticated "unauthenticated" UNAUTHORIZED;
    /// No such egress or output.
    not_found "not_found" NOT_FOUND;
    /// The egress has ended.
    failed_precondition "failed_precondition" PRECONDITION_FAILED;
    /// Only LiveKit supports this.
    unimplemented "unimplemented" NOT_IMPLEMENTED;
    /// No free slot, or draining.
    unavailable "unavailable" SERVICE_UNAVAILABLE;
}

impl TwirpError {
    #[cfg(test)]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        (self.status, Json(serde_json::json!({ "code": self.code, "msg": self.message }))).into_response()
    }
}
