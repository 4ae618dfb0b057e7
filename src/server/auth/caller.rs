//! The caller of a request, as an extractor: a handler's signature is its access rule. `Caller` is a signed-in person; API keys
//! are accepted through `scoped`.

use crate::{
    api::{
        accounts::Me,
        error::{ApiError, ErrorCode},
    },
    domain::{
        account::{Role, User},
        agent::Agent,
        ids::SignInId,
        key::{ApiKey, Scope},
        session::{Actor, Owner, Session},
    },
    server::{
        auth::token,
        cookies::{OVERLAY_COOKIE, SIGN_IN_COOKIE, cookie},
        error::StudioError,
        http::ErrorResponse,
        security,
        state::AppState,
        store::TokenHash,
        studio::{Studio, overlay::OverlayViewer},
    },
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use std::sync::Arc;

/// A user or one of their agents. Cheap to clone, which every call does.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account. An agent's is its user's, and never an administrator's.
    pub user: Arc<User>,
    /// The agent, if an agent's key was used.
    pub agent: Option<Arc<Agent>>,
    /// How the caller was authenticated.
    pub proof: Proof,
}

/// How a caller was authenticated.
#[derive(Debug, Clone)]
pub enum Proof {
    SignIn(SignInId),
    Key(Arc<ApiKey>),
}

impl Caller {
    /// A person at a browser.
    pub fn signed_in(user: User, sign_in: SignInId) -> Self {
        Self { user: Arc::new(user), agent: None, proof: Proof::SignIn(sign_in) }
    }

    /// As pages know it.
    pub fn me(&self) -> Me {
        Me { id: self.user.id.clone(), name: self.user.name.clone(), role: self.user.role }
    }

    /// As the owner of sessions.
    pub fn owner(&self) -> Owner {
        match &self.agent {
            Some(agent) => Owner::Agent(agent.id.clone()),
            None => Owner::User(self.user.id.clone()),
        }
    }

    /// As the timeline of their own sessions names it.
    pub fn actor(&self) -> Actor {
        if self.agent.is_some() { Actor::Agent } else { Actor::Host }
    }

    /// As the timeline of a session names it: whoever does not own it acts as an administrator.
    pub fn actor_on(&self, session: &Session) -> Actor {
        if self.owns(session) { self.actor() } else { Actor::Admin }
    }

    /// Whether every session is theirs: an administrator who signed in, or an API key of one that has the scope `admin`.
    /// The only place that decides it; what an account's role is says nothing about its keys.
    pub fn is_admin(&self) -> bool {
        let proven = match &self.proof {
            Proof::SignIn(_) => true,
            Proof::Key(key) => self.agent.is_none() && key.allows(Scope::Admin),
        };
        proven && self.user.role == Role::Admin
    }

    /// Whether a session is their own: a user's and their agents', an agent's own and no other's.
    pub fn owns(&self, session: &Session) -> bool {
        match &self.agent {
            Some(agent) => session.owner == Owner::Agent(agent.id.clone()),
            None => session.account == self.user.id,
        }
    }

    /// The key of its rate limits.
    pub fn limit_key(&self) -> String {
        self.owner().to_string()
    }

    /// Who the request's cookie belongs to, if anybody.
    ///
    /// # Errors
    /// The store failed.
    pub async fn of(headers: &HeaderMap, studio: &Studio) -> Result<Option<Self>, StudioError> {
        let Some(token) = cookie(headers, SIGN_IN_COOKIE).filter(|token| !token.is_empty()) else { return Ok(None) };
        let Some(sign_in) = studio.store().sign_in(&token::hash(token)).await? else { return Ok(None) };
        if sign_in.expires_at <= studio.now() {
            return Ok(None);
        }
        Ok(studio.store().user(&sign_in.user).await?.map(|user| Self::signed_in(user, sign_in.id)))
    }

    /// Who the request's API key belongs to; `None` without one.
    ///
    /// # Errors
    /// The key is invalid, or the store failed.
    pub async fn of_key(headers: &HeaderMap, studio: &Studio) -> Result<Option<Self>, StudioError> {
        match bearer(headers) {
            Some(key) => studio.caller_by_key(&token::hash(key)).await?.map(Some).ok_or_else(|| StudioError::Refused(no_such_key())),
            None => Ok(None),
        }
    }

    /// Identifies the caller by key or by cookie. An invalid key is refused, whatever the cookie says.
    ///
    /// # Errors
    /// The key is invalid, or the store failed.
    pub async fn identify(headers: &HeaderMap, studio: &Studio) -> Result<Option<Self>, StudioError> {
        match Self::of_key(headers, studio).await? {
            Some(caller) => Ok(Some(caller)),
            None => Self::of(headers, studio).await,
        }
    }
}

/// The key in `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The hash of a request's key or cookie, before the caller is known.
pub fn credential(headers: &HeaderMap) -> Option<TokenHash> {
    bearer(headers).or_else(|| cookie(headers, SIGN_IN_COOKIE)).map(token::hash)
}

/// The error for callers without a valid sign-in.
pub fn not_signed_in() -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, "Sign in first, or send an API key as `Authorization: Bearer fl_…`.")
}

fn no_such_key() -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, "This API key is not valid: it was never made, has expired, or was revoked.")
}

/// The caller found by the API's middleware, so that it is looked up once.
#[derive(Debug, Clone)]
pub struct Identified(pub Option<Caller>);

/// The caller of a request, with any authentication.
pub(super) async fn caller_of(parts: &Parts, state: &AppState) -> Result<Caller, ErrorResponse> {
    let found = match parts.extensions.get::<Identified>() {
        Some(Identified(found)) => found.clone(),
        None => Caller::identify(&parts.headers, &state.studio).await?,
    };
    let caller = found.ok_or_else(not_signed_in)?;
    if parts.method != Method::GET && matches!(caller.proof, Proof::SignIn(_)) {
        security::same_origin(&parts.headers, state.studio.config())?;
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
        let token = cookie(&parts.headers, OVERLAY_COOKIE).ok_or_else(not_signed_in)?;
        Ok(state.studio.overlay_viewer(token).await?)
    }
}
