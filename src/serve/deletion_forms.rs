//! Plain HTML forms that delete: the account, a stream, a recording. A refused form answers with its own page and the reason.

use super::{
    forms::{admitted, read_form, refuse, see_other},
    page::Renderer,
};
use crate::{
    api::error::{ApiError, ErrorCode},
    domain::ids::SessionId,
    server::{cookies, error::StudioError},
};
use axum::{
    extract::{Path, Request},
    response::Response,
};
use serde::Deserialize;

/// It holds a password: it has no `Debug`.
#[derive(Deserialize)]
struct Confirmation {
    #[serde(default)]
    password: String,
}

#[derive(Deserialize)]
struct Choice {
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Stream,
    Recording,
}

/// Deletes the account: 303 to the front page, signed out. Refused: the page with the reason.
pub async fn delete_account(site: Renderer, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let studio = &site.state.studio;
    let deleted = async {
        let (caller, origin) = admitted(&site, &parts)?;
        let Confirmation { password } = read_form(&parts, body).await?;
        studio.account_data.delete_own(&caller, &password, &origin).await.map_err(StudioError::into_api_error)
    };
    match deleted.await {
        Ok(_) => see_other("/", &cookies::sign_out_cookies(&studio.config)),
        Err(error) => refuse(&site, parts, String::new(), error).await,
    }
}

/// Deletes a stream (303 to the list) or its recording (303 to the stream). Refused: the page with the reason.
pub async fn delete_session(site: Renderer, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let sessions = &site.state.studio.sessions;
    let deleted = async {
        let (caller, origin) = admitted(&site, &parts)?;
        let Choice { what } = read_form(&parts, body).await?;
        let id: SessionId = id.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such stream."))?;
        let done = match what {
            What::Stream => sessions.delete(&caller, &id, &origin).await,
            What::Recording => sessions.delete_recording(&caller, &id, &origin).await,
        };
        done.map(|()| if what == What::Stream { "/".to_owned() } else { format!("/sessions/{id}") }).map_err(StudioError::into_api_error)
    };
    match deleted.await {
        Ok(next) => see_other(&next, &[]),
        Err(error) => refuse(&site, parts, String::new(), error).await,
    }
}
