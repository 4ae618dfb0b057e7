//! Prometheus metrics. No ids, no names that people chose, no addresses except the names of big platforms.

use crate::{api::relay_control::DesiredTarget, domain::address::IngestTarget};
use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The label under which a destination is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Twitch,
    YouTube,
    Kick,
    X,
    /// Any other server.
    Custom,
    /// A recording on disk.
    Recording,
}

impl Platform {
    const ALL: [(Self, &str); 6] = [
        (Self::Twitch, "twitch"),
        (Self::YouTube, "youtube"),
        (Self::Kick, "kick"),
        (Self::X, "x"),
        (Self::Custom, "custom"),
        (Self::Recording, "recording"),
    ];

    /// The platform of a destination, by its host.
    pub fn of(target: &DesiredTarget) -> Self {
        const SUFFIXES: [(&str, Platform); 4] = [
            ("twitch.tv", Platform::Twitch),
            ("youtube.com", Platform::YouTube),
            ("live-video.net", Platform::Kick),
            ("pscp.tv", Platform::X),
        ];
        let DesiredTarget::Publish { address, .. } = target else { return Self::Recording };
        let host = IngestTarget::host_in(address);
        let owns = |suffix: &str| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        SUFFIXES.into_iter().find(|(suffix, _)| owns(suffix)).map_or(Self::Custom, |(_, platform)| platform)
    }
}

/// Upper bounds of the connect latency histogram, in milliseconds.
const BOUNDS: [u64; 9] = [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// Counters of one platform.
#[derive(Default)]
pub struct PlatformCounters {
    pub connects: Counter,
    /// Retries after a lost connection.
    pub retries: Counter,
    /// GOPs dropped because a destination was too slow.
    pub dropped_groups: Counter,
    pub bytes: Counter,
    /// One counter per bucket; the last one is beyond all bounds.
    latencies: [Counter; BOUNDS.len() + 1],
    millis: Counter,
}

impl PlatformCounters {
    /// Records a connection that took `after` to open, handshakes included.
    pub fn connected(&self, after: Duration) {
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| millis <= *bound).unwrap_or(BOUNDS.len());
        self.latencies[bucket].add(1);
        self.millis.add(millis);
    }
}

/// Counts since the relay started.
#[derive(Default)]
pub struct Metrics {
    /// Publishers accepted at the ingest.
    pub ingest_accepted: Counter,
    /// Publishers refused at the ingest for any reason.
    pub ingest_refused: Counter,
    pub bytes_in: Counter,
    platforms: [PlatformCounters; Platform::ALL.len()],
}

/// Values at the time of the request.
pub struct Gauges {
    pub streams: usize,
    pub ingests: usize,
    /// Number of destinations that are live.
    pub live: usize,
    /// kbit/s of all composites together.
    pub ingest_kbps: u64,
    /// Frames per second of all composites together.
    pub ingest_fps: f32,
}

impl Metrics {
    /// The counters of a platform.
    pub fn of(&self, platform: Platform) -> &PlatformCounters {
        &self.platforms[platform as usize]
    }

    /// The metrics page.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut page = MetricsText(String::new());
        page.one("gauge", "shows", gauges.streams);
        page.one("gauge", "ingests", gauges.ingests);
        page.one("gauge", "destinations_live", gauges.live);
        page.one("gauge", "ingest_kbps", gauges.ingest_kbps);
        page.one("gauge", "ingest_fps", format!("{:.1}", gauges.ingest_fps));
        page.one("counter", "ingest_accepted_total", self.ingest_accepted.get());
        page.one("counter", "ingest_refused_total", self.ingest_refused.get());
        page.one("counter", "ingest_bytes_total", self.bytes_in.get());
        let counters: [(&str, CounterOf); 4] = [
            ("destination_connects_total", |counts| &counts.connects),
            ("destination_retries_total", |counts| &counts.retries),
            ("destination_dropped_groups_total", |counts| &counts.dropped_groups),
            ("destination_bytes_total", |counts| &counts.bytes),
        ];
        for (name, counter) in counters {
            page.kind("counter", name);
            for (platform, label) in Platform::ALL {
                page.line(name, &format!("platform=\"{label}\""), counter(self.of(platform)).get());
            }
        }
        page.kind("histogram", "destination_connect_seconds");
        for (platform, label) in Platform::ALL.into_iter().filter(|(platform, _)| *platform != Platform::Recording) {
            page.latencies(self.of(platform), label);
        }
        page.0
    }
}

/// Picks one counter of a platform.
type CounterOf = fn(&PlatformCounters) -> &Counter;

struct MetricsText(String);

impl MetricsText {
    fn kind(&mut self, kind: &str, name: &str) {
        writeln!(self.0, "# TYPE footlight_relay_{name} {kind}").expect("a string takes everything");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        writeln!(self.0, "footlight_relay_{name}{{{labels}}} {value}").expect("a string takes everything");
    }

    fn one(&mut self, kind: &str, name: &str, value: impl std::fmt::Display) {
        self.kind(kind, name);
        writeln!(self.0, "footlight_relay_{name} {value}").expect("a string takes everything");
    }

    fn latencies(&mut self, counts: &PlatformCounters, label: &str) {
        let mut sum = 0;
        let bounds = BOUNDS.iter().map(|millis| seconds(*millis)).chain(["+Inf".to_owned()]);
        for (bound, counter) in bounds.zip(&counts.latencies) {
            sum += counter.get();
            self.line("destination_connect_seconds_bucket", &format!("platform=\"{label}\",le=\"{bound}\""), sum);
        }
        let platform = format!("platform=\"{label}\"");
        self.line("destination_connect_seconds_sum", &platform, seconds(counts.millis.get()));
        self.line("destination_connect_seconds_count", &platform, sum);
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::destination::StreamKey;

    #[test]
    fn platform_is_recognised_by_its_host() {
        for (address, platform) in [
            ("rtmps://live.twitch.tv:443/app", Platform::Twitch),
            ("rtmps://TWITCH.tv/app", Platform::Twitch),
            ("rtmp://a.rtmp.youtube.com/live2", Platform::YouTube),
            ("rtmps://fa723fc1b171.global-contribute.live-video.net/app", Platform::Kick),
            ("rtmps://va.pscp.tv:443/x", Platform::X),
            ("rtmps://eviltwitch.tv/app", Platform::Custom),
            ("rtmps://twitch.tv.evil.example/app", Platform::Custom),
            ("rtmp://example.com/twitch.tv", Platform::Custom),
            ("nonsense", Platform::Custom),
        ] {
            let target = DesiredTarget::Publish { address: address.into(), stream_key: StreamKey::new(String::new()) };
            assert_eq!(Platform::of(&target), platform, "{address}");
        }
        assert_eq!(Platform::of(&DesiredTarget::Record), Platform::Recording);
    }

    #[test]
    fn connect_latency_buckets_are_cumulative() {
        let metrics = Metrics::default();
        for millis in [3, 60, 90, 400, 60_000] {
            metrics.of(Platform::Twitch).connected(Duration::from_millis(millis));
        }
        let text = metrics.text(&Gauges { streams: 0, ingests: 0, live: 0, ingest_kbps: 0, ingest_fps: 0.0 });
        for (bound, count) in [("0.010", 1), ("0.050", 1), ("0.100", 3), ("0.500", 4), ("10.000", 4), ("+Inf", 5)] {
            let line = format!("destination_connect_seconds_bucket{{platform=\"twitch\",le=\"{bound}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains("destination_connect_seconds_sum{platform=\"twitch\"} 60.553\n"), "{text}");
    }
}
