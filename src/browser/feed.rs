//! The server's event feeds, read for ever over every loss. What the data means is the reader's business.

use super::{bridge, protocol::FeedMessage};
use leptos::prelude::on_cleanup;

/// The feed of one session from sequence number `after` on: `session`, `overlay` and `show` events.
/// Closed with the surrounding owner. Begin it in an effect.
pub fn of_session(session_id: &str, after: u64, on_event: impl Fn(FeedMessage) + 'static) {
    open(&format!("/api/streaming/feed?sessionId={session_id}"), after, "session,overlay,show", on_event);
}

/// Every session's changes, for admins: `session` events. Closed with the surrounding owner. Begin it in an effect.
pub fn of_all(on_event: impl Fn(FeedMessage) + 'static) {
    open("/api/admin/feed", 0, "session", on_event);
}

#[expect(clippy::cast_precision_loss, reason = "a show has no 2^53 events, and JavaScript counts no further")]
fn open(path: &str, after: u64, names: &str, on_event: impl Fn(FeedMessage) + 'static) {
    let handle = bridge::open_feed(path, after as f64, names);
    bridge::subscribe(handle, on_event);
    on_cleanup(move || {
        bridge::unsubscribe(handle);
        bridge::close_feed(handle);
    });
}
