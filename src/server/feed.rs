//! Broadcasts changes to event streams of pages, agents and overlays. Nothing is stored here: a slow listener is notified that
//! it lagged and reads the store again. Each session has a channel of its own, so that one with many events makes only its own
//! listeners lag.

pub mod history;
mod line_limits;
mod open_feeds;
pub mod writer;

pub use open_feeds::{FeedPlace, OpenFeeds};

use crate::{api::sessions::SessionView, domain::ids::SessionId, server::store::FeedEntry};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::broadcast;

/// The name of an agent's or game's event on the wire and in the store.
pub const KIND: &str = "show";
/// Announcements a slow listener may lag behind.
const BACKLOG: usize = 512;

/// What happened in one session.
#[derive(Debug, Clone)]
pub enum Announcement {
    /// The session changed, or its evidence did.
    Session(Arc<SessionView>),
    /// A line was appended to its feed.
    Entry(Arc<FeedEntry>),
}

/// Cheap to clone: every clone is the same feed.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Channels>);

#[derive(Debug)]
struct Channels {
    /// Only of sessions that somebody listens to.
    of_sessions: Mutex<HashMap<SessionId, broadcast::Sender<Announcement>>>,
    /// The state of every session, without lines.
    of_all: broadcast::Sender<Arc<SessionView>>,
    open: OpenFeeds,
}

impl Feed {
    pub fn new(open: OpenFeeds) -> Self {
        Self(Arc::new(Channels { of_sessions: Mutex::default(), of_all: broadcast::channel(BACKLOG).0, open }))
    }

    /// Everything that happens in a session from now on.
    pub fn listen(&self, id: &SessionId) -> broadcast::Receiver<Announcement> {
        let mut channels = self.channels();
        channels.retain(|_, channel| channel.receiver_count() > 0);
        channels.entry(id.clone()).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    /// Every change of every session from now on.
    pub fn listen_to_all(&self) -> broadcast::Receiver<Arc<SessionView>> {
        self.0.of_all.subscribe()
    }

    /// Counts the open event streams.
    pub fn open_feeds(&self) -> &OpenFeeds {
        &self.0.open
    }

    pub fn session(&self, view: SessionView) {
        let view = Arc::new(view);
        // Without listeners there is nothing to do.
        let _ = self.0.of_all.send(Arc::clone(&view));
        self.announce(&view.session_id, Announcement::Session(Arc::clone(&view)));
    }

    /// A line was appended.
    pub fn entry(&self, session: &SessionId, entry: FeedEntry) {
        self.announce(session, Announcement::Entry(Arc::new(entry)));
    }

    fn announce(&self, session: &SessionId, announcement: Announcement) {
        if let Some(channel) = self.channels().get(session) {
            let _ = channel.send(announcement);
        }
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<SessionId, broadcast::Sender<Announcement>>> {
        self.0.of_sessions.lock()
    }
}
