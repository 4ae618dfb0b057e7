//! Sessions by API, with the same use cases as the pages.

use super::{ApiResult, ErrorResponse, Errors, JsonBody, QueryParams, extract::Identified, scoped, with_status};
use crate::{
    api::{
        error::ApiError,
        public_http::{
            ChangeDestinations, ChangedDestinations, DestinationRef, PublicStatus, SessionPage, SessionRef, StartRequest, StartResponse,
            StatusResponse, StopRequest, StopResponse,
        },
        sessions::DestinationInput,
    },
    config::serve::ServeConfig,
    domain::{
        destination::{Platform, StreamKey},
        ids::{AgentId, SessionId, UserId},
        key::Scope,
        room::RoomAccess,
        session::SessionStatus,
        timestamp::Timestamp,
    },
    server::{
        auth::caller::not_signed_in,
        error::StudioError,
        sessions::{
            Sessions,
            listing::{Listing, MOST_LISTED},
        },
    },
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use std::sync::Arc;

/// Starts a session.
///
/// The response is `pending`; the feed reports `live`. The same `Idempotency-Key` within 24 h gives the same session, with 200 and a
/// fresh room token; with another request it gets 422. If the owner has an active session, the answer is 409 with its id, unless
/// `replace` is true: then that one ends first, after everything that could refuse the new one was checked. An administrator may
/// start for somebody else, by `userId` or the `agentId` of any agent; limits count for that owner.
#[utoipa::path(
    post, path = "/api/streaming/start", operation_id = "startSession", tag = "Sessions", request_body = StartRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters; the same request again within 24 h gives the same session, another one gets 422.")),
    responses((status = 201, description = "The session is starting", body = StartResponse),
        (status = 200, description = "The same key was used before", body = StartResponse), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn start(
    State(sessions): State<Sessions>,
    State(config): State<Arc<ServeConfig>>,
    scoped::Start(caller): scoped::Start,
    headers: HeaderMap,
    JsonBody(body): JsonBody<StartRequest>,
) -> ApiResult<Response> {
    let mut session = body.session;
    if let Some(platform) = body.platform {
        let stream_key = body.stream_key.unwrap_or_else(|| StreamKey::new(String::new()));
        session.destinations.push(DestinationInput {
            platform,
            custom_rtmp_url: body.custom_rtmp_url,
            stream_key,
            save_as: None,
            channel: None,
        });
    } else if body.stream_key.is_some() || body.custom_rtmp_url.is_some() {
        return Err(ApiError::invalid("platform", "Say which platform streamKey and customRtmpUrl are for.").into());
    }
    session.idempotency_key = idempotency_key(&headers).or(session.idempotency_key);
    let started = sessions.start(&caller, session).await?;
    let status = if started.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let session_id = started.session.session_id;
    Ok(with_status(
        status,
        StartResponse {
            success: true,
            overlay_url: format!("{}/stream/overlay?sessionId={session_id}&preview=1", config.app_url),
            message: format!("The stream is {}. Follow it at /api/streaming/feed?sessionId={session_id}.", started.session.status),
            status: started.session.status,
            session_id,
            warnings: started.warnings,
            room: started.room,
        },
    ))
}

/// The header `Idempotency-Key`; empty where it is no plain text, which is refused.
fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default().to_owned())
}

/// Stops a session.
///
/// Stopping a session that is already over is answered with 200 too.
#[utoipa::path(
    post, path = "/api/streaming/stop", operation_id = "stopSession", tag = "Sessions", request_body = StopRequest,
    responses((status = 200, description = "It is over, or ending", body = StopResponse), Errors),
    security(("key" = ["stop"]), ("signIn" = []))
)]
pub async fn stop(
    State(sessions): State<Sessions>,
    scoped::Stop(caller): scoped::Stop,
    JsonBody(body): JsonBody<StopRequest>,
) -> ApiResult<Json<StopResponse>> {
    let view = sessions.stop(&caller, &body.session_id, body.reason).await?;
    let stats = sessions.statistics(&view).await?;
    Ok(Json(StopResponse { success: true, session_id: view.session_id, status: view.status, stats }))
}

/// `?sessionId=`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct OneSession {
    /// The session's id.
    session_id: SessionId,
}

/// Reads the status of a session.
///
/// The owner and administrators get all of it. Of a public session anybody gets a part, without a key.
#[utoipa::path(
    get, path = "/api/streaming/status", operation_id = "getSessionStatus", tag = "Sessions", params(OneSession),
    responses((status = 200, description = "The status: all of it, or the public part", body = StatusResponse), Errors),
    security(("key" = ["read"]), ("signIn" = []), ())
)]
pub async fn status(
    State(sessions): State<Sessions>,
    Extension(Identified(found)): Extension<Identified>,
    QueryParams(which): QueryParams<OneSession>,
) -> ApiResult<Json<StatusResponse>> {
    let public = |error: ErrorResponse| async {
        match sessions.feed_view(&which.session_id).await? {
            Some(view) if view.public => Ok(Json(StatusResponse::Public(PublicStatus::from(view)))),
            _ => Err(error),
        }
    };
    let Some(caller) = found else { return public(not_signed_in().into()).await };
    let caller = match caller.allowed(Scope::Read) {
        Ok(caller) => caller,
        Err(error) => return public(error.into()).await,
    };
    match sessions.session(&caller, &which.session_id).await {
        Ok(view) => Ok(Json(StatusResponse::Whole(Box::new(view)))),
        Err(error @ StudioError::Refused(_)) => public(error.into()).await,
        Err(error) => Err(error.into()),
    }
}

/// Filters of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// One or more of `pending`, `starting`, `live`, `ending`, `ended`, `failed`, separated by commas.
    status: Option<String>,
    /// Only with a destination there.
    platform: Option<Platform>,
    /// Only this agent's.
    agent_id: Option<AgentId>,
    /// Only this account's; for administrators.
    user_id: Option<UserId>,
    /// Only those created at or after this time.
    from: Option<Timestamp>,
    /// Only those created before this time.
    to: Option<Timestamp>,
    /// Only with this in the title, the names or the ids.
    q: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<SessionId>,
    /// How many, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// Lists the caller's sessions, the newest first.
///
/// Administrators get everybody's.
#[utoipa::path(
    get, path = "/api/streaming/sessions", operation_id = "listSessions", tag = "Sessions", params(Filters),
    responses((status = 200, description = "One page", body = SessionPage), Errors),
    security(("key" = ["read"]), ("signIn" = []))
)]
pub async fn list(
    State(sessions): State<Sessions>,
    scoped::Read(caller): scoped::Read,
    QueryParams(params): QueryParams<Filters>,
) -> ApiResult<Json<SessionPage>> {
    let names = params.status.iter().flat_map(|text| text.split(',')).map(str::trim);
    let status = names.map(|name| SessionStatus::named(name).ok_or_else(|| unknown_status(name))).collect::<Result<_, _>>()?;
    let limit = params.limit.unwrap_or(MOST_LISTED);
    if !(1..=MOST_LISTED).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("limit must be 1 to {MOST_LISTED}.")).into());
    }
    let Filters { platform, agent_id: agent, user_id: user, from, to, cursor, .. } = params;
    let search = params.q.unwrap_or_default().trim().to_lowercase();
    let listing = Listing { status, platform, agent, user, from, to, search, oldest_first: false, cursor, limit };
    Ok(Json(sessions.list(&caller, listing).await?))
}

fn unknown_status(name: &str) -> ApiError {
    let all = SessionStatus::ALL.map(SessionStatus::as_str).join(", ");
    ApiError::invalid("status", format!("status must be some of {all}; {name:?} is none."))
}

/// Creates a new room token for the host of a session.
#[utoipa::path(
    post, path = "/api/streaming/room", operation_id = "createRoomToken", tag = "Sessions", request_body = SessionRef,
    responses((status = 200, description = "For joining the room", body = RoomAccess), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn room(
    State(sessions): State<Sessions>,
    scoped::Start(caller): scoped::Start,
    JsonBody(which): JsonBody<SessionRef>,
) -> ApiResult<Json<RoomAccess>> {
    Ok(Json(sessions.room_access(&caller, &which.session_id).await?))
}

/// Adds and removes destinations of a running session.
///
/// Each is accepted or refused on its own, so look at every result. A place that the session streams to already, by address and key,
/// is refused, and so is a second rehearsal. The same `Idempotency-Key` within 24 h changes nothing more and gives the same results.
#[utoipa::path(
    post, path = "/api/streaming/destinations", operation_id = "changeDestinations", tag = "Destinations", request_body = ChangeDestinations,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters; the same request again within 24 h gives the same results, another one gets 422.")),
    responses((status = 200, description = "One result for each destination", body = ChangedDestinations), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn destinations(
    State(sessions): State<Sessions>,
    scoped::Start(caller): scoped::Start,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ChangeDestinations>,
) -> ApiResult<Json<ChangedDestinations>> {
    Ok(Json(sessions.alter_destinations(&caller, body, idempotency_key(&headers)).await?))
}

/// Tries a lost destination at once.
///
/// A running session tries by itself within seconds; `state.nextAt` says when.
#[utoipa::path(
    post, path = "/api/streaming/destinations/retry", operation_id = "retryDestination", tag = "Destinations", request_body = DestinationRef,
    responses((status = 200, description = "It is being tried", body = DestinationRef), Errors),
    security(("key" = ["start"]), ("signIn" = []))
)]
pub async fn retry_destination(
    State(sessions): State<Sessions>,
    scoped::Start(caller): scoped::Start,
    JsonBody(which): JsonBody<DestinationRef>,
) -> ApiResult<Json<DestinationRef>> {
    sessions.retry_destination(&caller, &which.session_id, &which.destination_id).await?;
    Ok(Json(which))
}
