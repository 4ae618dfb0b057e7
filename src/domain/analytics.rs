//! What is counted over many sessions: every session that is over adds the same few sums (and its peaks) to its day, so that no
//! report ever reads the sessions themselves. Pure.

use super::{
    destination::Platform,
    session::{Outcome, Session, SessionState},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The upper edges of the click-to-live histogram, in milliseconds; what took longer counts in the last.
const EDGES: [u64; 22] = [
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000, 25_000, 30_000, 40_000,
    50_000, 60_000, 90_000, 120_000,
];

/// One sum of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// The day, as `2026-11-23`, in UTC.
    pub day: String,
    /// What was counted: one of the words of [`counts_of`].
    pub what: String,
    /// How much.
    pub n: u64,
}

/// The day on which a session was created, in UTC.
pub fn day_of(session: &Session) -> String {
    session.created_at.to_rfc3339().chars().take(10).collect()
}

/// Whether a sum is the most of any session, instead of a sum.
pub fn is_most(what: &str) -> bool {
    what.ends_with("peak_viewers")
}

/// What a finished session adds to its day.
pub fn counts_of(session: &Session) -> Vec<(String, u64)> {
    let (outcome, live_since, at) = match &session.state {
        SessionState::Ended { reason, live_since, at } => (Outcome::Ended(reason.clone()), *live_since, *at),
        SessionState::Failed { cause, live_since, at } => (Outcome::Failed(cause.clone()), *live_since, *at),
        _ => return Vec::new(),
    };
    let word = match &outcome {
        Outcome::Ended(reason) => format!("ended:{}", reason.code()),
        Outcome::Failed(cause) => format!("failed:{}", cause.code()),
    };
    let mut counts = vec![("shows".to_owned(), 1), (word, 1), ("captured_ms".to_owned(), at.millis_since(session.created_at))];
    if let Some(since) = live_since {
        let waited = since.millis_since(session.created_at);
        let edge = EDGES.iter().copied().find(|edge| waited <= *edge).unwrap_or(EDGES[EDGES.len() - 1]);
        counts.push(("on_air_ms".to_owned(), at.millis_since(since)));
        counts.push((format!("waited:{edge:06}"), 1));
    }
    counts.push(("peak_viewers".to_owned(), session.viewers.peak().unwrap_or(0)));
    for destination in &session.destinations {
        let platform = name(destination.platform);
        let result = session.results.iter().find(|result| result.id == destination.id);
        counts.push((format!("{platform}:shows"), 1));
        counts.push((format!("{platform}:peak_viewers"), session.viewers.peak_of(&destination.id).unwrap_or(0)));
        if let Some(result) = result {
            let kilobytes = result.uptime_ms.saturating_mul(session.video.bitrate_kbps.into()) / 8_000;
            counts.push((format!("{platform}:uptime_ms"), result.uptime_ms));
            counts.push((format!("{platform}:reconnects"), result.reconnects.into()));
            counts.push((format!("{platform}:given_up"), u64::from(result.failure.is_some())));
            counts.push(("sent_kb".to_owned(), kilobytes));
        }
    }
    counts.retain(|(_, n)| *n > 0);
    counts
}

const fn name(platform: Platform) -> &'static str {
    platform.name()
}

/// A report over a range of days.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// All days together.
    pub total: DayReport,
    /// Each day, the earliest first; without [`Report::filled`] only those that have any session.
    pub days: Vec<DayReport>,
    /// Half of the sessions that went live did so within this many milliseconds of the click (to the next step of the histogram).
    pub waited_p50_ms: Option<u64>,
    /// Nineteen of twenty did so within this many milliseconds.
    pub waited_p95_ms: Option<u64>,
    /// Why sessions ended normally: the API's codes, the most frequent first.
    pub ended: Vec<(String, u64)>,
    /// Why sessions failed.
    pub failed: Vec<(String, u64)>,
    /// By platform.
    pub platforms: Vec<PlatformReport>,
}

/// One day, or several together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayReport {
    /// `2026-11-23`; empty for several.
    pub day: String,
    /// Sessions that are over.
    pub shows: u64,
    /// Those that failed.
    pub failed: u64,
    /// Milliseconds on air.
    pub on_air_ms: u64,
    /// Milliseconds that an egress was held, from the click to the end.
    pub captured_ms: u64,
    /// Kilobytes sent to destinations.
    pub sent_kb: u64,
    /// The most viewers of one session at once, where reported.
    #[serde(default)]
    pub peak_viewers: u64,
}

/// One platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformReport {
    /// Its name on the wire.
    pub platform: String,
    /// Destinations there.
    pub shows: u64,
    /// Milliseconds its destinations were live.
    pub uptime_ms: u64,
    /// Number of reconnects.
    pub reconnects: u64,
    /// Destinations that failed.
    pub given_up: u64,
    /// The most viewers of one session at once, where reported.
    #[serde(default)]
    pub peak_viewers: u64,
}

impl Report {
    /// Adds everything up.
    pub fn of(sums: &[Sum]) -> Self {
        let mut report = Self::default();
        let mut days: BTreeMap<&str, DayReport> = BTreeMap::new();
        let mut all: BTreeMap<&str, u64> = BTreeMap::new();
        for Sum { day, what, n } in sums {
            let so_far = all.entry(what).or_default();
            *so_far = if is_most(what) { (*so_far).max(*n) } else { *so_far + n };
            let of_day = days.entry(day).or_insert_with(|| DayReport { day: day.clone(), ..DayReport::default() });
            of_day.add(what, *n);
            report.total.add(what, *n);
        }
        report.days = days.into_values().collect();
        let waited: Vec<(u64, u64)> = all.iter().filter_map(|(what, n)| Some((what.strip_prefix("waited:")?.parse().ok()?, *n))).collect();
        report.waited_p50_ms = percentile(&waited, 50);
        report.waited_p95_ms = percentile(&waited, 95);
        report.ended = by_code(&all, "ended:");
        report.failed = by_code(&all, "failed:");
        report.platforms = Platform::ALL.into_iter().filter_map(|platform| of_platform(&all, name(platform))).collect();
        report
    }
}

impl Report {
    /// Adds the days in between that have no sessions.
    #[must_use]
    pub fn filled(mut self, days: impl Iterator<Item = String>) -> Self {
        let mut known: BTreeMap<_, _> = self.days.into_iter().map(|report| (report.day.clone(), report)).collect();
        for day in days {
            known.entry(day.clone()).or_insert_with(|| DayReport { day, ..DayReport::default() });
        }
        self.days = known.into_values().collect();
        self
    }
}

impl DayReport {
    fn add(&mut self, what: &str, n: u64) {
        match what {
            "shows" => self.shows += n,
            "on_air_ms" => self.on_air_ms += n,
            "captured_ms" => self.captured_ms += n,
            "sent_kb" => self.sent_kb += n,
            "peak_viewers" => self.peak_viewers = self.peak_viewers.max(n),
            failed if failed.starts_with("failed:") => self.failed += n,
            _ => {}
        }
    }
}

/// The edge below which this share of all counts lies; `counts` in the order of the edges.
fn percentile(counts: &[(u64, u64)], percent: u64) -> Option<u64> {
    let all: u64 = counts.iter().map(|(_, n)| n).sum();
    let mut passed = 0;
    counts.iter().find_map(|(edge, n)| {
        passed += n;
        (passed * 100 >= all * percent).then_some(*edge)
    })
}

fn by_code(all: &BTreeMap<&str, u64>, kind: &str) -> Vec<(String, u64)> {
    let mut words: Vec<_> = all.iter().filter_map(|(what, n)| Some((what.strip_prefix(kind)?.to_owned(), *n))).collect();
    words.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    words
}

fn of_platform(all: &BTreeMap<&str, u64>, platform: &str) -> Option<PlatformReport> {
    let of = |what: &str| all.get(format!("{platform}:{what}").as_str()).copied();
    Some(PlatformReport {
        platform: platform.to_owned(),
        shows: of("shows")?,
        uptime_ms: of("uptime_ms").unwrap_or(0),
        reconnects: of("reconnects").unwrap_or(0),
        given_up: of("given_up").unwrap_or(0),
        peak_viewers: of("peak_viewers").unwrap_or(0),
    })
}

/// The operator's prices, for cost estimates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prices {
    /// For each minute that an egress is held.
    pub egress_minute: f64,
    /// For each gigabyte (10^9 bytes) sent to destinations.
    pub gigabyte: f64,
    /// The currency written behind an amount (`EUR`).
    pub currency: String,
}

impl Prices {
    /// The amount in the operator's currency.
    #[expect(clippy::cast_precision_loss, reason = "an estimate, far below 2^52")]
    fn of(&self, captured_ms: u64, sent_kb: u64) -> f64 {
        captured_ms as f64 / 60_000.0 * self.egress_minute + sent_kb as f64 / 1e6 * self.gigabyte
    }

    /// The same as people read it (`1.20 EUR`).
    pub fn in_words(&self, captured_ms: u64, sent_kb: u64) -> String {
        format!("{:.2} {}", self.of(captured_ms, sent_kb), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(day: &str, what: &str, n: u64) -> Sum {
        Sum { day: day.into(), what: what.into(), n }
    }

    #[test]
    fn days_without_a_show_stand_between_the_others() {
        let report = Report::of(&[sum("2026-11-23", "shows", 3), sum("2026-11-25", "shows", 1)]);
        let days = ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"].map(str::to_owned);
        let shows: Vec<_> = report.filled(days.into_iter()).days.into_iter().map(|day| (day.day, day.shows)).collect();
        let expected = [("2026-11-22", 0), ("2026-11-23", 3), ("2026-11-24", 0), ("2026-11-25", 1)];
        assert_eq!(shows, expected.map(|(day, shows)| (day.to_owned(), shows)));
    }

    #[test]
    fn days_platforms_and_causes_add_up() {
        let report = Report::of(&[
            sum("2026-11-23", "shows", 3),
            sum("2026-11-23", "on_air_ms", 5_000),
            sum("2026-11-23", "failed:no_free_slot", 1),
            sum("2026-11-24", "shows", 2),
            sum("2026-11-24", "failed:no_free_slot", 1),
            sum("2026-11-24", "failed:interrupted", 1),
            sum("2026-11-24", "twitch:shows", 2),
            sum("2026-11-24", "twitch:uptime_ms", 900),
        ]);
        assert_eq!((report.total.shows, report.total.failed, report.total.on_air_ms), (5, 3, 5_000));
        assert_eq!(report.days.iter().map(|day| (day.day.as_str(), day.shows)).collect::<Vec<_>>(), [("2026-11-23", 3), ("2026-11-24", 2)]);
        assert_eq!(report.failed, [("no_free_slot".to_owned(), 2), ("interrupted".to_owned(), 1)]);
        assert_eq!((report.platforms[0].platform.as_str(), report.platforms[0].uptime_ms), ("twitch", 900));
        assert_eq!(Report::of(&[]), Report::default());
    }

    #[test]
    fn percentiles_are_the_edge_below_which_that_share_lies() {
        let counts = [(2_000, 10), (3_000, 80), (60_000, 10)];
        assert_eq!((percentile(&counts, 50), percentile(&counts, 95)), (Some(3_000), Some(60_000)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn an_amount_is_minutes_and_gigabytes_by_their_prices() {
        let prices = Prices { egress_minute: 0.02, gigabyte: 0.1, currency: "EUR".into() };
        assert!((prices.of(90 * 60_000, 3_000_000) - 2.1).abs() < 1e-9);
        assert_eq!(prices.in_words(90 * 60_000, 3_000_000), "2.10 EUR");
    }
}
