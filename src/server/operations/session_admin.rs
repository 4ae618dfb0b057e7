//! Sessions for administrators: filtered pages, capacity, export, stopping several, and draining.

use super::{DAY_MS, require_admin};
use crate::{
    api::{
        admin::{Capacity, SessionCounts, SessionOverview, SessionQuery, StatusFilter, StopResult},
        error::ApiError,
        sessions::SessionView,
    },
    domain::{audit::AuditAction, ids::SessionId, session::SessionStatus, timestamp::Timestamp},
    server::{
        accounts::audit::AuditLog,
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult},
        livekit::Slots,
        ports::Ports,
        registry::SessionRegistry,
        sessions::{
            Sessions,
            listing::{Listing, MOST_LISTED, first_id},
        },
    },
};
use futures::{StreamExt, stream};
use std::sync::Arc;

/// Rows of a page.
const PAGE: usize = 50;
/// Rows of an export, at most.
const MOST_EXPORTED: usize = 10_000;
/// Sessions stopped side by side.
const AT_ONCE: usize = 8;

/// Everybody's sessions, for administrators. Cheap to clone.
#[derive(Clone)]
pub struct SessionAdmin {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    sessions: Sessions,
    audit: AuditLog,
}

impl SessionAdmin {
    pub const fn new(ports: Arc<Ports>, registry: SessionRegistry, sessions: Sessions, audit: AuditLog) -> Self {
        Self { ports, registry, sessions, audit }
    }

    /// One page of all sessions, with counts and capacity.
    ///
    /// # Errors
    /// The caller is not an administrator, or a day is none.
    pub async fn overview(&self, caller: &Caller, query: &SessionQuery) -> StudioResult<SessionOverview> {
        require_admin(caller)?;
        let page = self.sessions.list(caller, listing(query, PAGE)?).await?;
        let (counts, capacity, draining) = tokio::join!(self.counts(), self.capacity(), self.ports.store.draining());
        Ok(SessionOverview { sessions: page.sessions, next: page.next_cursor, counts: counts?, capacity, draining: draining? })
    }

    /// The same sessions as a table for spreadsheets, all pages of it.
    ///
    /// # Errors
    /// As for the page.
    pub async fn export(&self, caller: &Caller, query: &SessionQuery) -> StudioResult<String> {
        require_admin(caller)?;
        let mut listing = listing(query, MOST_LISTED)?;
        let mut rows = Vec::new();
        while rows.len() < MOST_EXPORTED {
            let page = self.sessions.list(caller, listing.clone()).await?;
            rows.extend(page.sessions.iter().map(row));
            match page.next_cursor {
                Some(next) => listing.cursor = Some(next),
                None => break,
            }
        }
        Ok(table(&rows))
    }

    /// Ends several sessions for one reason. Each is done or refused individually.
    ///
    /// # Errors
    /// The caller is not an administrator, or names too many.
    pub async fn stop_many(&self, caller: &Caller, ids: Vec<SessionId>, note: &str) -> StudioResult<Vec<StopResult>> {
        require_admin(caller)?;
        if !(1..=MOST_LISTED).contains(&ids.len()) {
            return Err(ApiError::invalid("ids", format!("Choose 1 to {MOST_LISTED} streams.")).into());
        }
        let stopped = stream::iter(ids).map(|id| async move {
            let result = self.sessions.stop(caller, &id, Some(note.to_owned())).await.map_err(StudioError::into_api_error);
            StopResult { session_id: id, result }
        });
        Ok(stopped.buffered(AT_ONCE).collect().await)
    }

    /// Refuses new sessions, or accepts them again; running ones continue.
    ///
    /// # Errors
    /// The caller is not an administrator.
    pub async fn set_draining(&self, caller: &Caller, draining: bool, origin: &Origin) -> StudioResult<()> {
        require_admin(caller)?;
        self.ports.store.set_draining(draining).await?;
        let what = if draining { "new streams are refused" } else { "new streams are taken again" };
        self.audit.record(AuditAction::DrainChanged, Some(&caller.user.id), what, origin).await;
        tracing::info!(draining, "an administrator changed whether new sessions are accepted");
        Ok(())
    }

    async fn counts(&self) -> StudioResult<SessionCounts> {
        let mut counts = SessionCounts::default();
        for session in self.ports.store.active_sessions().await? {
            let view = self.registry.view(&session).await;
            counts.on_air += u64::from(view.on_air);
            counts.needs_attention += u64::from(view.status.is_live() && !view.health.is_empty());
            counts.changing += u64::from(!view.status.is_live());
        }
        counts.failed = self.ports.store.count_in_state(SessionStatus::Failed, &first_id(self.ports.now().plus_millis(-DAY_MS))).await?;
        Ok(counts)
    }

    async fn capacity(&self) -> Option<Capacity> {
        let Slots { total, used, sandbox } = self.ports.livekit.slots().await.ok()??;
        let preset = self.ports.config.video.preset.name();
        let forecast = match total.saturating_sub(used) {
            0 => "No further stream fits until one ends.".to_owned(),
            1 => format!("1 more {preset} stream fits."),
            more => format!("{more} more {preset} streams fit."),
        };
        let warnings: Vec<_> = sandbox.warning().map(str::to_owned).into_iter().chain(self.ports.clock.warnings()).collect();
        Some(Capacity { used, total, forecast, warning: (!warnings.is_empty()).then(|| warnings.join(" ")) })
    }
}

fn listing(query: &SessionQuery, limit: usize) -> StudioResult<Listing> {
    let status = match query.status {
        StatusFilter::All => Vec::new(),
        filter => SessionStatus::ALL.into_iter().filter(|status| filter.matches(*status)).collect(),
    };
    Ok(Listing {
        status,
        platform: query.platform,
        from: day("from", &query.from)?,
        to: day("to", &query.to)?.map(|day| day.plus_millis(DAY_MS)),
        search: query.search.trim().to_lowercase(),
        oldest_first: query.oldest_first,
        cursor: query.behind.clone(),
        limit,
        ..Listing::default()
    })
}

/// The first moment of a day, in UTC.
pub(super) fn day(field: &str, text: &str) -> StudioResult<Option<Timestamp>> {
    if text.is_empty() {
        return Ok(None);
    }
    let first = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
    first.map(Some).map_err(|_| ApiError::invalid(field, format!("{field} must be a day such as 2026-11-23.")).into())
}

const HEAD: [&str; 12] =
    ["session", "status", "owner", "name", "title", "platforms", "created", "started", "ended", "seconds on air", "end reason", "egress"];

fn row(view: &SessionView) -> [String; 12] {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
    let platforms: Vec<&str> = view.destinations.iter().map(|of| of.destination.label()).collect();
    [
        view.session_id.to_string(),
        view.status.to_string(),
        view.owner_name.clone(),
        view.entity_name.clone(),
        view.stream_title.clone(),
        platforms.join("; "),
        time(Some(view.created_at)),
        time(view.started_at),
        time(view.ended_at),
        (view.duration / 1000).to_string(),
        view.end_reason.clone().unwrap_or_default(),
        view.egress_id.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
    .map(as_text)
}

/// What a spreadsheet would take for a formula is text.
fn as_text(field: String) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field }
}

/// RFC 4180, with the head.
fn table(rows: &[[String; 12]]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let rows = rows.iter().map(|row| row.each_ref().map(String::as_str));
    std::iter::once(HEAD).chain(rows).for_each(|row| writer.write_record(row).expect("memory takes every row of twelve fields"));
    String::from_utf8(writer.into_inner().expect("memory takes what is written")).expect("of strings only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_an_export_is_text_and_nothing_else() {
        for (field, written) in
            [("plain", "plain"), ("a, b", "\"a, b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"), ("@x,y", "\"'@x,y\"")]
        {
            let mut row = [const { String::new() }; 12];
            row[0] = as_text(field.to_owned());
            let table = table(&[row]);
            assert_eq!(table.split("\r\n").nth(1), Some(&*format!("{written},,,,,,,,,,,")));
        }
    }
}
