//! Prometheus metrics. Numbers only; no addresses and no pages.

use crate::{
    config::egress::Sandbox,
    egress::{capture::ProcessKind, registry::EgressRegistry},
    net::prometheus::{
        Description,
        Kind::{Counter, Gauge},
        Registry,
    },
};
use metrics::{Label, counter, gauge};
use sha2::{Digest as _, Sha256};
use std::{fs, sync::atomic::Ordering};

const SLOTS: &str = "footlight_egress_slots";
const USED: &str = "footlight_egress_slots_used";
const SANDBOX: &str = "footlight_egress_sandbox";
const SPARES: &str = "footlight_egress_spares";
const FPS: &str = "footlight_egress_fps";
const SPEED: &str = "footlight_egress_speed";
const FRAMES: &str = "footlight_egress_frames_total";
const BYTES: &str = "footlight_egress_bytes_total";
const DROPPED: &str = "footlight_egress_frames_dropped_total";
const RETRIES: &str = "footlight_egress_output_retries_total";
const CPU: &str = "footlight_egress_cpu_seconds_total";
const MEMORY: &str = "footlight_egress_memory_bytes";

const METRICS: [Description; 12] = [
    (SLOTS, Gauge, "Maximum number of concurrent egresses."),
    (USED, Gauge, "Running egresses."),
    (SANDBOX, Gauge, "Whether Chromium runs in its sandbox."),
    (SPARES, Gauge, "Warm instances that are ready."),
    (FPS, Gauge, "Encoded frames per second over the last 5 s."),
    (SPEED, Gauge, "Media time divided by wall time over the last 5 s: below 1 the encoder falls behind."),
    (FRAMES, Counter, "Encoded frames."),
    (BYTES, Counter, "Encoded bytes."),
    (DROPPED, Counter, "Frames skipped for an output that was too slow."),
    (RETRIES, Counter, "Reconnections of outputs."),
    // It only grows, but the crate's counters are whole numbers.
    (CPU, Gauge, "CPU time by process; the browser includes its children."),
    (MEMORY, Gauge, "Memory by process (proportional set size)."),
];

/// The worker's metrics in Prometheus' text format; `with_ids` for a caller who may know the egresses' ids.
pub fn text(registry: &EgressRegistry, with_ids: bool) -> String {
    // Filled anew for every request, so that nothing of an egress remains after its end.
    let now = Registry::new(&METRICS, &[]);
    now.record(|| record(registry, with_ids));
    registry.counters().render() + &now.render()
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn record(registry: &EgressRegistry, with_ids: bool) {
    gauge!(SLOTS).set(registry.config().slots as f64);
    gauge!(USED).set(registry.used() as f64);
    gauge!(SANDBOX).set(f64::from(u8::from(registry.config().sandbox == Sandbox::On)));
    if let Some(spares) = registry.spares() {
        gauge!(SPARES).set(spares as f64);
    }
    costs(vec![Label::new("process", "worker")], vec![std::process::id()]);
    for (id, health, info) in registry.health() {
        let id = if with_ids { id } else { label_for_others(&id, &registry.config().api_secret) };
        let egress = Label::new("egress", id);
        let labels = vec![egress.clone()];
        let encoder_output = &health.encoder_output;
        counter!(FRAMES, labels.clone()).absolute(encoder_output.frames.load(Ordering::Relaxed));
        counter!(BYTES, labels.clone()).absolute(encoder_output.bytes.load(Ordering::Relaxed));
        counter!(DROPPED, labels.clone()).absolute(encoder_output.skipped.load(Ordering::Relaxed));
        if let Some(pace) = encoder_output.pace() {
            gauge!(FPS, labels.clone()).set(pace.fps);
            gauge!(SPEED, labels.clone()).set(pace.speed);
        }
        counter!(RETRIES, labels).absolute(info.stream_results.iter().map(|result| u64::from(result.retries)).sum());
        for (kind, pid) in health.processes() {
            let pids = if kind == ProcessKind::Chromium { with_children(pid) } else { vec![pid] };
            costs(vec![egress.clone(), Label::new("process", kind.name())], pids);
        }
    }
}

/// Tells an egress from the others as long as it runs, and from its id nothing.
fn label_for_others(id: &str, secret: &str) -> String {
    hex::encode(&Sha256::digest(format!("footlight egress label\n{secret}\n{id}"))[..4])
}

/// Records the CPU seconds and memory of some processes together, if any of them is running.
fn costs(labels: Vec<Label>, pids: Vec<u32>) {
    let costs = pids.into_iter().filter_map(cost);
    if let Some((seconds, bytes)) = costs.reduce(|(a, b), (c, d)| (a + c, b + d)) {
        gauge!(CPU, labels.clone()).set(seconds);
        gauge!(MEMORY, labels).set(bytes);
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
