//! Counters over all egresses of the worker, since its start.

use crate::net::prometheus::{Description, Kind::Counter, Registry};
use livekit_protocol::EgressStatus;
use metrics::counter;

const REFUSED: &str = "footlight_egress_starts_refused_total";
const SPARES_TAKEN: &str = "footlight_egress_spares_taken_total";
const SPARES_LOST: &str = "footlight_egress_spares_lost_total";
const ENDED: &str = "footlight_egress_ended_total";
const RESTARTS: &str = "footlight_egress_restarts_total";

const COUNTERS: [Description; 5] = [
    (REFUSED, Counter, "Starts refused because no slot was free."),
    (SPARES_TAKEN, Counter, "Starts that used a warm instance."),
    (SPARES_LOST, Counter, "Warm instances that broke and were replaced."),
    (ENDED, Counter, "Ended egresses by status."),
    (RESTARTS, Counter, "Egresses that failed because this process crashed or hung."),
];

pub struct Counters(Registry);

impl Counters {
    /// All at zero; those of the warm pool only if there is one.
    pub fn new(warm: bool) -> Self {
        let registry = Registry::new(&COUNTERS, &[]);
        registry.record(|| {
            counter!(REFUSED).absolute(0);
            for process in ["keeper", "Xvfb", "PulseAudio", "chromium", "page", "encoder"] {
                counter!(RESTARTS, "process" => process).absolute(0);
            }
            for name in [SPARES_TAKEN, SPARES_LOST].into_iter().filter(|_| warm) {
                counter!(name).absolute(0);
            }
        });
        Self(registry)
    }

    /// Counts a start that was refused because no slot was free.
    pub fn refused(&self) {
        self.0.record(|| counter!(REFUSED).increment(1));
    }

    /// Counts a start that used a warm instance.
    pub fn spare_taken(&self) {
        self.0.record(|| counter!(SPARES_TAKEN).increment(1));
    }

    /// Counts a warm instance that broke.
    pub fn spare_lost(&self) {
        self.0.record(|| counter!(SPARES_LOST).increment(1));
    }

    /// Counts an ended egress, and the process whose crash or hang ended it. The caller may start a new one.
    pub fn ended(&self, status: EgressStatus, lost: Option<&'static str>) {
        self.0.record(|| {
            counter!(ENDED, "status" => status.as_str_name()).increment(1);
            if let Some(process) = lost {
                counter!(RESTARTS, "process" => process).increment(1);
            }
        });
    }

    /// The counters in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}
