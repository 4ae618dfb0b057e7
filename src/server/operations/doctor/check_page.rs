//! What the captured check page gets, and what it reports: whether a browser's media connection to LiveKit came about.

use crate::domain::room::RoomAccess;
use parking_lot::Mutex;
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;
use ulid::Ulid;

/// Longer than any path that a page reports.
const LONGEST_PATH: usize = 100;

/// What came of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaResult {
    /// Connected.
    Open,
    /// The server answered, and no media came through.
    Blocked,
    /// The server did not answer.
    Unreachable,
}

/// What a page reports.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MediaReport {
    pub result: MediaResult,
    /// `udp` or `tcp`, and the server's address, where it is connected.
    #[serde(default)]
    pub path: String,
}

/// The pages that are open for a check, by a ticket that nobody can guess. Clones share them.
#[derive(Clone, Default)]
pub struct CheckPages(Arc<Mutex<HashMap<String, OpenPage>>>);

struct OpenPage {
    access: RoomAccess,
    tell: oneshot::Sender<MediaReport>,
}

impl CheckPages {
    /// Opens a page: its ticket, and where its report arrives.
    pub fn open(&self, access: RoomAccess) -> (String, oneshot::Receiver<MediaReport>) {
        let ticket = Ulid::new().to_string().to_lowercase();
        let (tell, told) = oneshot::channel();
        self.0.lock().insert(ticket.clone(), OpenPage { access, tell });
        (ticket, told)
    }

    /// The room that the page joins; `None` if no check waits for it.
    pub fn access(&self, ticket: &str) -> Option<RoomAccess> {
        self.0.lock().get(ticket).map(|page| page.access.clone())
    }

    /// Takes a page's report, once. Whether a check waited for it.
    pub fn report(&self, ticket: &str, mut report: MediaReport) -> bool {
        let Some(page) = self.0.lock().remove(ticket) else { return false };
        report.path = report.path.chars().filter(|c| !c.is_control()).take(LONGEST_PATH).collect();
        page.tell.send(report).is_ok()
    }

    /// Forgets a page.
    pub fn close(&self, ticket: &str) {
        self.0.lock().remove(ticket);
    }
}
