//! One extractor for each scope of an API key. A signed-in person has all scopes.

use super::{ErrorResponse, extract::caller_of};
use crate::{
    domain::key::Scope,
    server::{auth::caller::Caller, state::AppState},
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
                Ok(Self(caller_of(parts, state).await?.allowed(Scope::$name)?))
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
