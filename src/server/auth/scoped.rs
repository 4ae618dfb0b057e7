//! One extractor for each scope of an API key. A signed-in person has all scopes.

use super::caller::{Caller, Proof, caller_of};
use crate::{
    api::error::{ApiError, ErrorCode},
    domain::key::Scope,
    server::{http::ErrorResponse, state::AppState},
};
use axum::{extract::FromRequestParts, http::request::Parts};

macro_rules! scoped {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone)]
        pub struct $name(pub Caller);

        impl FromRequestParts<AppState> for $name {
            type Rejection = ErrorResponse;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorResponse> {
                Ok(Self(allowed(caller_of(parts, state).await?, Scope::$name)?))
            }
        }
    )*};
}

scoped! {
    /// A caller who may start sessions.
    Start
    /// A caller who may stop sessions.
    Stop
    /// A caller who may change the overlay.
    Events
    /// A caller who may read.
    Read
    /// A caller who may act as an administrator, if they are one: [`Caller::is_admin`] decides.
    Admin
}

/// The caller, if their key has the scope.
///
/// # Errors
/// The scope is missing: 403 with its name.
pub fn allowed(caller: Caller, scope: Scope) -> Result<Caller, ApiError> {
    match &caller.proof {
        Proof::Key(key) if !key.allows(scope) => {
            let message = format!("This API key lacks the scope `{}`. Make one that has it under Settings.", scope.name());
            Err(ApiError { detail: serde_json::json!({ "scope": scope }), ..ApiError::new(ErrorCode::Forbidden, message) })
        }
        _ => Ok(caller),
    }
}
