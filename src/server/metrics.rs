//! Prometheus metrics of this process: counts and times since it started, and current gauges. No ids and no names that
//! people chose.

pub use crate::net::prometheus::Kind;
use crate::net::prometheus::{Description, PrometheusHandle, Registry};
use metrics::{counter, gauge, histogram};
use std::{sync::OnceLock, time::Instant};

const CALLS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Seconds, from the click to live.
const CLICKS: [f64; 10] = [2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0];
/// Every state a session can count under.
const STATES: [&str; 4] = ["pending", "starting", "live", "ending"];

/// Every metric of this process: name, kind and description.
pub const METRICS: [Description; 14] = [
    ("footlight_starts_total", Kind::Counter, "Starts by outcome: started, repeated, or why not."),
    ("footlight_click_to_live_seconds", Kind::Histogram, "From the start to the first destination that accepts the stream."),
    ("footlight_reconciler_actions_total", Kind::Counter, "Actions of the reconciler, by kind."),
    ("footlight_livekit_webhooks_total", Kind::Counter, "LiveKit webhooks: kept, repeated, or refused for their signature."),
    ("footlight_livekit_seconds", Kind::Histogram, "How long LiveKit took, by call."),
    ("footlight_store_seconds", Kind::Histogram, "How long the store took for a statement."),
    ("footlight_deliveries_total", Kind::Counter, "Webhook deliveries: taken or refused."),
    ("footlight_viewers_asked_total", Kind::Counter, "Requests for viewer counts, by platform and outcome."),
    ("footlight_pruned_total", Kind::Counter, "Deleted because of their age, by kind; accounts because their owner wanted it."),
    ("footlight_deliveries_pending", Kind::Gauge, "Pending webhook deliveries; at most 1000 are counted."),
    ("footlight_sessions", Kind::Gauge, "Active sessions by state."),
    ("footlight_sessions_troubled", Kind::Gauge, "Active sessions with a health issue."),
    ("footlight_slots", Kind::Gauge, "Slots of the local egress: all and used."),
    ("footlight_feed_listeners", Kind::Gauge, "Open feeds."),
];

/// Begins to count; once in a process, however often it is called.
pub fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let buckets: [(&str, &[f64]); 3] =
            [("footlight_click_to_live_seconds", &CLICKS), ("footlight_livekit_seconds", &CALLS), ("footlight_store_seconds", &CALLS)];
        let registry = Registry::new(&METRICS, &buckets);
        // From the first scrape on, so that an alert sees a rise from nothing.
        registry.record(|| {
            for (name, label, values) in [
                ("footlight_starts_total", "outcome", &["started", "store_failed", "livekit_failed", "relay_failed", "internal"][..]),
                ("footlight_livekit_webhooks_total", "outcome", &["kept", "repeated", "refused"]),
                ("footlight_deliveries_total", "outcome", &["taken", "refused"]),
                ("footlight_pruned_total", "kind", &["accounts", "sessions", "feeds", "webhooks", "deliveries", "audit"]),
            ] {
                for value in values {
                    counter!(name, label => *value).absolute(0);
                }
            }
        });
        // Another one is installed only if somebody else counts in this process; then nothing of ours is read from here.
        registry.install()
    })
}

/// Counts a start by its outcome: `started`, `repeated`, or the error's word.
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

/// Something was deleted in the background: how many of a kind.
pub fn pruned(kind: &'static str, count: usize) {
    counter!("footlight_pruned_total", "kind" => kind).increment(count as u64);
}

/// Viewer counts were requested from a platform.
pub fn viewers_asked(platform: &'static str, answered: bool) {
    counter!("footlight_viewers_asked_total", "platform" => platform, "outcome" => if answered { "answered" } else { "failed" })
        .increment(1);
}

/// Records how long a call took that began at this time.
pub fn livekit_call(call: &'static str, since: Instant) {
    histogram!("footlight_livekit_seconds", "call" => call).record(since.elapsed());
}

/// Records how long a statement took that began at this time.
pub fn store_call(since: Instant) {
    histogram!("footlight_store_seconds").record(since.elapsed());
}

/// Active sessions by the names of their states, and how many have a health issue.
pub fn sessions(states: &[&str], troubled: usize) {
    for state in STATES {
        gauge!("footlight_sessions", "state" => state).set(gauged(states.iter().filter(|name| **name == state).count()));
    }
    gauge!("footlight_sessions_troubled").set(gauged(troubled));
}

/// Slots of the local egress.
pub fn slots(total: u32, used: u32) {
    gauge!("footlight_slots", "kind" => "used").set(used);
    gauge!("footlight_slots", "kind" => "all").set(total);
}

pub fn feed_listeners(count: usize) {
    gauge!("footlight_feed_listeners").set(gauged(count));
}

pub fn deliveries_pending(count: usize) {
    gauge!("footlight_deliveries_pending").set(gauged(count));
}

fn gauged(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Everything in Prometheus' text format.
pub fn render() -> String {
    let handle = handle();
    handle.run_upkeep();
    handle.render()
}
