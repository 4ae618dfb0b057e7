//! What administrators see of the whole house, and what they set.

use super::{error::ApiError, sessions::SessionView};
use crate::domain::{destination::Platform, ids::SessionId};
use serde::{Deserialize, Serialize};

/// Which sessions the list shows. It stands in the page's address, so every field reads and writes as plain words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wanted {
    /// Running, ended, failed, or all of them.
    pub show: Shown,
    /// Only with a destination there.
    pub platform: Option<Platform>,
    /// Only those asked for on this day or later, as `2026-11-23`.
    pub from: String,
    /// Only those asked for on this day or earlier.
    pub to: String,
    /// In title, owner's name, session or egress id.
    pub search: String,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// Only those behind this one: the page.
    pub behind: Option<SessionId>,
}

/// How far sessions of a list are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// Being prepared, on air or ending.
    #[default]
    Running,
    /// Over, as they should be.
    Ended,
    /// Over, by a failure.
    Failed,
    /// All of them.
    All,
}

impl Shown {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Running, Self::Ended, Self::Failed, Self::All];

    /// Its word in the address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::All => "all",
        }
    }

    /// Whether a session of this status is among them.
    pub fn holds(self, status: &str) -> bool {
        let over = matches!(status, "ended" | "failed");
        match self {
            Self::Running => !over,
            Self::Ended => status == "ended",
            Self::Failed => status == "failed",
            Self::All => true,
        }
    }
}

/// One page of the list, and how the house stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hall {
    /// In order.
    pub sessions: Vec<SessionView>,
    /// Where the next page begins; none at the end.
    pub next: Option<SessionId>,
    /// What counts for everybody, whatever the list shows.
    pub counts: Counts,
    /// What the capture engine carries, where it tells.
    pub capacity: Option<Capacity>,
    /// New shows are refused for now.
    pub draining: bool,
}

/// Sessions by what an administrator looks for first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// A platform takes them now.
    pub on_air: u64,
    /// Live, and something is wrong.
    pub to_look_at: u64,
    /// Preparing, starting, ending.
    pub moving: u64,
    /// Failed among those asked for in the last 24 hours.
    pub failed: u64,
}

/// What the capture engine carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Shows it carries.
    pub used: u32,
    /// Shows it can carry.
    pub total: u32,
    /// What still fits, in words ("2 more 720p30 shows fit").
    pub forecast: String,
}

/// What came of one order of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// Which session.
    pub session_id: SessionId,
    /// As it stands now, or why it was not done.
    pub result: Result<SessionView, ApiError>,
}
