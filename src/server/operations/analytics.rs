//! Reports over days, from the sums stored when sessions end.

use super::{DAY_MS, require_admin, session_admin::day as first_moment};
use crate::{
    api::{
        admin::{Analytics as AnalyticsReport, DateRange},
        error::ApiError,
    },
    domain::{analytics::Report, timestamp::Timestamp},
    server::{auth::caller::Caller, error::StudioResult, ports::Ports},
};
use std::sync::Arc;

/// Days of a report, at most.
const LONGEST: u64 = 731;

/// Reports. Cheap to clone.
#[derive(Clone)]
pub struct Analytics {
    ports: Arc<Ports>,
}

impl Analytics {
    pub const fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// A report over the caller's own sessions and their agents', or over everybody's.
    ///
    /// # Errors
    /// A day is none, the first comes after the last, or the caller asks for everybody's and is no administrator.
    pub async fn report(&self, caller: &Caller, everybody: bool, span: &DateRange) -> StudioResult<AnalyticsReport> {
        if everybody {
            require_admin(caller)?;
        }
        let (first, last) = self.days(span)?;
        let (from, to) = (day(first), day(last));
        let account = (!everybody).then_some(&caller.user.id);
        let days = (0..).map(|turn| first.plus_millis(turn * DAY_MS)).take_while(|at| *at <= last).map(day);
        let report = Report::of(&self.ports.store.sums(account, &from, &to).await?).filled(days);
        let cost = self.ports.config.prices.as_ref().map(|prices| prices.in_words(report.total.captured_ms, report.total.sent_kb));
        Ok(AnalyticsReport { from, to, report, cost })
    }

    fn days(&self, span: &DateRange) -> StudioResult<(Timestamp, Timestamp)> {
        let to = first_moment("to", &span.to)?.unwrap_or_else(|| self.ports.now());
        let from = first_moment("from", &span.from)?.unwrap_or_else(|| to.plus_millis(-29 * DAY_MS));
        if from > to {
            return Err(ApiError::invalid("from", "`from` must not be after `to`.").into());
        }
        if to.millis_since(from) / u64::try_from(DAY_MS).unwrap_or(1) >= LONGEST {
            return Err(ApiError::invalid("from", format!("A report covers at most {LONGEST} days.")).into());
        }
        Ok((from, to))
    }
}

fn day(at: Timestamp) -> String {
    at.to_rfc3339()[..10].to_owned()
}
