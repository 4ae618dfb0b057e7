//! What server functions share: the caller and origin of a request, the status and cookies of a response.

use super::{
    accounts::Accounts,
    auth::{
        caller::{Caller, Proof, not_signed_in},
        origin::Origin,
    },
    error::StudioResult,
    http::extract::{Identified, signed_in},
    security,
    state::AppState,
};
use crate::{
    api::{docs::InstallationInfo, error::ApiError},
    config::serve::ServeConfig,
};
use axum::{
    extract::FromRef,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use std::sync::Arc;

/// The part of the server that a server function needs.
pub fn part<T: FromRef<AppState>>() -> T {
    T::from_ref(&expect_context::<AppState>())
}

/// Refuses a request that another site's page sent.
///
/// # Errors
/// The request came from another site.
#[expect(clippy::unused_async, reason = "every step of a server function is awaited alike")]
pub async fn own_page() -> Result<(), ApiError> {
    security::same_origin(&headers(), &part::<Arc<ServeConfig>>()).map_err(with_status)
}

/// Who is asking, if anybody.
///
/// # Errors
/// The store failed.
pub async fn caller() -> StudioResult<Option<Caller>> {
    // Admission has found them already; a page that is rendered on the server calls from within.
    match use_context::<Parts>().and_then(|parts| parts.extensions.get::<Identified>().cloned()) {
        Some(Identified(found)) => Ok(found.filter(|caller| matches!(caller.proof, Proof::SignIn(_)))),
        None => signed_in(&headers(), &part::<Accounts>()).await,
    }
}

/// The part that a server function needs, and who is asking.
///
/// # Errors
/// Nobody is signed in, or the request came from another site.
pub async fn admit<T: FromRef<AppState>>() -> Result<(T, Caller), ApiError> {
    own_page().await?;
    match reply(caller().await)? {
        Some(caller) => Ok((part(), caller)),
        None => Err(with_status(not_signed_in())),
    }
}

/// Turns a use case's result into the caller's, with its HTTP status. Leptos would answer every failure with 500.
///
/// # Errors
/// The use case's.
pub fn reply<T>(result: StudioResult<T>) -> Result<T, ApiError> {
    result.map_err(|error| with_status(error.into_api_error()))
}

/// Sets the status or the cookie of a page.
pub fn page_reply(opened: Result<Option<&str>, &ApiError>) {
    match opened {
        Ok(cookie) => cookie.into_iter().for_each(set_cookie),
        Err(error) => drop(with_status(error.clone())),
    }
}

/// What the help page says about this installation.
pub fn installation_info() -> InstallationInfo {
    let config = part::<Arc<ServeConfig>>();
    InstallationInfo {
        webhook_url: format!("{}/api/webhooks/livekit", config.app_url),
        room_server: config.livekit.public_url.clone(),
        local_capture: config.livekit.local_egress,
    }
}

/// Where the request comes from.
pub fn origin() -> Origin {
    let config = part::<Arc<ServeConfig>>();
    use_context::<Parts>().map(|parts| Origin::of(&parts, &config)).unwrap_or_default()
}

fn headers() -> HeaderMap {
    use_context::<Parts>().map(|parts| parts.headers).unwrap_or_default()
}

fn with_status(error: ApiError) -> ApiError {
    if let Some(options) = use_context::<ResponseOptions>() {
        options.set_status(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        if let Some(seconds) = error.retry_after() {
            options.insert_header(header::RETRY_AFTER, seconds.into());
        }
    }
    let request_id = headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    ApiError { request_id, ..error }
}

fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        options.append_header(header::SET_COOKIE, value);
    }
}
