//! Deleting streams, recordings and accounts, and an account's export.

use super::{ApiResult, Errors, JsonBody, PathParams, scoped};
use crate::{
    api::accounts::DeleteAccount,
    config::serve::ServeConfig,
    domain::ids::{SessionId, UserId},
    server::{
        auth::{caller::Caller, origin::Origin},
        operations::account_data::{AccountData, Deletion},
        sessions::Sessions,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Deletes a stream.
///
/// Its timeline, events and recording go with it. It must be over: a running one is refused with 409. A signed-in person deletes
/// their own and their agents'; an administrator any.
#[utoipa::path(
    delete, path = "/api/streaming/sessions/{id}", operation_id = "deleteSession", tag = "Sessions",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "It is gone"), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn delete_session(
    State(sessions): State<Sessions>,
    State(config): State<Arc<ServeConfig>>,
    scoped::Admin(caller): scoped::Admin,
    PathParams(id): PathParams<SessionId>,
    parts: Parts,
) -> ApiResult<StatusCode> {
    sessions.delete(&caller, &id, &Origin::of(&parts, &config)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the recording of a stream.
///
/// The stream must be over. The rest of it stays.
#[utoipa::path(
    delete, path = "/api/streaming/recordings/{session}", operation_id = "deleteRecording", tag = "Sessions",
    params(("session" = SessionId, Path, description = "The session")),
    responses((status = 204, description = "It is gone"), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn delete_recording(
    State(sessions): State<Sessions>,
    State(config): State<Arc<ServeConfig>>,
    scoped::Admin(caller): scoped::Admin,
    PathParams(session): PathParams<SessionId>,
    parts: Parts,
) -> ApiResult<StatusCode> {
    sessions.delete_recording(&caller, &session, &Origin::of(&parts, &config)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exports everything that is stored of the caller's account.
///
/// One JSON document: account, agents, saved destinations without their keys, defaults, API keys and sign-ins without their texts,
/// streams with timeline and events, and the account's entries of the audit log. A document that ends before its last `}` is not whole.
#[utoipa::path(
    get, path = "/api/account/export", operation_id = "exportAccount", tag = "Administration",
    responses((status = 200, description = "The document", content_type = "application/octet-stream", body = Vec<u8>), Errors),
    security(("signIn" = []))
)]
pub async fn export(
    State(data): State<AccountData>,
    State(config): State<Arc<ServeConfig>>,
    caller: Caller,
    parts: Parts,
) -> ApiResult<Response> {
    let document = data.export(&caller, &Origin::of(&parts, &config)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"footlight-account.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(document)).into_response())
}

/// Deletes the caller's account.
///
/// Running streams are ended first; then streams, recordings, agents, API keys and saved destinations go. The audit log keeps its
/// entries without the name. The only administrator's account is refused with 409.
#[utoipa::path(
    delete, path = "/api/account", operation_id = "deleteAccount", tag = "Administration", request_body = DeleteAccount,
    responses((status = 204, description = "It is gone"),
        (status = 202, description = "It is closed, and a running stream takes its time to end: the rest is deleted after that"), Errors),
    security(("signIn" = []))
)]
pub async fn delete_account(
    State(data): State<AccountData>,
    State(config): State<Arc<ServeConfig>>,
    caller: Caller,
    parts: Parts,
    JsonBody(body): JsonBody<DeleteAccount>,
) -> ApiResult<StatusCode> {
    Ok(status(data.delete_own(&caller, &body.password, &Origin::of(&parts, &config)).await?))
}

/// Deletes anybody's account.
///
/// As `deleteAccount`, without a password. Administrators only.
#[utoipa::path(
    delete, path = "/api/admin/accounts/{id}", operation_id = "deleteAnyAccount", tag = "Administration",
    params(("id" = UserId, Path, description = "The account")),
    responses((status = 204, description = "It is gone"),
        (status = 202, description = "It is closed, and a running stream takes its time to end: the rest is deleted after that"), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn delete_any_account(
    State(data): State<AccountData>,
    State(config): State<Arc<ServeConfig>>,
    scoped::Admin(caller): scoped::Admin,
    PathParams(id): PathParams<UserId>,
    parts: Parts,
) -> ApiResult<StatusCode> {
    Ok(status(data.delete_any(&caller, &id, &Origin::of(&parts, &config)).await?))
}

const fn status(deletion: Deletion) -> StatusCode {
    match deletion {
        Deletion::Done => StatusCode::NO_CONTENT,
        Deletion::UnderWay => StatusCode::ACCEPTED,
    }
}
