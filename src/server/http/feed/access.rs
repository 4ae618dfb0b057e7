//! Who may follow a feed: checked when it is opened, and again while it is open.

use crate::{
    api::error::{ApiError, ErrorCode},
    domain::{ids::SessionId, key::Scope},
    server::{
        auth::caller::not_signed_in,
        cookies::{OVERLAY_COOKIE, cookie},
        http::{
            ErrorResponse,
            extract::{Identified, identify},
        },
        state::AppState,
    },
};
use axum::http::{HeaderMap, HeaderName, header};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The feed that somebody wants to follow.
pub(super) enum Wanted {
    Session(SessionId),
    AllSessions,
}

/// What a credential opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Admitted {
    /// `true` for full access to the session, `false` for its overlay.
    pub whole: bool,
    /// Whose open feeds it counts among.
    pub caller: String,
}

/// A feed and the credential with which it was opened.
pub(super) struct Access {
    state: AppState,
    /// Only those that carry credentials.
    headers: HeaderMap,
    wanted: Wanted,
}

impl Access {
    pub fn new(state: AppState, headers: &HeaderMap, wanted: Wanted) -> Self {
        let credentials = [header::AUTHORIZATION, header::COOKIE];
        let kept = |name: HeaderName| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone())).collect::<Vec<_>>();
        Self { state, headers: credentials.into_iter().flat_map(kept).collect(), wanted }
    }

    /// What the credential opens; `found` is the caller whom the middleware identified by it.
    pub async fn admit(&self, Identified(found): Identified) -> Result<Admitted, ErrorResponse> {
        let studio = &self.state.studio;
        match (&self.wanted, found) {
            (Wanted::AllSessions, Some(caller)) => {
                let caller = caller.allowed(Scope::Admin)?;
                if !caller.is_admin() {
                    return Err(ApiError::new(ErrorCode::Forbidden, "Only administrators see everybody's streams.").into());
                }
                Ok(Admitted { whole: true, caller: caller.limit_key() })
            }
            (Wanted::AllSessions, None) => Err(not_signed_in().into()),
            (Wanted::Session(id), Some(caller)) => {
                let caller = caller.allowed(Scope::Read)?;
                studio.sessions.may_follow(&caller, id).await?;
                Ok(Admitted { whole: true, caller: caller.limit_key() })
            }
            (Wanted::Session(id), None) => {
                let token = cookie(&self.headers, OVERLAY_COOKIE).ok_or_else(not_signed_in)?;
                let viewer = studio.overlay.viewer(token).await?;
                if &viewer.session != id {
                    return Err(not_signed_in().into());
                }
                Ok(Admitted { whole: false, caller: format!("overlay {id}") })
            }
        }
    }

    /// Returns when the credential does not open what it opened before: it was revoked, replaced or has expired. A store that does
    /// not answer is asked again at the next check.
    pub async fn revoked(&self, admitted: &Admitted) {
        let every = self.state.studio.config.feeds.check_every;
        let mut checks = interval_at(Instant::now() + every, every.max(Duration::from_millis(1)));
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            checks.tick().await;
            match self.check().await {
                Ok(now) if &now == admitted => {}
                Err(ErrorResponse(error)) if matches!(error.code, ErrorCode::Internal | ErrorCode::Unavailable) => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    async fn check(&self) -> Result<Admitted, ErrorResponse> {
        let studio = &self.state.studio;
        let found = identify(&self.headers, &studio.accounts, &studio.api_keys).await?;
        self.admit(Identified(found)).await
    }
}
