//! The server's event feeds (SSE), reconnected after every loss. The caller reads the data.

use super::{bridge, clock, protocol::FeedMessage};
use crate::domain::timestamp::Timestamp;
use leptos::prelude::on_cleanup;
use serde::Deserialize;

/// Over which connection a tab reads a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Its own: nothing else may disturb what is recorded.
    Own,
    /// One that the browser's tabs share.
    Shared,
    /// The same, and a tab that is hidden lets it go until it is shown again.
    SharedWhileShown,
}

impl Connection {
    /// Its name in the bridge.
    fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
            Self::SharedWhileShown => "sharedWhileShown",
        }
    }
}

/// The feed of one session from sequence number `after` on: `session`, `overlay` and `show` events. It is closed with the
/// surrounding owner. Call it in an effect.
pub fn of_session(session_id: &str, after: u64, connection: Connection, on_event: impl Fn(FeedMessage) + 'static) {
    open(&format!("/api/streaming/feed?sessionId={session_id}"), after, "session,overlay,show", connection, on_event);
}

/// The `session` events of all sessions, for administrators. It is closed with the surrounding owner. Call it in an effect.
pub fn of_all(on_event: impl Fn(FeedMessage) + 'static) {
    open("/api/admin/feed", 0, "session", Connection::SharedWhileShown, on_event);
}

/// A session's state says when it was read, by the server's clock.
fn hear_time(message: &FeedMessage) {
    #[derive(Deserialize)]
    struct Read {
        now: Timestamp,
    }
    if message.event == "session"
        && let Ok(read) = serde_json::from_str::<Read>(&message.data)
    {
        clock::hear(read.now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a session has less than 2^53 events")]
fn open(path: &str, after: u64, names: &str, connection: Connection, on_event: impl Fn(FeedMessage) + 'static) {
    let handle = bridge::open_feed(path, after as f64, names, connection.name());
    bridge::subscribe(handle, move |message: FeedMessage| {
        hear_time(&message);
        on_event(message);
    });
    on_cleanup(move || {
        bridge::unsubscribe(handle);
        bridge::close_feed(handle);
    });
}
