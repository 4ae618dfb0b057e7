//! Agents by API: games and avatars; and the audit log.

use super::{ApiResult, Errors, JsonBody, PathParams, QueryParams, scoped};
use crate::{
    api::{
        accounts::AuditPage,
        events::{GameEnded, GameOutcome, GameStarted},
    },
    domain::ids::AgentId,
    server::{
        accounts::{
            agents::Agents,
            audit::{AUDIT_PAGE, AuditLog},
        },
        auth::caller::Caller,
        games::Games,
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

/// Reports that a game of an agent began.
///
/// This starts a session if the agent's defaults say so. It is safe to repeat.
#[utoipa::path(
    post, path = "/api/streaming/agents/{id}/game-started", operation_id = "reportGameStarted", tag = "Agents", request_body = GameStarted,
    params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "What was done about it", body = GameOutcome), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn game_started(
    State(games): State<Games>,
    scoped::Start(caller): scoped::Start,
    PathParams(id): PathParams<AgentId>,
    JsonBody(game): JsonBody<GameStarted>,
) -> ApiResult<Json<GameOutcome>> {
    Ok(Json(games.started(&caller, &id, game).await?))
}

/// Reports that a game of an agent ended.
///
/// The overlay shows the result, and the session stops if the agent's defaults say so. It is safe to repeat.
#[utoipa::path(
    post, path = "/api/streaming/agents/{id}/game-ended", operation_id = "reportGameEnded", tag = "Agents", request_body = GameEnded,
    params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "What was done about it", body = GameOutcome), Errors),
    security(("key" = ["stop"]), ("signIn" = []))
)]
pub async fn game_ended(
    State(games): State<Games>,
    scoped::Stop(caller): scoped::Stop,
    PathParams(id): PathParams<AgentId>,
    JsonBody(game): JsonBody<GameEnded>,
) -> ApiResult<Json<GameOutcome>> {
    Ok(Json(games.ended(&caller, &id, game).await?))
}

/// Reads an agent's avatar.
///
/// It is public, since viewers see it.
#[utoipa::path(
    get, path = "/api/streaming/agents/{id}/avatar", operation_id = "getAgentAvatar", tag = "Agents",
    params(("id" = AgentId, Path, description = "The agent")),
    responses((status = 200, description = "PNG, JPEG or WebP", content_type = "image/*", body = Vec<u8>), Errors), security(())
)]
pub async fn picture(State(agents): State<Agents>, PathParams(id): PathParams<AgentId>) -> ApiResult<Response> {
    let avatar = agents.avatar(&id).await?;
    Ok(([(header::CONTENT_TYPE, avatar.media_type), (header::CACHE_CONTROL, "public, max-age=60".to_owned())], avatar.bytes)
        .into_response())
}

/// Replaces an agent's avatar.
///
/// The body is the file itself, at most 512 kB. An empty body removes the avatar.
#[utoipa::path(
    put, path = "/api/streaming/agents/{id}/avatar", operation_id = "replaceAgentAvatar", tag = "Agents",
    params(("id" = AgentId, Path, description = "The agent")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "PNG, JPEG or WebP"),
    responses((status = 204, description = "Replaced"), Errors), security(("signIn" = []))
)]
pub async fn set_picture(
    State(agents): State<Agents>,
    caller: Caller,
    PathParams(id): PathParams<AgentId>,
    _headers: HeaderMap,
    body: Bytes,
) -> ApiResult<StatusCode> {
    agents.set_avatar(&caller, &id, body.to_vec()).await?;
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

/// Lists the audit log, the latest entries first.
///
/// It records sign-ins, changed passwords, keys and agents. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/audit", operation_id = "listAuditEntries", tag = "Administration", params(Where),
    responses((status = 200, description = "One page", body = AuditPage), Errors), security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn audit(
    State(audit): State<AuditLog>,
    scoped::Admin(caller): scoped::Admin,
    QueryParams(params): QueryParams<Where>,
) -> ApiResult<Json<AuditPage>> {
    let limit = params.limit.unwrap_or(AUDIT_PAGE).clamp(1, AUDIT_PAGE);
    let entries = audit.entries(&caller, params.cursor.as_deref(), limit).await?;
    let next_cursor = entries.last().filter(|_| entries.len() == limit).map(|entry| entry.id.clone());
    Ok(Json(AuditPage { entries, next_cursor }))
}
