//! `/stream/overlay`: a document of its own. What is not 200 ends the egress at once, instead of an error page on the air.

use crate::{
    app::composite_shell,
    server::{
        http::composite::{Opened, open},
        state::AppState,
    },
};
use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

/// The document, or the reason why there is none, with its status.
pub async fn page(state: AppState, provide: impl Fn() + Clone + Send + Sync + 'static, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let opened = open(&state.studio, &parts).await;
    let (picture, cookie, refusal) = match opened {
        Ok(Opened { stage, cookie }) => (Ok(stage), cookie, None),
        Err(error) => (Err(error.message.clone()), None, Some(error)),
    };
    let render = leptos_axum::render_app_async_with_context(provide, move || composite_shell(&state.leptos, picture.clone()));
    let mut response = render(Request::from_parts(parts, body)).await;
    if let Some(error) = refusal {
        *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = error.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
    }
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
