//! Server-sent events: a session's state and overlay events, resumed without loss from a sequence number; for admins, of all
//! sessions.

use super::{ApiResult, Errors, QueryParams};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::SessionView,
    },
    domain::{ids::SessionId, key::Scope},
    server::{
        auth::{
            caller::{Caller, Identified, not_signed_in},
            scoped::{self, allowed},
        },
        cookies::{OVERLAY_COOKIE, cookie},
        error::StudioResult,
        http::ErrorResponse,
        store::FeedEntry,
        studio::{Studio, feed::Announcement},
    },
};
use axum::{
    Extension,
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// Shorter than the silence after which proxies and clients close a connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Events a slow client may leave unread before it is disconnected (it resumes by its sequence number).
const UNREAD: usize = 256;
const PAGE: usize = 500;

type Events = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// `?sessionId=&after=`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct WhichFeed {
    /// The session's id.
    session_id: SessionId,
    /// Only what has a larger number; `Last-Event-ID` overrules it.
    after: Option<u64>,
}

/// Streams server-sent events: the session's state (`session`), overlay settings and events (`overlay`, `show`). A `ping` comes
/// every 10 s of silence. Resumes without loss by `Last-Event-ID` or `after`. For the owner, an admin, or the overlay of this very session (which sees no destinations).
#[utoipa::path(
    get, path = "/api/streaming/feed", tag = "Picture", params(WhichFeed,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "Endless", content_type = "text/event-stream", body = String), Errors),
    security(("key" = ["read"]), ("signIn" = []), ("overlay" = []))
)]
pub async fn of_session(
    State(studio): State<Studio>,
    Extension(Identified(found)): Extension<Identified>,
    headers: HeaderMap,
    QueryParams(which): QueryParams<WhichFeed>,
) -> ApiResult<Events> {
    let id = which.session_id;
    let whole = admit(&studio, found, &headers, &id).await?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let seq = resumed.or(which.after).unwrap_or(0);
    let (out, events) = mpsc::channel(UNREAD);
    tokio::spawn(async move {
        // The connection's end is no fault, and neither is ours.
        let closing = studio.closing().clone();
        let _ = closing.run_until_cancelled(tell_session(&studio, &id, whole, seq, &out)).await;
    });
    Ok(stream(events))
}

/// Streams server-sent events of all sessions as they change. Administrators only.
#[utoipa::path(
    get, path = "/api/admin/feed", tag = "Administration",
    responses((status = 200, description = "Endless", content_type = "text/event-stream", body = String), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn of_everybody(State(studio): State<Studio>, scoped::Admin(caller): scoped::Admin) -> ApiResult<Events> {
    if !caller.is_admin() {
        return Err(ApiError::new(ErrorCode::Forbidden, "Only administrators see everybody's streams.").into());
    }
    let (out, events) = mpsc::channel(UNREAD);
    tokio::spawn(async move {
        let mut news = studio.feed().listen();
        while let Some(announcement) = studio.closing().run_until_cancelled(news.recv()).await {
            match announcement {
                Ok(Announcement::Session(view)) => {
                    if out.send(Ok(session_event(&view, None))).await.is_err() {
                        return;
                    }
                }
                Ok(Announcement::Entry(..)) => {}
                // The table asks for its rows again when the connection comes back.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            }
        }
    });
    Ok(stream(events))
}

fn stream(events: mpsc::Receiver<Result<Event, Infallible>>) -> Events {
    Sse::new(ReceiverStream::new(events)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(ping()))
}

/// An event instead of a comment: pages cannot see comments, and need to know that the connection is alive.
fn ping() -> Event {
    Event::default().event("ping").data("alive")
}

/// `true` for full access to the session, `false` for its overlay.
async fn admit(studio: &Studio, found: Option<Caller>, headers: &HeaderMap, id: &SessionId) -> Result<bool, ErrorResponse> {
    if let Some(caller) = found {
        let caller = allowed(caller, Scope::Read)?;
        studio.session(&caller, id).await?;
        return Ok(true);
    }
    let token = cookie(headers, OVERLAY_COOKIE).ok_or_else(not_signed_in)?;
    let viewer = studio.overlay_viewer(token).await?;
    if &viewer.session == id { Ok(false) } else { Err(not_signed_in().into()) }
}

/// Sends the current state, then missed entries, then live ones. A reader that lags starts over from its last number.
async fn tell_session(
    studio: &Studio,
    id: &SessionId,
    whole: bool,
    mut seq: u64,
    out: &mpsc::Sender<Result<Event, Infallible>>,
) -> Option<()> {
    loop {
        let mut news = studio.feed().listen();
        if let Some(view) = studio.feed_view(id).await.ok()? {
            out.send(Ok(session_event(&reduced(view, whole), Some(seq)))).await.ok()?;
        }
        for entry in missed(studio, id, seq).await.ok()? {
            seq = entry.seq;
            out.send(Ok(entry_event(&entry))).await.ok()?;
        }
        loop {
            match news.recv().await {
                Ok(Announcement::Session(view)) if &view.session_id == id => {
                    out.send(Ok(session_event(&reduced(view.as_ref().clone(), whole), Some(seq)))).await.ok()?;
                }
                Ok(Announcement::Entry(session, entry)) if &session == id && entry.seq > seq => {
                    seq = entry.seq;
                    out.send(Ok(entry_event(&entry))).await.ok()?;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

async fn missed(studio: &Studio, id: &SessionId, mut seq: u64) -> StudioResult<Vec<FeedEntry>> {
    let mut all = Vec::new();
    loop {
        let page = studio.store().feed_after(id, seq, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        seq = last.seq;
        all.extend(page);
    }
}

fn session_event(view: &SessionView, seq: Option<u64>) -> Event {
    let event = Event::default().event("session").data(serde_json::to_string(view).unwrap_or_default());
    match seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    }
}

fn entry_event(entry: &FeedEntry) -> Event {
    Event::default().event(&entry.kind).id(entry.seq.to_string()).data(entry.data.to_string())
}

/// The view for an overlay's token: without addresses, key tails and owner.
fn reduced(view: SessionView, whole: bool) -> SessionView {
    if whole {
        return view.for_owner();
    }
    SessionView { destinations: Vec::new(), composite: None, health: Vec::new(), owner_name: String::new(), egress_id: None, ..view }
}
