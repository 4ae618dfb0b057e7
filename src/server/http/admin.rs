//! What administrators take away from their pages.

use super::{Asked, Body, Errors, Reply};
use crate::{
    api::admin::{DeliveryPage, SendAgain, Shown, Wanted},
    domain::{destination::Platform, ids::SessionId},
    server::{auth::caller::Caller, studio::Studio},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
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

/// Which lines of the outbox.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Deliveries {
    /// Only of this show.
    session_id: Option<SessionId>,
    /// Only those behind this line.
    cursor: Option<String>,
}

/// What operators' own servers were told, and how that went. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/deliveries", tag = "House", params(Deliveries),
    responses((status = 200, description = "The latest shows first", body = DeliveryPage), Errors),
    security(("signIn" = []))
)]
pub async fn deliveries(State(studio): State<Studio>, caller: Caller, Asked(asked): Asked<Deliveries>) -> Reply<Json<DeliveryPage>> {
    Ok(Json(studio.list_deliveries(&caller, asked.session_id.as_ref(), asked.cursor.as_deref()).await?))
}

/// Tells a server once more what it was told. Administrators only.
#[utoipa::path(
    post, path = "/api/admin/deliveries/resend", tag = "House", request_body = SendAgain,
    responses((status = 202, description = "It is sent within seconds"), Errors),
    security(("signIn" = []))
)]
pub async fn resend(State(studio): State<Studio>, caller: Caller, Body(wish): Body<SendAgain>) -> Reply<StatusCode> {
    studio.send_again(&caller, &wish.id).await?;
    Ok(StatusCode::ACCEPTED)
}
