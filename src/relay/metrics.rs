//! Prometheus metrics. No ids, no names that people chose, no addresses except the names of big platforms.

use crate::{
    api::relay_control::DesiredTarget,
    domain::address::IngestTarget,
    net::prometheus::{
        Description,
        Kind::{Counter as Count, Gauge, Histogram as Times},
        Registry,
    },
};
use metrics::{Counter, Histogram, counter, gauge, histogram};
use std::time::Duration;

const CONNECT_SECONDS: &str = "footlight_relay_destination_connect_seconds";
/// Upper bounds of the connect latency histogram, in seconds.
const BOUNDS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const METRICS: [Description; 13] = [
    ("footlight_relay_shows", Gauge, "Streams."),
    ("footlight_relay_ingests", Gauge, "Streams whose composite arrives."),
    ("footlight_relay_destinations_live", Gauge, "Destinations that are live."),
    ("footlight_relay_ingest_kbps", Gauge, "kbit/s of all composites together."),
    ("footlight_relay_ingest_fps", Gauge, "Frames per second of all composites together."),
    ("footlight_relay_ingest_accepted_total", Count, "Publishers accepted at the ingest."),
    ("footlight_relay_ingest_refused_total", Count, "Publishers refused at the ingest for any reason."),
    ("footlight_relay_ingest_bytes_total", Count, "Bytes of composite received."),
    ("footlight_relay_destination_connects_total", Count, "Connections begun, by platform."),
    ("footlight_relay_destination_retries_total", Count, "Retries after a lost connection, by platform."),
    ("footlight_relay_destination_dropped_groups_total", Count, "GOPs dropped because a destination was too slow, by platform."),
    ("footlight_relay_destination_bytes_total", Count, "Bytes that destinations accepted, by platform."),
    (CONNECT_SECONDS, Times, "How long a connection took to open, handshakes included, by platform."),
];

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

/// Counters of one platform.
pub struct PlatformCounters {
    pub connects: Counter,
    /// Retries after a lost connection.
    pub retries: Counter,
    /// GOPs dropped because a destination was too slow.
    pub dropped_groups: Counter,
    pub bytes: Counter,
    /// None for a recording.
    latencies: Option<Histogram>,
}

impl PlatformCounters {
    fn new(platform: Platform, label: &'static str) -> Self {
        Self {
            connects: counter!("footlight_relay_destination_connects_total", "platform" => label),
            retries: counter!("footlight_relay_destination_retries_total", "platform" => label),
            dropped_groups: counter!("footlight_relay_destination_dropped_groups_total", "platform" => label),
            bytes: counter!("footlight_relay_destination_bytes_total", "platform" => label),
            latencies: (platform != Platform::Recording).then(|| histogram!(CONNECT_SECONDS, "platform" => label)),
        }
    }

    /// Records a connection that took `after` to open, handshakes included.
    pub fn connected(&self, after: Duration) {
        if let Some(latencies) = &self.latencies {
            latencies.record(after);
        }
    }
}

/// The metrics of one relay since its start.
pub struct Metrics {
    registry: Registry,
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

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new(&METRICS, &[(CONNECT_SECONDS, &BOUNDS)]);
        let [ingest_accepted, ingest_refused, bytes_in] = registry.record(|| {
            ["footlight_relay_ingest_accepted_total", "footlight_relay_ingest_refused_total", "footlight_relay_ingest_bytes_total"]
                .map(|name| counter!(name))
        });
        let platforms = registry.record(|| Platform::ALL.map(|(platform, label)| PlatformCounters::new(platform, label)));
        Self { registry, ingest_accepted, ingest_refused, bytes_in, platforms }
    }
}

impl Metrics {
    /// The counters of a platform.
    pub fn of(&self, platform: Platform) -> &PlatformCounters {
        &self.platforms[platform as usize]
    }

    /// The metrics page.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub fn text(&self, gauges: &Gauges) -> String {
        self.registry.record(|| {
            gauge!("footlight_relay_shows").set(gauges.streams as f64);
            gauge!("footlight_relay_ingests").set(gauges.ingests as f64);
            gauge!("footlight_relay_destinations_live").set(gauges.live as f64);
            gauge!("footlight_relay_ingest_kbps").set(gauges.ingest_kbps as f64);
            gauge!("footlight_relay_ingest_fps").set((f64::from(gauges.ingest_fps) * 10.0).round() / 10.0);
        });
        self.registry.render()
    }
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
        let text = metrics.text(&Gauges { streams: 0, ingests: 0, live: 0, ingest_kbps: 0, ingest_fps: 29.94 });
        for (bound, count) in [("0.01", 1), ("0.05", 1), ("0.1", 3), ("0.5", 4), ("10", 4), ("+Inf", 5)] {
            let line = format!("destination_connect_seconds_bucket{{platform=\"twitch\",le=\"{bound}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.contains("destination_connect_seconds_sum{platform=\"twitch\"} 60.553"), "{text}");
        for line in ["destination_connects_total{platform=\"recording\"} 0\n", "ingest_refused_total 0\n", "ingest_fps 29.9\n"] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(METRICS.iter().all(|(name, ..)| text.contains(&format!("# HELP {name} "))), "{text}");
    }
}
