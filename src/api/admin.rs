//! What administrators see of the whole house, and what they set.

use super::{error::ApiError, sessions::SessionView};
use crate::domain::{analytics::Report, destination::Platform, ids::SessionId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// Which sessions the list shows. It stands in the page's address, so every field reads and writes as plain words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionQuery {
    /// Running, ended, failed, or all of them.
    #[serde(rename = "show")]
    pub status: StatusFilter,
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
pub enum StatusFilter {
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

impl StatusFilter {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Running, Self::Ended, Self::Failed, Self::All];

    /// Its word in the address.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::All => "all",
        }
    }

    /// Whether a session of this status is among them.
    pub fn matches(self, status: &str) -> bool {
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
pub struct SessionOverview {
    /// In order.
    pub sessions: Vec<SessionView>,
    /// Where the next page begins; none at the end.
    pub next: Option<SessionId>,
    /// What counts for everybody, whatever the list shows.
    pub counts: SessionCounts,
    /// What the capture engine carries, where it tells.
    pub capacity: Option<Capacity>,
    /// New shows are refused for now.
    pub draining: bool,
}

/// Sessions by what an administrator looks for first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCounts {
    /// A platform takes them now.
    pub on_air: u64,
    /// Live, and something is wrong.
    #[serde(rename = "toLookAt")]
    pub needs_attention: u64,
    /// Preparing, starting, ending.
    #[serde(rename = "moving")]
    pub changing: u64,
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
pub struct StopResult {
    /// Which session.
    pub session_id: SessionId,
    /// As it stands now, or why it was not done.
    pub result: Result<SessionView, ApiError>,
}

/// Days of a report, both included, as `2026-11-23`; empty: until today, and thirty days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateRange {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

/// A report over shows that are over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// What happened.
    pub report: Report,
    /// What it cost by the operator's prices, and in which currency.
    pub cost: Option<(f64, String)>,
}

/// One page of what operators' servers were told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// The latest shows first.
    pub deliveries: Vec<DeliveryView>,
    /// Where the next page begins; none at the end.
    pub next_cursor: Option<String>,
}

/// One thing that one server was told, or is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The same at every attempt (`X-Footlight-Delivery`).
    pub id: String,
    /// The server's host.
    pub server: String,
    /// Of which show.
    pub session_id: SessionId,
    /// `session.live`, `session.ended`, `session.failed`, `destination.failed`.
    pub event: String,
    /// When it happened.
    pub at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// How the last one went.
    pub result: Option<String>,
    /// When it is tried next; none: it was taken, or given up.
    pub due: Option<Timestamp>,
}

/// Which line is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// Its id.
    #[schema(max_length = 200)]
    pub id: String,
}
