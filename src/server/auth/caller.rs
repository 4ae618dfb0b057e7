//! Who is asking, as extractors: a handler's signature is its access rule.

use crate::{
    api::{
        accounts::Me,
        error::{ApiError, ErrorCode},
    },
    domain::{account::User, session::Owner},
    server::{
        auth::token,
        error::StudioError,
        http::Refusal,
        security::{self, OVERLAY_COOKIE, SIGN_IN_COOKIE},
        state::AppState,
        studio::{Studio, overlay::OverlayViewer},
    },
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, request::Parts},
};

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user: User,
}

impl Caller {
    /// As pages know it.
    pub fn me(&self) -> Me {
        Me { id: self.user.id.clone(), name: self.user.name.clone(), role: self.user.role }
    }

    /// As the owner of shows.
    pub fn owner(&self) -> Owner {
        Owner::User(self.user.id.clone())
    }

    /// Who the request's cookie belongs to, if anybody.
    ///
    /// # Errors
    /// The store failed.
    pub async fn of(headers: &HeaderMap, studio: &Studio) -> Result<Option<Self>, StudioError> {
        let Some(token) = security::cookie(headers, SIGN_IN_COOKIE).filter(|token| !token.is_empty()) else { return Ok(None) };
        let Some(sign_in) = studio.store().sign_in(&token::hash(token)).await? else { return Ok(None) };
        if sign_in.expires_at <= studio.now() {
            return Ok(None);
        }
        Ok(studio.store().user(&sign_in.user).await?.map(|user| Self { user }))
    }
}

/// What callers without a valid sign-in are told.
pub fn nobody() -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, "Sign in first.")
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        if parts.method != Method::GET {
            security::same_origin(&parts.headers, state.studio.config())?;
        }
        Ok(Self::of(&parts.headers, &state.studio).await?.ok_or_else(nobody)?)
    }
}

impl FromRequestParts<AppState> for OverlayViewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let token = security::cookie(&parts.headers, OVERLAY_COOKIE).ok_or_else(nobody)?;
        Ok(state.studio.overlay_viewer(token).await?)
    }
}
