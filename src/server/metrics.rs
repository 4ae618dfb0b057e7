//! Prometheus metrics of this process: counts and times since it started, and current gauges. No ids and no names that
//! people chose.

use super::{error::chain, livekit::Slots, studio::Studio};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{sync::OnceLock, time::Instant};

const CALLS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Seconds, from the click to live.
const CLICKS: [f64; 10] = [2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0];
/// Every state a session can count under.
const STATES: [&str; 4] = ["pending", "starting", "live", "ending"];

/// What a metric is, as Prometheus knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    /// Stands at a value.
    Gauge,
    /// Times, in buckets: read as `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// Every metric of this process: name, kind and description.
pub const METRICS: [(&str, Kind, &str); 13] = [
    ("footlight_starts_total", Kind::Counter, "Starts by outcome: started, repeated, or why not."),
    ("footlight_click_to_live_seconds", Kind::Histogram, "From the start to the first destination that accepts the stream."),
    ("footlight_reconciler_actions_total", Kind::Counter, "Actions of the reconciler, by kind."),
    ("footlight_livekit_webhooks_total", Kind::Counter, "LiveKit webhooks: kept, repeated, or refused for their signature."),
    ("footlight_livekit_seconds", Kind::Histogram, "How long LiveKit took, by call."),
    ("footlight_store_seconds", Kind::Histogram, "How long the store took for a statement."),
    ("footlight_deliveries_total", Kind::Counter, "Webhook deliveries: taken or refused."),
    ("footlight_viewers_asked_total", Kind::Counter, "Requests for viewer counts, by platform and outcome."),
    ("footlight_deliveries_pending", Kind::Gauge, "Pending webhook deliveries; at most 1000 are counted."),
    ("footlight_sessions", Kind::Gauge, "Active sessions by state."),
    ("footlight_sessions_troubled", Kind::Gauge, "Active sessions with a health issue."),
    ("footlight_slots", Kind::Gauge, "Slots of the local egress: all and used."),
    ("footlight_feed_listeners", Kind::Gauge, "Open feeds."),
];

fn describe() {
    for (name, kind, words) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, words),
            Kind::Gauge => describe_gauge!(name, words),
            Kind::Histogram => describe_histogram!(name, words),
        }
    }
    // From the first scrape on, so that an alert sees a rise from nothing.
    for (name, label, values) in [
        ("footlight_starts_total", "outcome", &["started", "store_failed", "livekit_failed", "relay_failed", "internal"][..]),
        ("footlight_livekit_webhooks_total", "outcome", &["kept", "repeated", "refused"]),
        ("footlight_deliveries_total", "outcome", &["taken", "refused"]),
    ] {
        for value in values {
            counter!(name, label => *value).absolute(0);
        }
    }
}

/// Begins to count; once in a process, however often it is called.
pub fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("footlight_click_to_live_seconds".into()), &CLICKS)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &CALLS))
            .expect("the lists of buckets are not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Taken already only if somebody else counts in this process; then nothing of ours is read from here.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        handle
    })
}

/// Counts a start by how it came out: `started`, `repeated`, or the error's word.
pub fn start(outcome: &'static str) {
    counter!("footlight_starts_total", "outcome" => outcome).increment(1);
}

/// A session went live this long after the click.
pub fn live(click_to_live_ms: u64) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds, far below 2^52")]
    histogram!("footlight_click_to_live_seconds").record(click_to_live_ms as f64 / 1000.0);
}

/// The reconciler did something.
pub fn action(name: &'static str) {
    counter!("footlight_reconciler_actions_total", "action" => name).increment(1);
}

/// A webhook of LiveKit's came in: `kept`, `repeated`, `refused`.
pub fn webhook(outcome: &'static str) {
    counter!("footlight_livekit_webhooks_total", "outcome" => outcome).increment(1);
}

/// A webhook delivery was attempted: `taken`, `refused`.
pub fn delivery(outcome: &'static str) {
    counter!("footlight_deliveries_total", "outcome" => outcome).increment(1);
}

/// A platform was asked how many watch.
pub fn viewers_asked(platform: &'static str, answered: bool) {
    counter!("footlight_viewers_asked_total", "platform" => platform, "outcome" => if answered { "answered" } else { "failed" })
        .increment(1);
}

/// How long a call took that began then.
pub fn livekit_call(call: &'static str, since: Instant) {
    histogram!("footlight_livekit_seconds", "call" => call).record(since.elapsed());
}

/// How long a statement took that began then.
pub fn store_call(since: Instant) {
    histogram!("footlight_store_seconds").record(since.elapsed());
}

impl Studio {
    /// Everything in Prometheus' text format. What cannot be asked now is left out; its absence is what an alert looks for.
    pub async fn metrics(&self) -> String {
        let handle = handle();
        match self.store().active_sessions().await {
            Ok(active) => {
                for state in STATES {
                    let count = active.iter().filter(|session| session.state.name() == state).count();
                    gauge!("footlight_sessions", "state" => state).set(u32::try_from(count).unwrap_or(u32::MAX));
                }
                let troubled = active.iter().filter(|session| !session.health.is_empty()).count();
                gauge!("footlight_sessions_troubled").set(u32::try_from(troubled).unwrap_or(u32::MAX));
            }
            Err(error) => tracing::warn!(error = %chain(&error), "sessions could not be counted"),
        }
        if let Some(Slots { total, used, .. }) = self.slots_now().await {
            gauge!("footlight_slots", "kind" => "used").set(used);
            gauge!("footlight_slots", "kind" => "all").set(total);
        }
        let listeners = u32::try_from(self.feed().listeners()).unwrap_or(u32::MAX);
        gauge!("footlight_feed_listeners").set(listeners);
        if let Ok(pending) = self.store().pending_deliveries(1_000).await {
            gauge!("footlight_deliveries_pending").set(u32::try_from(pending.len()).unwrap_or(u32::MAX));
        }
        handle.run_upkeep();
        handle.render()
    }
}
