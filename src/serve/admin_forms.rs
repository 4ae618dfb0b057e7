//! Plain HTML forms of administrators. A refused form answers with its own page and the reason.

use super::{
    forms::{admitted, refuse, see_other},
    page::Renderer,
};
use crate::server::error::StudioError;
use axum::{http::request::Parts, response::Response};

/// Checks the installation: 303 to what was found, once it is.
pub async fn check_now(site: Renderer, parts: Parts) -> Response {
    let checked = async {
        let (caller, _) = admitted(&site, &parts)?;
        site.state.studio.doctor.run_for(&caller).await.map_err(StudioError::into_api_error)
    };
    match checked.await {
        Ok(_) => see_other("/admin/health", &[]),
        Err(error) => refuse(&site, parts, String::new(), error).await,
    }
}
