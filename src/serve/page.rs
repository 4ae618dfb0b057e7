//! What every document of the site is rendered with.

use crate::{
    app::{
        shell::{PageHeaders, shell},
        site::SiteFiles,
    },
    config::origin::socket_origins,
    server::state::AppState,
};
use axum::{
    body::Body,
    extract::Request,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use leptos::prelude::{IntoView, provide_context};
use std::sync::Arc;

/// Renders documents: the pages, and the composite.
#[derive(Clone)]
pub struct Renderer {
    pub state: AppState,
    pub files: Arc<SiteFiles>,
    headers: PageHeaders,
}

impl Renderer {
    pub fn new(state: AppState, files: SiteFiles) -> Self {
        let livekit = &state.studio.config.livekit;
        let public = connect_src(&livekit.public_url);
        // The owner's preview is the composite too, in a browser anywhere.
        let own = connect_src(&livekit.overlay_url);
        let composite_connect_src = if own == public { own } else { format!("{public} {own}") };
        let headers = PageHeaders { connect_src: public, composite_connect_src };
        Self { state, files: Arc::new(files), headers }
    }

    /// Where a captured page's scripts may connect beside this origin.
    pub fn composite_connect_src(&self) -> &str {
        &self.headers.composite_connect_src
    }

    /// The context that every page and server function finds.
    pub fn provide(&self) {
        provide_context(self.headers.clone());
        provide_context(self.state.clone());
    }

    /// The page at the request's address, with more context.
    pub async fn page(&self, parts: Parts, more: impl Fn() + Clone + Send + Sync + 'static) -> Response {
        let files = self.files.clone();
        self.document(parts, more, move || shell(&files)).await
    }

    /// A document of its own.
    pub async fn document<View: IntoView + 'static>(
        &self,
        parts: Parts,
        more: impl Fn() + Clone + Send + Sync + 'static,
        view: impl Fn() -> View + Clone + Send + Sync + 'static,
    ) -> Response {
        let own = self.clone();
        let context = move || {
            own.provide();
            more();
        };
        leptos_axum::render_app_async_with_context(context, view)(Request::from_parts(parts, Body::empty())).await.into_response()
    }
}

/// What pages reach beside their own origin: LiveKit, nothing else. The whole origin, because a path allows that one address only, and
/// clients ask below it.
fn connect_src(livekit: &str) -> String {
    socket_origins(livekit).map(|both| both.join(" ")).unwrap_or_default()
}
