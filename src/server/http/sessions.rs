//! Shows by API: the same use cases as the pages'.

use super::{Body, Reply, with_status};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{SessionView, StartShow, TypedDestination},
    },
    domain::{
        account::Role,
        destination::{Platform, StreamKey},
        ids::{DestinationId, SessionId, UserId},
        room::RoomAccess,
    },
    server::{auth::caller::Caller, studio::Studio},
};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

/// What a show is started with; a single destination may stand at the top.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartBody {
    #[serde(flatten)]
    show: StartShow,
    platform: Option<Platform>,
    stream_key: Option<StreamKey>,
    custom_rtmp_url: Option<String>,
    user_id: Option<UserId>,
}

/// `POST /api/streaming/start`.
pub async fn start(State(studio): State<Studio>, caller: Caller, headers: HeaderMap, Body(body): Body<StartBody>) -> Reply<Response> {
    if body.user_id.is_some_and(|id| id != caller.user.id) {
        return Err(ApiError::new(ErrorCode::Forbidden, "userId is not yours.").into());
    }
    let mut show = body.show;
    if let Some(platform) = body.platform {
        let stream_key = body.stream_key.unwrap_or_else(|| StreamKey::new(String::new()));
        show.destinations.push(TypedDestination { platform, custom_rtmp_url: body.custom_rtmp_url, stream_key, save_as: None });
    }
    let given = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    show.idempotency_key = given.or(show.idempotency_key).filter(|key| (1..=200).contains(&key.len()));
    let started = studio.start(&caller, show).await?;
    let repeated = started.session.status != "pending";
    let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
    let id = &started.session.session_id;
    Ok(with_status(
        status,
        json!({
            "success": true,
            "sessionId": id,
            "status": started.session.status,
            "overlayUrl": format!("{}/stream/overlay?sessionId={id}&preview=1", studio.config().app_url),
            "message": "The show is starting. Follow it at /api/streaming/feed.",
            "room": started.room,
        }),
    ))
}

/// `{sessionId, reason?}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopBody {
    session_id: SessionId,
    reason: Option<String>,
}

/// `POST /api/streaming/stop`.
pub async fn stop(State(studio): State<Studio>, caller: Caller, Body(body): Body<StopBody>) -> Reply<Json<serde_json::Value>> {
    let note = body.reason.filter(|_| caller.user.role == Role::Admin);
    let view = studio.stop(&caller, &body.session_id, note).await?;
    Ok(Json(json!({ "success": true, "sessionId": view.session_id, "status": view.status, "stats": stats(&view) })))
}

fn stats(view: &SessionView) -> serde_json::Value {
    let destinations: Vec<_> = view
        .destinations
        .iter()
        .map(|of| json!({ "id": of.destination.id, "platform": of.destination.platform, "uptimeMs": of.uptime_ms, "reconnects": of.reconnects }))
        .collect();
    json!({ "durationMs": view.duration, "destinations": destinations })
}

/// `?sessionId=`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhichSession {
    session_id: SessionId,
}

/// `GET /api/streaming/status`.
pub async fn status(State(studio): State<Studio>, caller: Caller, Query(which): Query<WhichSession>) -> Reply<Json<SessionView>> {
    Ok(Json(studio.session(&caller, &which.session_id).await?))
}

/// `GET /api/streaming/sessions`.
pub async fn list(State(studio): State<Studio>, caller: Caller) -> Reply<Json<serde_json::Value>> {
    let sessions = match caller.user.role {
        Role::Admin => studio.all_sessions(&caller, false).await?,
        Role::Streamer => studio.my_sessions(&caller).await?,
    };
    Ok(Json(json!({ "sessions": sessions })))
}

/// `POST /api/streaming/room`.
pub async fn room(State(studio): State<Studio>, caller: Caller, Body(which): Body<WhichSession>) -> Reply<Json<RoomAccess>> {
    Ok(Json(studio.room_access(&caller, &which.session_id).await?))
}

/// `{sessionId, add[], remove[]}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDestinations {
    session_id: SessionId,
    #[serde(default)]
    add: Vec<TypedDestination>,
    #[serde(default)]
    remove: Vec<DestinationId>,
}

/// `POST /api/streaming/destinations`.
pub async fn destinations(State(studio): State<Studio>, caller: Caller, Body(body): Body<ChangeDestinations>) -> Reply<Json<SessionView>> {
    Ok(Json(studio.change_destinations(&caller, &body.session_id, body.add, &body.remove).await?))
}
