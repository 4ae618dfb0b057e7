//! `/stream/overlay`: a document of its own. A status other than 200 ends the egress at once, so no error page is broadcast.

use crate::{
    app::{shell::composite_shell, site::SiteFiles},
    server::{error::StudioError, http, rpc, state::AppState},
};
use axum::{extract::Request, response::Response};
use std::sync::Arc;

/// The document, or the reason why there is none, with its status.
pub async fn page(
    state: AppState,
    files: Arc<SiteFiles>,
    provide: impl Fn() + Clone + Send + Sync + 'static,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let opened = http::composite::open(&state, &parts).await.map_err(StudioError::into_api_error);
    let picture = opened.as_ref().map(|opened| opened.snapshot.clone()).map_err(|error| error.message.clone());
    let context = move || {
        provide();
        rpc::page_reply(opened.as_ref().map(|opened| opened.cookie.as_deref()));
    };
    let render = leptos_axum::render_app_async_with_context(context, move || composite_shell(&files, picture.clone()));
    render(Request::from_parts(parts, body)).await
}
