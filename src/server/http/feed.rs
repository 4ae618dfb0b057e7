//! Server-sent events: a session's state and overlay events, resumed from a sequence number; for admins, of all sessions.

mod access;

use super::{ApiResult, Errors, QueryParams, extract::Identified};
use crate::{
    api::sessions::SessionView,
    domain::ids::SessionId,
    server::{
        feed::{Announcement, Feed, FeedPlace, history::FeedHistory},
        sessions::Sessions,
        state::AppState,
        store::FeedEntry,
    },
};
use access::{Access, Admitted, Wanted};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, header},
    response::sse::{Event, KeepAlive, KeepAliveStream, Sse},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// Shorter than the silence after which proxies and clients close a connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Events a slow client may leave unread before nothing more is read for it (it gets the rest from the store).
const UNREAD: usize = 256;

/// Proxies that read ahead pass on what has filled their buffer, 4 kB as a rule. This much comes first and with every ping, so that a
/// quiet feed does not look dead behind one.
const PROXY_BUFFER: usize = 4096;
/// Nginx passes each event on at once, and nobody compresses or otherwise changes them.
const UNBUFFERED: [(HeaderName, &str); 2] =
    [(HeaderName::from_static("x-accel-buffering"), "no"), (header::CACHE_CONTROL, "no-cache, no-transform")];

type Events = ([(HeaderName, &'static str); 2], Sse<KeepAliveStream<BoxStream<'static, Result<Event, Infallible>>>>);
type Out = mpsc::Sender<Result<Event, Infallible>>;

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
/// With `Last-Event-ID` or `after` the stream goes on where it broke off: the last 1000 lines come in full, older ones as far as they
/// still show. It is open to the owner, administrators and the session's own overlay page, which gets no destinations. It ends within
/// 15 s when its credential is revoked. A caller with too many open streams gets 429.
#[utoipa::path(
    get, path = "/api/streaming/feed", operation_id = "followSession", tag = "Sessions", params(WhichFeed,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "A stream that ends when the server stops or the credential is revoked", content_type = "text/event-stream", body = String), Errors),
    security(("key" = ["read"]), ("signIn" = []), ("overlay" = []))
)]
pub async fn of_session(
    State(state): State<AppState>,
    Extension(found): Extension<Identified>,
    headers: HeaderMap,
    QueryParams(which): QueryParams<WhichFeed>,
) -> ApiResult<Events> {
    let id = which.session_id;
    let access = Access::new(state.clone(), &headers, Wanted::Session(id.clone()));
    let admitted = access.admit(found).await?;
    let place = state.studio.feed.open_feeds().open(&admitted.caller)?;
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let seq = resumed.or(which.after).unwrap_or(0);
    let whole = admitted.whole;
    let studio = &state.studio;
    let reader = Reader { sessions: studio.sessions.clone(), history: studio.feed_history.clone(), feed: studio.feed.clone(), id, whole };
    Ok(open(access, admitted, place, &studio.closing, move |out| async move {
        reader.read(seq, &out).await;
    }))
}

/// Streams the state of every session as it changes, as server-sent events.
///
/// Administrators only.
#[utoipa::path(
    get, path = "/api/admin/feed", operation_id = "followAllSessions", tag = "Administration",
    responses((status = 200, description = "A stream that ends when the server stops or the sign-in does", content_type = "text/event-stream", body = String), Errors),
    security(("key" = ["admin"]), ("signIn" = []))
)]
pub async fn of_everybody(State(state): State<AppState>, Extension(found): Extension<Identified>, headers: HeaderMap) -> ApiResult<Events> {
    let access = Access::new(state.clone(), &headers, Wanted::AllSessions);
    let admitted = access.admit(found).await?;
    let place = state.studio.feed.open_feeds().open(&admitted.caller)?;
    let mut news = state.studio.feed.listen_to_all();
    Ok(open(access, admitted, place, &state.studio.closing, move |out| async move {
        // The table asks for its rows again when the connection comes back, so one that lags ends.
        while let Ok(view) = news.recv().await {
            if out.send(Ok(session_event(&view, None))).await.is_err() {
                return;
            }
        }
    }))
}

/// A stream of what `send` sends. It ends with the connection, the server or the credential, and with `send`.
fn open<F>(access: Access, admitted: Admitted, place: FeedPlace, closing: &CancellationToken, send: impl FnOnce(Out) -> F) -> Events
where
    F: Future<Output = ()> + Send + 'static,
{
    let (out, events) = mpsc::channel(UNREAD);
    let (closed, ended) = (out.clone(), closing.child_token());
    let (sending, server, end) = (send(out), closing.clone(), ended.clone().drop_guard());
    tokio::spawn(async move {
        let _end = end;
        tokio::select! {
            () = server.cancelled() => {}
            () = access.revoked(&admitted) => {}
            () = closed.closed() => {}
            () = sending => {}
        }
    });
    // What a client has not read yet ends too: it may be about what it must not see any more.
    let events = stream::once(async { Ok(padding()) }).chain(ReceiverStream::new(events)).take_until(ended.cancelled_owned()).boxed();
    // The place is held as long as the stream.
    let events = stream::unfold((events, place), |(mut events, place)| async move { Some((events.next().await?, (events, place))) });
    (UNBUFFERED, Sse::new(events.boxed()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(ping())))
}

/// An event instead of a comment: pages cannot see comments, and need to know that the connection is alive.
fn ping() -> Event {
    padding().event("ping").data("alive")
}

/// A comment, which clients skip.
fn padding() -> Event {
    Event::default().comment(" ".repeat(PROXY_BUFFER))
}

/// Reads one session's feed for one client.
struct Reader {
    sessions: Sessions,
    history: FeedHistory,
    feed: Feed,
    id: SessionId,
    whole: bool,
}

impl Reader {
    /// Sends the current state, then missed entries, then live ones. A reader that lags, or finds that a line is missing, starts
    /// over from its last number. `None`: the client is gone, or the store failed.
    async fn read(&self, mut seq: u64, out: &Out) -> Option<()> {
        loop {
            let mut news = self.feed.listen(&self.id);
            if let Some(view) = self.sessions.feed_view(&self.id).await.ok()? {
                self.send_view(view, seq, out).await?;
            }
            seq = self.catch_up(seq, out).await?;
            loop {
                match news.recv().await {
                    Ok(Announcement::Session(view)) => self.send_view(view.as_ref().clone(), seq, out).await?,
                    Ok(Announcement::Entry(entry)) if entry.seq == seq + 1 => {
                        seq = entry.seq;
                        out.send(Ok(entry_event(&entry))).await.ok()?;
                    }
                    Ok(Announcement::Entry(entry)) if entry.seq <= seq => {}
                    // Two lines were announced in another order than stored, or another replica wrote one.
                    Ok(Announcement::Entry(_)) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    }

    /// Sends what was missed, page by page. Returns the number of the last line.
    async fn catch_up(&self, seq: u64, out: &Out) -> Option<u64> {
        let (still_shown, mut seq) = self.history.resume(&self.id, seq).await.ok()?;
        for entry in still_shown {
            out.send(Ok(entry_event(&entry))).await.ok()?;
        }
        loop {
            let page = self.history.page(&self.id, seq).await.ok()?;
            let Some(last) = page.last() else { return Some(seq) };
            seq = last.seq;
            for entry in page {
                out.send(Ok(entry_event(&entry))).await.ok()?;
            }
        }
    }

    async fn send_view(&self, view: SessionView, seq: u64, out: &Out) -> Option<()> {
        out.send(Ok(session_event(&reduced(view, self.whole), Some(seq)))).await.ok()
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
fn reduced(mut view: SessionView, whole: bool) -> SessionView {
    view.platforms = view.destinations.iter().map(|of| of.destination.platform).collect();
    if whole {
        return view.for_owner();
    }
    SessionView { destinations: Vec::new(), composite: None, health: Vec::new(), owner_name: String::new(), egress_id: None, ..view }
}
