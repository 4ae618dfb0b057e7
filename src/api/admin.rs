//! Administration: session lists, analytics and webhook deliveries.

use super::{error::ApiError, sessions::SessionView};
use crate::domain::{analytics::Report, destination::Platform, ids::SessionId, session::SessionStatus, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// The filter of the session list. It is part of the page's address, so every field is plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionQuery {
    /// Running, ended, failed, or all of them.
    #[serde(rename = "show")]
    pub status: StatusFilter,
    /// Only with a destination on this platform.
    pub platform: Option<Platform>,
    /// Only those created on this day or later, as `2026-11-23`.
    pub from: String,
    /// Only those created on this day or earlier.
    pub to: String,
    /// Text in title, owner's name, session id or egress id.
    pub search: String,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// Only those after this one: the page's cursor.
    pub behind: Option<SessionId>,
}

/// Filters a list by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusFilter {
    /// Being prepared, on air or ending.
    #[default]
    Running,
    /// Ended normally.
    Ended,
    /// Failed.
    Failed,
    /// Every session.
    All,
}

impl StatusFilter {
    /// All filters, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Running, Self::Ended, Self::Failed, Self::All];

    /// The value in the address.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::All => "all",
        }
    }

    /// Whether a session of this status passes the filter.
    pub fn matches(self, status: SessionStatus) -> bool {
        match self {
            Self::Running => !status.is_over(),
            Self::Ended => status == SessionStatus::Ended,
            Self::Failed => status.is_failed(),
            Self::All => true,
        }
    }
}

/// One page of sessions, with counts and capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionOverview {
    /// The sessions of this page, in order.
    pub sessions: Vec<SessionView>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<SessionId>,
    /// Counts over all sessions, whatever the filter.
    pub counts: SessionCounts,
    /// Slots of the capture engine, where it reports them.
    pub capacity: Option<Capacity>,
    /// Whether new sessions are refused.
    pub draining: bool,
}

/// Session counts by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCounts {
    /// Sessions on air.
    pub on_air: u64,
    /// Live sessions with a problem.
    #[serde(rename = "toLookAt")]
    pub needs_attention: u64,
    /// Sessions that are starting or ending.
    #[serde(rename = "moving")]
    pub changing: u64,
    /// Failed sessions of the last 24 hours.
    pub failed: u64,
}

/// Slots of the capture engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Slots in use.
    pub used: u32,
    /// Slots in all.
    pub total: u32,
    /// How many more fit, as text ("2 more 720p30 streams fit").
    pub forecast: String,
    /// What administrators must know: that the engine's browser has no sandbox, that clocks differ.
    #[serde(default)]
    pub warning: Option<String>,
}

/// The result of stopping one of several sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopResult {
    /// The session's id.
    pub session_id: SessionId,
    /// The session now, or why it was not stopped.
    pub result: Result<SessionView, ApiError>,
}

/// Days of a report, both included, as `2026-11-23`; empty means the last thirty days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateRange {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

/// A report over finished sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The report.
    pub report: Report,
    /// The estimated cost by the operator's prices, with its currency (`1.20 EUR`).
    pub cost: Option<String>,
}

/// One page of webhook deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryPage {
    /// The deliveries of the latest sessions first.
    pub deliveries: Vec<DeliveryView>,
    /// The cursor of the next page; `None` on the last.
    pub next_cursor: Option<String>,
}

/// One webhook delivery to one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The same at every attempt (`X-Footlight-Delivery`).
    pub id: String,
    /// The server's host.
    pub server: String,
    /// The session's id.
    pub session_id: SessionId,
    /// `session.live`, `session.ended`, `session.failed`, `destination.failed`.
    pub event: String,
    /// When the event happened.
    pub at: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// The result of the last attempt.
    pub result: Option<String>,
    /// When it is tried next; `None` once it was accepted or given up.
    pub due: Option<Timestamp>,
}

/// What the result of a delivery begins with when it is given up.
pub const GIVEN_UP: &str = "given up: ";

/// The state of a webhook delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It was not attempted yet.
    Waiting,
    /// The last attempt failed.
    Retrying {
        /// When the next attempt is due.
        due: Timestamp,
    },
    /// The server accepted it.
    Delivered,
    /// It is not attempted any more.
    GivenUp,
}

impl DeliveryView {
    /// The state that follows from result and due time.
    pub fn state(&self) -> DeliveryState {
        match (&self.result, self.due) {
            (None, _) => DeliveryState::Waiting,
            (Some(_), Some(due)) => DeliveryState::Retrying { due },
            (Some(result), None) if result.starts_with(GIVEN_UP) => DeliveryState::GivenUp,
            (Some(_), None) => DeliveryState::Delivered,
        }
    }
}

/// The delivery to send again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// The delivery's id.
    #[schema(min_length = 1, max_length = 200)]
    pub id: String,
}
