//! Who sends a request, as extractors: a handler's signature is its access rule. `Caller` is a signed-in person; API keys are
//! accepted through `scoped`.

use super::ErrorResponse;
use crate::{
    api::error::{ApiError, ErrorCode},
    server::{
        accounts::{Accounts, api_keys::ApiKeys},
        auth::{
            caller::{Caller, Proof, not_signed_in},
            token,
        },
        cookies::{OVERLAY_COOKIE, SIGN_IN_COOKIE, cookie},
        error::StudioResult,
        overlay::OverlayViewer,
        security,
        state::AppState,
        store::TokenHash,
    },
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};

/// The caller found by the API's middleware, so that it is looked up once.
#[derive(Debug, Clone)]
pub struct Identified(pub Option<Caller>);

/// Who the request's cookie belongs to, if anybody.
///
/// # Errors
/// The store failed.
pub async fn signed_in(headers: &HeaderMap, accounts: &Accounts) -> StudioResult<Option<Caller>> {
    match cookie(headers, SIGN_IN_COOKIE).filter(|token| !token.is_empty()) {
        Some(token) => accounts.signed_in(token).await,
        None => Ok(None),
    }
}

/// Identifies the caller by key or by cookie. An invalid key is refused, whatever the cookie says.
///
/// # Errors
/// The key is invalid, or the store failed.
pub async fn identify(headers: &HeaderMap, accounts: &Accounts, keys: &ApiKeys) -> StudioResult<Option<Caller>> {
    match bearer(headers) {
        Some(key) => keys.caller(key).await.map(Some),
        None => signed_in(headers, accounts).await,
    }
}

/// The key in `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The hash of a request's key or cookie, before the caller is known.
pub fn credential(headers: &HeaderMap) -> Option<TokenHash> {
    bearer(headers).or_else(|| cookie(headers, SIGN_IN_COOKIE)).map(token::hash)
}

/// The caller of a request, with any authentication.
pub(super) async fn caller_of(parts: &Parts, state: &AppState) -> Result<Caller, ErrorResponse> {
    let found = match parts.extensions.get::<Identified>() {
        Some(Identified(found)) => found.clone(),
        None => identify(&parts.headers, &state.studio.accounts, &state.studio.api_keys).await?,
    };
    let caller = found.ok_or_else(not_signed_in)?;
    if parts.method != Method::GET && matches!(caller.proof, Proof::SignIn(_)) {
        security::same_origin(&parts.headers, &state.studio.config)?;
    }
    Ok(caller)
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorResponse> {
        let caller = caller_of(parts, state).await?;
        match caller.proof {
            Proof::SignIn(_) => Ok(caller),
            Proof::Key(_) => Err(ApiError::new(ErrorCode::Forbidden, "An API key does not open this. Sign in with a browser.").into()),
        }
    }
}

impl FromRequestParts<AppState> for OverlayViewer {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorResponse> {
        if let Some(viewer) = parts.extensions.get::<Self>() {
            return Ok(viewer.clone());
        }
        let token = cookie(&parts.headers, OVERLAY_COOKIE).ok_or_else(not_signed_in)?;
        Ok(state.studio.overlay.viewer(token).await?)
    }
}
