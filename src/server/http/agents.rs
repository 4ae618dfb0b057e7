//! Agents by API: games and avatars; and the audit log.

use super::{ApiResult, Errors, JsonBody, PathParams, QueryParams};
use crate::{
    api::{
        accounts::AuditPage,
        events::{GameEnded, GameOutcome, GameStarted},
    },
    domain::ids::AgentId,
    server::{
        auth::{caller::Caller, scoped},
        studio::{Studio, audit::AUDIT_PAGE},
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// Reports that a game of the agent began; starts a session if the agent's defaults say so. Safe to repeat.
#[utoipa::path(
    post, path = "/api/streaming/agents/{id}/game-started", tag = "Agents", request_body = GameStarted,
    params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "What it did", body = GameOutcome), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn game_started(
    State(studio): State<Studio>,
    scoped::Start(caller): scoped::Start,
    PathParams(id): PathParams<AgentId>,
    JsonBody(game): JsonBody<GameStarted>,
) -> ApiResult<Json<GameOutcome>> {
    Ok(Json(studio.game_started(&caller, &id, game).await?))
}

/// Reports that a game of the agent ended; shows its result and stops the session if the agent's defaults say so. Safe to repeat.
#[utoipa::path(
    post, path = "/api/streaming/agents/{id}/game-ended", tag = "Agents", request_body = GameEnded,
    params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "What it did", body = GameOutcome), Errors),
    security(("key" = ["stop"]), ("signIn" = []))
)]
pub async fn game_ended(
    State(studio): State<Studio>,
    scoped::Stop(caller): scoped::Stop,
    PathParams(id): PathParams<AgentId>,
    JsonBody(game): JsonBody<GameEnded>,
) -> ApiResult<Json<GameOutcome>> {
    Ok(Json(studio.game_ended(&caller, &id, game).await?))
}

/// An agent's avatar. Public, since viewers see it.
#[utoipa::path(
    get, path = "/api/streaming/agents/{id}/avatar", tag = "Agents", params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "PNG, JPEG or WebP", content_type = "image/*", body = Vec<u8>), Errors), security(())
)]
pub async fn picture(State(studio): State<Studio>, PathParams(id): PathParams<AgentId>) -> ApiResult<Response> {
    let avatar = studio.avatar(&id).await?;
    Ok(([(header::CONTENT_TYPE, avatar.media_type), (header::CACHE_CONTROL, "public, max-age=60".to_owned())], avatar.bytes)
        .into_response())
}

/// Replaces an agent's avatar: the file itself, at most 512 kB. An empty body removes it.
#[utoipa::path(
    put, path = "/api/streaming/agents/{id}/avatar", tag = "Agents", params(("id" = AgentId, Path, description = "The agent")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "PNG, JPEG or WebP"),
    responses((status = 204, description = "Replaced"), Errors), security(("signIn" = []))
)]
pub async fn set_picture(
    State(studio): State<Studio>,
    caller: Caller,
    PathParams(id): PathParams<AgentId>,
    _headers: HeaderMap,
    body: Bytes,
) -> ApiResult<StatusCode> {
    studio.set_avatar(&caller, &id, body.to_vec()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The page of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Where {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Lists the audit log: sign-ins, passwords, keys, the latest first. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/audit", tag = "Administration", params(Where),
    responses((status = 200, description = "One page", body = AuditPage), Errors), security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn audit(
    State(studio): State<Studio>,
    scoped::Admin(caller): scoped::Admin,
    QueryParams(params): QueryParams<Where>,
) -> ApiResult<Json<AuditPage>> {
    let limit = params.limit.unwrap_or(AUDIT_PAGE).clamp(1, AUDIT_PAGE);
    let entries = studio.audit(&caller, params.cursor.as_deref(), limit).await?;
    let next_cursor = entries.last().filter(|_| entries.len() == limit).map(|entry| entry.id.clone());
    Ok(Json(AuditPage { entries, next_cursor }))
}
