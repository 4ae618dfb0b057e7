//! Reports over days, from the sums stored when sessions end.

use super::{
    Studio,
    admin_sessions::{self, DAY_MS},
};
use crate::{
    api::{
        admin::{Analytics, DateRange},
        error::ApiError,
    },
    domain::{analytics::Report, timestamp::Timestamp},
    server::{auth::caller::Caller, error::StudioResult},
};

/// Days of a report, at most.
const LONGEST: u64 = 731;

impl Studio {
    /// A report over the caller's own sessions and their agents', or over everybody's.
    ///
    /// # Errors
    /// A day is none, the first comes after the last, or the caller asks for everybody's and is no administrator.
    pub async fn analytics(&self, caller: &Caller, everybody: bool, span: &DateRange) -> StudioResult<Analytics> {
        if everybody {
            admin_sessions::require_admin(caller)?;
        }
        let (first, last) = self.days(span)?;
        let (from, to) = (day(first), day(last));
        let account = (!everybody).then_some(&caller.user.id);
        let days = (0..).map(|turn| first.plus_millis(turn * DAY_MS)).take_while(|at| *at <= last).map(day);
        let report = Report::of(&self.store().sums(account, &from, &to).await?).filled(days);
        let cost = self.config().prices.clone().map(|prices| (prices.of(report.total.captured_ms, report.total.sent_kb), prices.currency));
        Ok(Analytics { from, to, report, cost })
    }

    fn days(&self, span: &DateRange) -> StudioResult<(Timestamp, Timestamp)> {
        let to = admin_sessions::day("to", &span.to)?.unwrap_or_else(|| self.now());
        let from = admin_sessions::day("from", &span.from)?.unwrap_or_else(|| to.plus_millis(-29 * DAY_MS));
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
