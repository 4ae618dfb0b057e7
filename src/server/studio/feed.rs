//! What has just happened, told to whoever listens: event streams of pages, agents, overlays. Nothing is kept here: a slow
//! listener is told that it missed something and reads the store again.

use crate::{api::sessions::SessionView, domain::ids::SessionId, server::store::FeedEntry};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Announcements a slow listener may lag behind.
const BACKLOG: usize = 512;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Announcement {
    /// A session changed, or its evidence did.
    Session(Arc<SessionView>),
    /// A line was appended to a session's feed.
    Entry(SessionId, Arc<FeedEntry>),
}

/// The hub.
#[derive(Debug)]
pub struct Feed(broadcast::Sender<Announcement>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Feed {
    /// Everything from now on.
    pub fn listen(&self) -> broadcast::Receiver<Announcement> {
        self.0.subscribe()
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }

    /// A session changed.
    pub fn session(&self, view: SessionView) {
        // Nobody listening is no fault.
        let _ = self.0.send(Announcement::Session(Arc::new(view)));
    }

    /// A line was appended.
    pub fn entry(&self, session: SessionId, entry: FeedEntry) {
        let _ = self.0.send(Announcement::Entry(session, Arc::new(entry)));
    }
}
