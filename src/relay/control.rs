//! The control API: what the application asks for. Every call but `/healthz` proves the shared secret.

use super::{House, metrics::Gauges, recordings, show::Show};
use crate::{
    api::broadcast::{IngestState, ShowReport, WantedShow},
    domain::ids::SessionId,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Request, State, rejection::JsonRejection},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response, sse},
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use subtle::ConstantTimeEq;
use tokio::sync::broadcast::error::RecvError;

type Refusal = (StatusCode, String);

/// All routes.
pub fn routes(house: Arc<House>) -> Router {
    Router::new()
        .route("/shows", get(list))
        .route("/shows/{session_id}", get(one).put(put).delete(delete))
        .route("/shows/{session_id}/thumbnail.jpg", get(thumbnail))
        .route("/recordings/{session_id}/{file}", get(recordings::file))
        .route("/events", get(events))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn_with_state(house.clone(), prove))
        .route("/healthz", get(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(256 * 1024))
        .with_state(house)
}

async fn prove(State(house): State<Arc<House>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if given.is_some_and(|given| bool::from(given.ct_eq(house.config.secret.as_bytes()))) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "the shared secret is missing or wrong").into_response()
    }
}

async fn put(
    State(house): State<Arc<House>>,
    Path(id): Path<SessionId>,
    body: Result<Json<WantedShow>, JsonRejection>,
) -> Result<Json<ShowReport>, Refusal> {
    // What serde says may quote the document, and with it a stream key.
    let Json(wanted) = body.map_err(|rejection| (rejection.status(), "this is no wanted state".to_owned()))?;
    if wanted.session_id != id {
        return Err((StatusCode::BAD_REQUEST, "the document is about another session".to_owned()));
    }
    let most = house.config.limits.destinations;
    if wanted.destinations.len() > most {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("at most {most} destinations for one show")));
    }
    match house.want(wanted) {
        Some(show) => Ok(Json(show.report())),
        None => Err((StatusCode::SERVICE_UNAVAILABLE, "this relay is full or ending".to_owned())),
    }
}

async fn delete(State(house): State<Arc<House>>, Path(id): Path<SessionId>) -> StatusCode {
    house.end(&id).await;
    StatusCode::NO_CONTENT
}

async fn list(State(house): State<Arc<House>>) -> Json<Vec<ShowReport>> {
    Json(house.shows().iter().map(|show| show.report()).collect())
}

async fn one(State(house): State<Arc<House>>, Path(id): Path<SessionId>) -> Result<Json<ShowReport>, StatusCode> {
    house.show(&id).map(|show| Json(show.report())).ok_or(StatusCode::NOT_FOUND)
}

async fn thumbnail(State(house): State<Arc<House>>, Path(id): Path<SessionId>) -> Result<impl IntoResponse, StatusCode> {
    let picture = house.show(&id).and_then(|show| show.thumbnail()).ok_or(StatusCode::NOT_FOUND)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], picture))
}

async fn metrics(State(house): State<Arc<House>>) -> String {
    let reports: Vec<_> = house.shows().iter().map(|show| show.report()).collect();
    let arriving = reports.iter().filter(|report| matches!(report.ingest.state, IngestState::Receiving { .. }));
    house.metrics.text(&Gauges {
        shows: reports.len(),
        ingests: arriving.clone().count(),
        live: reports.iter().flat_map(|report| &report.destinations).filter(|one| one.uptime_ms > 0 && Show::takes(one)).count(),
        ingest_kbps: arriving.clone().map(|report| u64::from(report.ingest.bitrate_kbps)).sum(),
        ingest_fps: arriving.map(|report| report.ingest.fps).sum(),
    })
}

/// Snapshots of every show, then every change. A reader too slow for the changes gets snapshots again.
async fn events(State(house): State<Arc<House>>) -> Result<sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, StatusCode> {
    let seat = house.readers.clone().try_acquire_owned().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let changes = house.events.subscribe();
    let ended = house.yielded.clone();
    let steps = stream::unfold((house, changes, true), |(house, mut changes, mut snapshot)| async move {
        loop {
            if std::mem::take(&mut snapshot) {
                let shows = house.shows();
                let all: Vec<_> = shows.iter().map(|show| Ok(super::Happening::show(&show.report()).event())).collect();
                return Some((stream::iter(all), (house, changes, false)));
            }
            match changes.recv().await {
                Ok(happening) => return Some((stream::iter(vec![Ok(happening.event())]), (house, changes, false))),
                Err(RecvError::Lagged(_)) => snapshot = true,
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let steps = steps.flatten().take_until(async move {
        let _seat = seat;
        ended.cancelled().await;
    });
    Ok(sse::Sse::new(steps).keep_alive(sse::KeepAlive::new().interval(Duration::from_secs(10))))
}
