//! Access to the overlay page: the egress by its token, the owner for a preview.

use crate::{
    api::{error::ApiError, overlay::OverlaySnapshot},
    domain::ids::SessionId,
    server::{
        auth::caller::not_signed_in,
        cookies,
        error::{StudioError, StudioResult},
        http::extract::signed_in,
        security::FromThisMachine,
        state::AppState,
    },
};
use axum::{extract::Query, http::request::Parts};

/// An authorized overlay page.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The initial data.
    pub snapshot: OverlaySnapshot,
    /// The cookie that authorizes its feed and heartbeat, if it came with a token.
    pub cookie: Option<String>,
}

/// Opens `?sessionId=…&token=…`. Without a token it is a preview for the owner. `?preview=…` instead of a session is a sample, under
/// the caller's own settings and those in the query (`&theme=light&pipCorner=top-left`).
///
/// # Errors
/// The token is not valid for this session, or nobody is signed in (401); the session is unknown or over, or there is no
/// such sample (404); a setting is unknown (422).
pub async fn open(state: &AppState, parts: &Parts) -> StudioResult<Opened> {
    let (overlay, config) = (&state.studio.overlay, &state.studio.config);
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
    let of = |name: &str| query.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str());
    let token = of("token").filter(|token| !token.is_empty());
    if let Some(token) = token {
        let viewer = overlay.viewer(token).await?;
        let snapshot = overlay.snapshot(&viewer, &session(of("sessionId"))?).await?;
        let over_tls = config.is_https() && parts.extensions.get::<FromThisMachine>().is_none();
        return Ok(Opened { snapshot, cookie: Some(cookies::overlay_cookie(token.to_owned(), over_tls)) });
    }
    let caller = signed_in(&parts.headers, &state.studio.accounts).await?.ok_or_else(|| StudioError::Refused(not_signed_in()))?;
    let snapshot = match (of("sessionId"), of("preview")) {
        (None, Some(name)) => {
            let wish: Vec<_> = query.iter().filter(|(field, _)| field != "preview").cloned().collect();
            overlay.preview(&caller, name, &wish).await?
        }
        (id, _) => overlay.session_preview(&caller, &session(id)?).await?,
    };
    Ok(Opened { snapshot, cookie: None })
}

/// A missing or invalid session id becomes one that cannot exist, so that it is refused like any unknown one.
fn session(text: Option<&str>) -> StudioResult<SessionId> {
    let id = text.unwrap_or_default().parse().or_else(|_| "none".parse::<SessionId>());
    id.map_err(|error| ApiError::invalid("sessionId", error.to_string()).into())
}
