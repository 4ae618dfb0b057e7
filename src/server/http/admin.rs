//! What administrators take away from their pages.

use super::{Asked, Errors, Reply};
use crate::{
    api::admin::{Shown, Wanted},
    domain::destination::Platform,
    server::{auth::caller::Caller, studio::Studio},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// As the page's own address says it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Export {
    /// `running`, `ended`, `failed` or `all`.
    #[param(value_type = Option<String>)]
    show: Option<Shown>,
    /// Only with a destination there.
    platform: Option<Platform>,
    /// Only those asked for on this day or later, as `2026-11-23`.
    from: Option<String>,
    /// Only those asked for on this day or earlier.
    to: Option<String>,
    /// In title, owner's name, session or egress id.
    q: Option<String>,
    /// `oldest` first; the newest first if absent.
    sort: Option<String>,
}

/// Everybody's sessions as a table for spreadsheets, at most 10 000 rows. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/sessions.csv", tag = "House", params(Export),
    responses((status = 200, description = "RFC 4180, with a head", content_type = "text/csv", body = String), Errors),
    security(("signIn" = []))
)]
pub async fn export(State(studio): State<Studio>, caller: Caller, Asked(asked): Asked<Export>) -> Reply<Response> {
    let wanted = Wanted {
        show: asked.show.unwrap_or(Shown::All),
        platform: asked.platform,
        from: asked.from.unwrap_or_default(),
        to: asked.to.unwrap_or_default(),
        search: asked.q.unwrap_or_default(),
        oldest_first: asked.sort.as_deref() == Some("oldest"),
        behind: None,
    };
    let table = studio.export(&caller, &wanted).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sessions.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, table).into_response())
}
