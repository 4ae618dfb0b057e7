//! `/stream/check`: the page that `footlight doctor` has captured. It joins a LiveKit room as a streamer's browser does, and reports how
//! that went. Without the ticket of a running check there is no page.

use super::page::Renderer;
use crate::server::{operations::doctor::check_page::MediaReport, state::AppState};
use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::nonce::Nonce;
use serde::Deserialize;
use serde_json::json;

/// It starts the capture at once, and ends it by itself if nobody does.
const PROGRAM: &str = include_str!("check_page.js");

/// Names a running check.
#[derive(Deserialize)]
pub struct Ticket {
    #[serde(default)]
    ticket: String,
}

/// The document.
pub fn page(site: &Renderer, Query(Ticket { ticket }): Query<Ticket>) -> Response {
    let Some(access) = site.state.studio.doctor.pages().access(&ticket) else { return StatusCode::NOT_FOUND.into_response() };
    let nonce = Nonce::new();
    // JSON that cannot close its script element.
    let given = json!({ "ticket": ticket, "url": access.url, "token": access.token }).to_string().replace('<', "\\u003c");
    let document = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Check — Footlight</title></head><body>\
         <script type=\"application/json\" id=\"given\">{given}</script><script type=\"module\" nonce=\"{nonce}\">{PROGRAM}</script>\
         <h1>Check</h1></body></html>"
    );
    let policy = format!(
        "default-src 'none'; script-src 'strict-dynamic' 'nonce-{nonce}'; worker-src 'self' blob:; connect-src 'self' {}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        site.composite_connect_src()
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, document).into_response()
}

/// The page's report. 404 if no check waits for it.
pub async fn report(State(state): State<AppState>, Query(Ticket { ticket }): Query<Ticket>, Json(report): Json<MediaReport>) -> StatusCode {
    if state.studio.doctor.pages().report(&ticket, report) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_the_library_that_pages_load() {
        let library = include_str!("../browser/bridge/library.js").lines().find(|line| line.starts_with("const LIBRARY")).expect("named");
        assert!(PROGRAM.contains(library), "{library}");
    }
}
