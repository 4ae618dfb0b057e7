//! The control API for the application. Every call except `/healthz` needs the shared secret.

use super::{RelayState, metrics::Gauges, recordings, stream::RelayStream, thumbnail, trial};
use crate::{
    api::relay_control::{ConnectionTrial, DesiredSession, IngestState, SessionReport, TrialResult},
    domain::ids::{DestinationId, SessionId},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::JsonRejection},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response, sse},
    routing::{delete as deleting, get, post},
};
use futures::{Stream, StreamExt, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use subtle::ConstantTimeEq;
use tokio::sync::broadcast::error::RecvError;

type ErrorResponse = (StatusCode, String);

pub fn routes(relay: Arc<RelayState>) -> Router {
    Router::new()
        .route("/shows", get(list))
        .route("/shows/{session_id}", get(one).put(put).delete(delete))
        .route("/shows/{session_id}/destinations/{destination_id}/retry", post(retry))
        .route("/shows/{session_id}/thumbnail.jpg", get(read_thumbnail))
        .route("/test", post(test))
        .route("/recordings/{session_id}", deleting(recordings::remove))
        .route("/recordings/{session_id}/{file}", get(recordings::file))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn_with_state(relay.clone(), require_secret))
        .route("/healthz", get(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(256 * 1024))
        .with_state(relay)
}

async fn require_secret(State(relay): State<Arc<RelayState>>, request: Request, next: Next) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if token.is_some_and(|token| bool::from(token.ct_eq(relay.config.secret.as_bytes()))) {
        relay.contacted.cancel();
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "the shared secret is missing or wrong").into_response()
    }
}

async fn put(
    State(relay): State<Arc<RelayState>>,
    Path(id): Path<SessionId>,
    body: Result<Json<DesiredSession>, JsonRejection>,
) -> Result<Json<SessionReport>, ErrorResponse> {
    // A serde error may quote the document, and with it a stream key.
    let Json(wanted) = body.map_err(|rejection| (rejection.status(), "malformed wanted state".to_owned()))?;
    if wanted.session_id != id {
        return Err((StatusCode::BAD_REQUEST, "the document has another session id".to_owned()));
    }
    let most = relay.config.limits.destinations;
    if wanted.destinations.len() > most {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("at most {most} destinations per stream")));
    }
    match relay.put_stream(wanted) {
        Some(stream) => Ok(Json(stream.report())),
        None => Err((StatusCode::SERVICE_UNAVAILABLE, "this relay is full or shutting down".to_owned())),
    }
}

async fn delete(State(relay): State<Arc<RelayState>>, Path(id): Path<SessionId>) -> StatusCode {
    relay.end(&id).await;
    StatusCode::NO_CONTENT
}

/// Tries a lost destination at once instead of at the time that its report names.
async fn retry(
    State(relay): State<Arc<RelayState>>,
    Path((id, destination)): Path<(SessionId, DestinationId)>,
) -> Result<StatusCode, ErrorResponse> {
    match relay.stream(&id).and_then(|stream| stream.try_now(&destination)) {
        Some(true) => Ok(StatusCode::NO_CONTENT),
        Some(false) => Err((StatusCode::CONFLICT, "this destination is not being retried".to_owned())),
        None => Err((StatusCode::NOT_FOUND, "there is no such destination".to_owned())),
    }
}

/// Tries a server without publishing.
async fn test(
    State(relay): State<Arc<RelayState>>,
    body: Result<Json<ConnectionTrial>, JsonRejection>,
) -> Result<Json<TrialResult>, ErrorResponse> {
    // A serde error may quote the document, and with it a stream key.
    let Json(wanted) = body.map_err(|rejection| (rejection.status(), "malformed trial".to_owned()))?;
    let _permit = relay.trial_permits.try_acquire().map_err(|_| (StatusCode::SERVICE_UNAVAILABLE, "too many trials at once".to_owned()))?;
    Ok(Json(trial::run(&relay, &wanted).await))
}

async fn list(State(relay): State<Arc<RelayState>>) -> Json<Vec<SessionReport>> {
    Json(relay.streams().iter().map(|stream| stream.report()).collect())
}

async fn one(State(relay): State<Arc<RelayState>>, Path(id): Path<SessionId>) -> Result<Json<SessionReport>, StatusCode> {
    relay.stream(&id).map(|stream| Json(stream.report())).ok_or(StatusCode::NOT_FOUND)
}

async fn read_thumbnail(State(relay): State<Arc<RelayState>>, Path(id): Path<SessionId>) -> Result<impl IntoResponse, StatusCode> {
    // The last one stays when the stream is over.
    let picture = match relay.stream(&id).and_then(|stream| stream.thumbnail()) {
        Some(picture) => picture,
        None => thumbnail::kept(&relay.recordings().join(id.as_str())).await.ok_or(StatusCode::NOT_FOUND)?,
    };
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], picture))
}

async fn metrics(State(relay): State<Arc<RelayState>>) -> String {
    let reports: Vec<_> = relay.streams().iter().map(|stream| stream.report()).collect();
    let arriving = reports.iter().filter(|report| matches!(report.ingest.state, IngestState::Receiving { .. }));
    relay.metrics.text(&Gauges {
        streams: reports.len(),
        ingests: arriving.clone().count(),
        live: reports.iter().flat_map(|report| &report.destinations).filter(|one| one.uptime_ms > 0 && RelayStream::is_live(one)).count(),
        ingest_kbps: arriving.clone().map(|report| u64::from(report.ingest.bitrate_kbps)).sum(),
        ingest_fps: arriving.map(|report| report.ingest.fps).sum(),
    })
}

/// Sends a snapshot of every stream, then every change. A reader that falls behind gets snapshots again.
async fn events(State(relay): State<Arc<RelayState>>) -> Result<sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, StatusCode> {
    let permit = relay.event_permits.clone().try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let changes = relay.events.subscribe();
    let ended = relay.addresses_released.clone();
    let steps = stream::unfold((relay, changes, true), |(relay, mut changes, mut snapshot)| async move {
        loop {
            if std::mem::take(&mut snapshot) {
                let streams = relay.streams();
                let all: Vec<_> = streams.iter().map(|stream| Ok(super::RelayEvent::report(&stream.report()).to_sse())).collect();
                return Some((stream::iter(all), (relay, changes, false)));
            }
            match changes.recv().await {
                Ok(event) => return Some((stream::iter(vec![Ok(event.to_sse())]), (relay, changes, false))),
                Err(RecvError::Lagged(_)) => snapshot = true,
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let steps = steps.flatten().take_until(async move {
        let _permit = permit;
        ended.cancelled().await;
    });
    Ok(sse::Sse::new(steps).keep_alive(sse::KeepAlive::new().interval(Duration::from_secs(10))))
}
