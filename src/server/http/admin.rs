//! Administration: export and webhook deliveries.

use super::{ApiResult, Errors, JsonBody, QueryParams};
use crate::{
    api::admin::{DeliveryPage, ResendRequest, SessionQuery, StatusFilter},
    domain::{destination::Platform, ids::SessionId},
    server::{
        http::scoped,
        operations::{outbox::Outbox, session_admin::SessionAdmin},
    },
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// The same filters as the page's address.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Export {
    /// `running`, `ended`, `failed` or `all`.
    #[param(value_type = Option<String>)]
    show: Option<StatusFilter>,
    /// Only with a destination there.
    platform: Option<Platform>,
    /// Only those created on this day or later, as `2026-11-23`.
    from: Option<String>,
    /// Only those created on this day or earlier.
    to: Option<String>,
    /// In title, owner's name, session or egress id.
    q: Option<String>,
    /// `oldest` first; the newest first if absent.
    sort: Option<String>,
}

/// Exports sessions as CSV.
///
/// At most 10 000 rows, everybody's. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/sessions.csv", operation_id = "exportSessions", tag = "Administration", params(Export),
    responses((status = 200, description = "CSV by RFC 4180; the first line names the columns", content_type = "text/csv", body = String), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn export(
    State(session_admin): State<SessionAdmin>,
    scoped::Admin(caller): scoped::Admin,
    QueryParams(params): QueryParams<Export>,
) -> ApiResult<Response> {
    let query = SessionQuery {
        status: params.show.unwrap_or(StatusFilter::All),
        platform: params.platform,
        from: params.from.unwrap_or_default(),
        to: params.to.unwrap_or_default(),
        search: params.q.unwrap_or_default(),
        oldest_first: params.sort.as_deref() == Some("oldest"),
        behind: None,
    };
    let table = session_admin.export(&caller, &query).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sessions.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, table).into_response())
}

/// Filters of deliveries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Deliveries {
    /// Only of this session.
    session_id: Option<SessionId>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Lists webhook deliveries and their results.
///
/// Administrators only.
#[utoipa::path(
    get, path = "/api/admin/deliveries", operation_id = "listWebhookDeliveries", tag = "Administration", params(Deliveries),
    responses((status = 200, description = "One page, the latest sessions first", body = DeliveryPage), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn deliveries(
    State(outbox): State<Outbox>,
    scoped::Admin(caller): scoped::Admin,
    QueryParams(params): QueryParams<Deliveries>,
) -> ApiResult<Json<DeliveryPage>> {
    Ok(Json(outbox.list(&caller, params.session_id.as_ref(), params.cursor.as_deref()).await?))
}

/// Sends a webhook delivery again.
///
/// Administrators only.
#[utoipa::path(
    post, path = "/api/admin/deliveries/resend", operation_id = "resendWebhookDelivery", tag = "Administration", request_body = ResendRequest,
    responses((status = 202, description = "It is sent within seconds"), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn resend(
    State(outbox): State<Outbox>,
    scoped::Admin(caller): scoped::Admin,
    JsonBody(request): JsonBody<ResendRequest>,
) -> ApiResult<StatusCode> {
    outbox.resend(&caller, &request.id).await?;
    Ok(StatusCode::ACCEPTED)
}
