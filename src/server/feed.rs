//! Broadcasts changes to event streams of pages, agents and overlays. Nothing is stored here: a slow listener is notified that
//! it lagged and reads the store again.

pub mod writer;

use crate::{api::sessions::SessionView, domain::ids::SessionId, server::store::FeedEntry};
use std::sync::Arc;
use tokio::sync::broadcast;

/// The name of an agent's or game's event on the wire and in the store.
pub const KIND: &str = "show";
/// Announcements a slow listener may lag behind.
const BACKLOG: usize = 512;

#[derive(Debug, Clone)]
pub enum Announcement {
    /// A session changed, or its evidence did.
    Session(Arc<SessionView>),
    /// A line was appended to a session's feed.
    Entry(SessionId, Arc<FeedEntry>),
}

/// Cheap to clone: every clone is the same feed.
#[derive(Debug, Clone)]
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

    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }

    pub fn session(&self, view: SessionView) {
        // Without listeners there is nothing to do.
        let _ = self.0.send(Announcement::Session(Arc::new(view)));
    }

    /// A line was appended.
    pub fn entry(&self, session: SessionId, entry: FeedEntry) {
        let _ = self.0.send(Announcement::Entry(session, Arc::new(entry)));
    }
}
