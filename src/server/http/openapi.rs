//! The API's own document, OpenAPI 3.1: made from the handlers and the types they take and give.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::OnceLock;
use utoipa::{
    OpenApi,
    openapi::{
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
        server::ServerBuilder,
    },
};

/// Set once, when the routes are made.
static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();

#[derive(OpenApi)]
#[openapi(info(
    title = "Footlight",
    description = "Start, feed and stop shows. Every call is safe to repeat; every error is \
                   `{code, message, detail, requestId}`. Send an API key as `Authorization: Bearer fl_…`; \
                   keys are made under Settings."
))]
struct Base;

/// What every document begins with.
pub fn base() -> utoipa::openapi::OpenApi {
    let mut base = Base::openapi();
    base.info.version = env!("CARGO_PKG_VERSION").to_owned();
    base.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let components = base.components.get_or_insert_default();
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("fl_…")
        .description(Some("An API key of a user or of an agent. Its scopes (start, stop, events, read) say what it opens."))
        .build();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    let cookie = |name: &str, words: &str| SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, words)));
    components.add_security_scheme("signIn", cookie("footlight", "A person at a browser."));
    components.add_security_scheme("overlay", cookie("footlight-overlay", "The composite's page."));
    base
}

/// Keeps the document that goes with the routes.
pub fn keep(document: utoipa::openapi::OpenApi) {
    // The second router of a process (in tests) has the same routes.
    let _ = DOCUMENT.set(document);
}

/// The document.
pub fn document() -> Option<&'static utoipa::openapi::OpenApi> {
    DOCUMENT.get()
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "House", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)), security(()))]
pub async fn openapi() -> Response {
    match document() {
        Some(document) => ([(header::CACHE_CONTROL, "no-cache")], Json(document)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
