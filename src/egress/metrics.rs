//! Prometheus metrics. Numbers only; no addresses and no pages.

use crate::{
    config::egress::Sandbox,
    egress::{capture::ProcessKind, registry::EgressRegistry},
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, fs, sync::atomic::Ordering};

/// Name, type and help text.
type Family = (&'static str, &'static str, &'static str);

const SLOTS: Family = ("slots", "gauge", "Maximum number of concurrent egresses.");
const USED: Family = ("slots_used", "gauge", "Running egresses.");
const REFUSED: Family = ("starts_refused_total", "counter", "Starts refused because no slot was free.");
const SANDBOX: Family = ("sandbox", "gauge", "Whether Chromium runs in its sandbox.");
const SPARES: Family = ("spares", "gauge", "Warm instances that are ready.");
const SPARES_TAKEN: Family = ("spares_taken_total", "counter", "Starts that used a warm instance.");
const SPARES_LOST: Family = ("spares_lost_total", "counter", "Warm instances that broke and were replaced.");
const ENDED: Family = ("ended_total", "counter", "Ended egresses by status.");
const RESTARTS: Family = ("restarts_total", "counter", "Egresses that failed because this process crashed or hung.");
const FPS: Family = ("fps", "gauge", "Encoded frames per second over the last 5 s.");
const SPEED: Family = ("speed", "gauge", "Media time divided by wall time over the last 5 s: below 1 the encoder falls behind.");
const FRAMES: Family = ("frames_total", "counter", "Encoded frames.");
const BYTES: Family = ("bytes_total", "counter", "Encoded bytes.");
const DROPPED: Family = ("frames_dropped_total", "counter", "Frames skipped for an output that was too slow.");
const RETRIES: Family = ("output_retries_total", "counter", "Reconnections of outputs.");
const CPU: Family = ("cpu_seconds_total", "counter", "CPU time by process; the browser includes its children.");
const MEMORY: Family = ("memory_bytes", "gauge", "Memory by process (proportional set size).");

#[derive(Default)]
struct Families(BTreeMap<Family, Vec<(String, f64)>>);

impl Families {
    fn put(&mut self, family: Family, labels: impl Into<String>, value: f64) {
        self.0.entry(family).or_default().push((labels.into(), value));
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn count(&mut self, family: Family, labels: impl Into<String>, value: u64) {
        self.put(family, labels, value as f64);
    }
}

/// The worker's metrics in Prometheus' text format; `with_ids` for a caller who may know the egresses' ids.
pub fn text(registry: &EgressRegistry, with_ids: bool) -> String {
    let mut families = Families::default();
    of_worker(registry, &mut families);
    for (id, health, info) in registry.health() {
        let id = if with_ids { id } else { label_for_others(&id, &registry.config().api_secret) };
        let label = format!("{{egress=\"{id}\"}}");
        let encoder_output = &health.encoder_output;
        families.count(FRAMES, label.as_str(), encoder_output.frames.load(Ordering::Relaxed));
        families.count(BYTES, label.as_str(), encoder_output.bytes.load(Ordering::Relaxed));
        families.count(DROPPED, label.as_str(), encoder_output.skipped.load(Ordering::Relaxed));
        if let Some(pace) = encoder_output.pace() {
            families.put(FPS, label.as_str(), pace.fps);
            families.put(SPEED, label.as_str(), pace.speed);
        }
        families.put(RETRIES, label, info.stream_results.iter().map(|result| f64::from(result.retries)).sum());
        for (kind, pid) in health.processes() {
            let pids = if kind == ProcessKind::Chromium { with_children(pid) } else { vec![pid] };
            costs(&mut families, &format!("{{egress=\"{id}\",process=\"{}\"}}", kind.name()), pids);
        }
    }
    let mut out = String::new();
    for ((name, kind, help), samples) in families.0 {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP footlight_egress_{name} {help}\n# TYPE footlight_egress_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(out, "footlight_egress_{name}{labels} {value}");
        }
    }
    out
}

/// Tells an egress from the others as long as it runs, and from its id nothing.
fn label_for_others(id: &str, secret: &str) -> String {
    hex::encode(&Sha256::digest(format!("footlight egress label\n{secret}\n{id}"))[..4])
}

fn of_worker(registry: &EgressRegistry, families: &mut Families) {
    let counts = registry.counters().read();
    families.count(SLOTS, "", registry.config().slots as u64);
    families.count(USED, "", registry.used() as u64);
    families.count(REFUSED, "", counts.refused);
    families.count(SANDBOX, "", u64::from(registry.config().sandbox == Sandbox::On));
    if let Some(spares) = registry.spares() {
        families.count(SPARES, "", spares as u64);
        families.count(SPARES_TAKEN, "", counts.spares_taken);
        families.count(SPARES_LOST, "", counts.spares_lost);
    }
    for (status, ended) in &counts.ended {
        families.count(ENDED, format!("{{status=\"{status}\"}}"), *ended);
    }
    for process in ["keeper", "Xvfb", "PulseAudio", "chromium", "page", "encoder"] {
        families.count(RESTARTS, format!("{{process=\"{process}\"}}"), counts.lost.get(process).copied().unwrap_or(0));
    }
    costs(families, "{process=\"worker\"}", vec![std::process::id()]);
}

/// Adds the CPU seconds and memory of some processes together, if any of them is running.
fn costs(families: &mut Families, labels: &str, pids: Vec<u32>) {
    let costs = pids.into_iter().filter_map(cost);
    if let Some((seconds, bytes)) = costs.reduce(|(a, b), (c, d)| (a + c, b + d)) {
        families.put(CPU, labels, seconds);
        families.put(MEMORY, labels, bytes);
    }
}

fn with_children(pid: u32) -> Vec<u32> {
    let mut pids = vec![pid];
    let mut next = 0;
    while let Some(parent) = pids.get(next).copied() {
        next += 1;
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        pids.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    pids
}

fn cost(pid: u32) -> Option<(f64, f64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let shared = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    let share = shared.as_deref().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    // The map of a sandboxed process is unreadable: then take its resident memory without the shared part.
    let own = || {
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
        let mut pages = statm.split_whitespace().skip(1).filter_map(|pages| pages.parse::<f64>().ok());
        Some((pages.next()? - pages.next()?) * 4.0)
    };
    Some((ticks / 100.0, share.or_else(own).unwrap_or(0.0) * 1024.0))
}
