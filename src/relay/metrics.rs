//! Counters for operators, as Prometheus reads them. No ids, no names people chose, no addresses but the big platforms'.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts `amount` more.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

const PLATFORMS: [(&str, &str); 5] =
    [("twitch", "twitch.tv"), ("youtube", "youtube.com"), ("kick", "live-video.net"), ("x", "pscp.tv"), ("custom", "")];

/// Everything counted since the start.
#[derive(Default)]
pub struct Metrics {
    /// Publishers accepted at the ingest.
    pub ingest_accepted: Counter,
    /// Publishers refused at the ingest, whatever the reason.
    pub ingest_refused: Counter,
    /// Bytes of composite received.
    pub bytes_in: Counter,
    /// Bytes taken by destinations.
    pub bytes_out: Counter,
    /// Tries after a loss.
    pub retries: Counter,
    /// Groups of pictures that slow destinations lost.
    pub dropped_groups: Counter,
    connects: [Counter; PLATFORMS.len()],
    connected: Counter,
    connect_millis: Counter,
}

/// What is counted at the moment of asking.
pub struct Gauges {
    /// Shows known.
    pub shows: usize,
    /// Composites arriving.
    pub ingests: usize,
    /// Destinations that take the show.
    pub live: usize,
    /// kbit/s of all composites.
    pub ingest_kbps: u64,
    /// Frames per second of all composites.
    pub ingest_fps: f32,
}

impl Metrics {
    /// A connection to this host is begun.
    pub fn connects(&self, host: &str) {
        let index = PLATFORMS.iter().position(|(_, suffix)| host.ends_with(suffix)).expect("the last one ends every name");
        self.connects[index].add(1);
    }

    /// A connection was opened after so long.
    pub fn connected(&self, after: Duration) {
        self.connected.add(1);
        self.connect_millis.add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
    }

    /// The text that Prometheus reads.
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        let mut line = |kind: &str, name: &str, value: String| {
            writeln!(text, "# TYPE footlight_relay_{name} {kind}\nfootlight_relay_{name} {value}").expect("a string takes everything");
        };
        line("gauge", "shows", gauges.shows.to_string());
        line("gauge", "ingests", gauges.ingests.to_string());
        line("gauge", "destinations_live", gauges.live.to_string());
        line("gauge", "ingest_kbps", gauges.ingest_kbps.to_string());
        line("gauge", "ingest_fps", format!("{:.1}", gauges.ingest_fps));
        for (name, counter) in [
            ("ingest_accepted_total", &self.ingest_accepted),
            ("ingest_refused_total", &self.ingest_refused),
            ("ingest_bytes_total", &self.bytes_in),
            ("destination_bytes_total", &self.bytes_out),
            ("destination_retries_total", &self.retries),
            ("destination_dropped_groups_total", &self.dropped_groups),
            ("destination_connected_total", &self.connected),
            ("destination_connect_milliseconds_total", &self.connect_millis),
        ] {
            line("counter", name, counter.get().to_string());
        }
        writeln!(text, "# TYPE footlight_relay_destination_connects_total counter").expect("a string takes everything");
        for ((platform, _), counter) in PLATFORMS.iter().zip(&self.connects) {
            writeln!(text, "footlight_relay_destination_connects_total{{platform=\"{platform}\"}} {}", counter.get())
                .expect("a string takes everything");
        }
        text
    }
}
