//! Links on other sites. The sign-in cookie does not come along when such a link is followed (`SameSite=Strict`), also not through
//! redirects. The answer is a document that opens the same address again: that request comes from a page of ours, so the cookie is
//! sent, and the browser's history has the address once.

use crate::{
    config::serve::ServeConfig,
    server::cookies::{SIGN_IN_COOKIE, cookie},
};
use axum::{
    http::{HeaderMap, Method, header, request::Parts},
    response::{Html, IntoResponse, Response},
};

/// The link is for browsers that people have told not to refresh by themselves.
const AGAIN: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>Footlight</title>
<p><a href="">Continue to Footlight</a></p>"#;

/// The answer to somebody who follows a link on another site and whose cookie is not there. Nothing is done in its name: it is the same
/// for everybody.
pub fn from_elsewhere(parts: &Parts, config: &ServeConfig) -> Option<Response> {
    let headers = &parts.headers;
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said.as_bytes() == value.as_bytes());
    let followed = parts.method == Method::GET
        && says("sec-fetch-site", "cross-site")
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document");
    if !followed || cookie(headers, SIGN_IN_COOKIE).is_some() || from_own_page(headers, config) {
        return None;
    }
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    ];
    Some((fixed, Html(AGAIN)).into_response())
}

/// A browser that calls the second request foreign too would ask for ever.
fn from_own_page(headers: &HeaderMap, config: &ServeConfig) -> bool {
    let referrer = headers.get(header::REFERER).and_then(|referrer| referrer.to_str().ok()).unwrap_or_default();
    let origin = referrer.match_indices('/').nth(2).map_or(referrer, |(end, _)| &referrer[..end]);
    config.is_own_origin(origin)
}
