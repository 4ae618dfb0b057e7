//! What the API answers when it refuses: a Twirp code and a sentence. No secrets: texts name fields, never keys.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// A Twirp error.
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
    /// The request breaks a rule.
    invalid_argument "invalid_argument" BAD_REQUEST;
    /// The body is not what its content type says.
    malformed "malformed" BAD_REQUEST;
    /// No such method.
    bad_route "bad_route" NOT_FOUND;
    /// No token, or one that does not carry the grant.
    unauthenticated "unauthenticated" UNAUTHORIZED;
    /// No such egress or output.
    not_found "not_found" NOT_FOUND;
    /// The egress is over.
    failed_precondition "failed_precondition" PRECONDITION_FAILED;
    /// A part of LiveKit's API that only LiveKit has.
    unimplemented "unimplemented" NOT_IMPLEMENTED;
    /// No slot, or draining.
    unavailable "unavailable" SERVICE_UNAVAILABLE;
}

impl TwirpError {
    /// The Twirp code.
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
