//! `/stream/overlay`: a document of its own. A status other than 200 ends the egress at once, so no error page is broadcast.

use super::page::Renderer;
use crate::{
    app::shell::composite_shell,
    server::{error::StudioError, http, rpc},
};
use axum::{http::request::Parts, response::Response};

/// The document, or the reason why there is none, with its status.
pub async fn page(site: Renderer, parts: Parts) -> Response {
    let opened = http::composite::open(&site.state, &parts).await.map_err(StudioError::into_api_error);
    let snapshot = opened.as_ref().map(|opened| opened.snapshot.clone()).map_err(|error| error.message.clone());
    let files = site.files.clone();
    let reply = move || rpc::page_reply(opened.as_ref().map(|opened| opened.cookie.as_deref()));
    site.document(parts, reply, move || composite_shell(&files, snapshot.clone())).await
}
