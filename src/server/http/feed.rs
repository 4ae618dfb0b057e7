//! Server-sent events: a session's state and overlay events, resumed without loss from a sequence number; for admins, of all
//! sessions.

use super::{ApiResult, Errors, QueryParams, extract::Identified};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::SessionView,
    },
    domain::{account::Role, ids::SessionId, key::Scope},
    server::{
        auth::caller::{Caller, not_signed_in},
        feed::{Announcement, Feed},
        http::ErrorResponse,
        overlay::Overlay,
        security::{OVERLAY_COOKIE, cookie},
        sessions::Sessions,
        store::FeedEntry,
    },
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::sse::{Event, KeepAlive, KeepAliveStream, Sse},
};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::{Once, StreamExt, adapters::Chain, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;

/// Shorter than the silence after which proxies and clients close a connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Events a slow client may leave unread before it is disconnected (it resumes by its sequence number).
const UNREAD: usize = 256;

/// Proxies that read ahead pass on what has filled their buffer, 4 kB as a rule. This much comes first and with every ping, so that a
/// quiet feed does not look dead behind one.
const PROXY_BUFFER: usize = 4096;
/// Nginx passes each event on at once, and nobody compresses or otherwise changes them.
const UNBUFFERED: [(HeaderName, &str); 2] =
    [(HeaderName::from_static("x-accel-buffering"), "no"), (header::CACHE_CONTROL, "no-cache, no-transform")];

type Events = ([(HeaderName, &'static str); 2], Sse<KeepAliveStream<Chain<Once<Told>, ReceiverStream<Told>>>>);
type Told = Result<Event, Infallible>;

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

/// Streams what happens in a session, as server-sent events.
///
/// `session` carries its state, `overlay` the overlay's settings, `show` one overlay event; a `ping` comes after 10 s of silence.
/// A long comment precedes the first event and each `ping`, for proxies that collect what they pass on.
/// With `Last-Event-ID` or `after` the stream goes on where it broke off, without loss. It is open to the owner, administrators and
/// the session's own overlay page, which gets no destinations.
#[utoipa::path(
    get, path = "/api/streaming/feed", operation_id = "followSession", tag = "Sessions", params(WhichFeed,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "A stream that ends only when the server stops", content_type = "text/event-stream", body = String), Errors),
    security(("key" = ["read"]), ("signIn" = []), ("overlay" = []))
)]
pub async fn of_session(
    State(sessions): State<Sessions>,
    State(overlay): State<Overlay>,
    State(feed): State<Feed>,
    State(closing): State<CancellationToken>,
    Extension(Identified(found)): Extension<Identified>,
    headers: HeaderMap,
    QueryParams(which): QueryParams<WhichFeed>,
) -> ApiResult<Events> {
    let id = which.session_id;
    let whole = admit(&sessions, &overlay, found, &headers, &id).await?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let seq = resumed.or(which.after).unwrap_or(0);
    let (out, events) = mpsc::channel(UNREAD);
    tokio::spawn(async move {
        // It ends with the connection or with the server; neither is an error.
        let _ = closing.run_until_cancelled(tell_session(&sessions, &feed, &id, whole, seq, &out)).await;
    });
    Ok(stream(events))
}

/// Streams the state of every session as it changes, as server-sent events.
///
/// Administrators only.
#[utoipa::path(
    get, path = "/api/admin/feed", operation_id = "followAllSessions", tag = "Administration",
    responses((status = 200, description = "A stream that ends only when the server stops", content_type = "text/event-stream", body = String), Errors),
    security(("signIn" = []))
)]
pub async fn of_everybody(State(feed): State<Feed>, State(closing): State<CancellationToken>, caller: Caller) -> ApiResult<Events> {
    if caller.user.role != Role::Admin {
        return Err(ApiError::new(ErrorCode::Forbidden, "Only administrators see everybody's streams.").into());
    }
    let (out, events) = mpsc::channel(UNREAD);
    tokio::spawn(async move {
        let mut news = feed.listen();
        while let Some(announcement) = closing.run_until_cancelled(news.recv()).await {
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
    let first = tokio_stream::once(Ok(padding()));
    let all = first.chain(ReceiverStream::new(events));
    (UNBUFFERED, Sse::new(all).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(ping())))
}

/// An event instead of a comment: pages cannot see comments, and need to know that the connection is alive.
fn ping() -> Event {
    padding().event("ping").data("alive")
}

/// A comment, which clients skip.
fn padding() -> Event {
    Event::default().comment(" ".repeat(PROXY_BUFFER))
}

/// `true` for full access to the session, `false` for its overlay.
async fn admit(
    sessions: &Sessions,
    overlay: &Overlay,
    found: Option<Caller>,
    headers: &HeaderMap,
    id: &SessionId,
) -> Result<bool, ErrorResponse> {
    if let Some(caller) = found {
        let caller = caller.allowed(Scope::Read)?;
        sessions.session(&caller, id).await?;
        return Ok(true);
    }
    let token = cookie(headers, OVERLAY_COOKIE).ok_or_else(not_signed_in)?;
    let viewer = overlay.viewer(token).await?;
    if &viewer.session == id { Ok(false) } else { Err(not_signed_in().into()) }
}

/// Sends the current state, then missed entries, then live ones. A reader that lags starts over from its last number.
async fn tell_session(
    sessions: &Sessions,
    feed: &Feed,
    id: &SessionId,
    whole: bool,
    mut seq: u64,
    out: &mpsc::Sender<Result<Event, Infallible>>,
) -> Option<()> {
    loop {
        let mut news = feed.listen();
        if let Some(view) = sessions.feed_view(id).await.ok()? {
            out.send(Ok(session_event(&reduced(view, whole), Some(seq)))).await.ok()?;
        }
        for entry in sessions.feed_after(id, seq).await.ok()? {
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
