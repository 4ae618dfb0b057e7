//! What Prometheus reads. Numbers only; no address and no page.

use crate::egress::{desk::Desk, stage::Part};
use std::{collections::BTreeMap, fmt::Write as _, fs, sync::atomic::Ordering};

#[derive(Default)]
struct Families(BTreeMap<(&'static str, &'static str), Vec<(String, f64)>>);

impl Families {
    fn put(&mut self, name: &'static str, kind: &'static str, labels: String, value: f64) {
        self.0.entry((name, kind)).or_default().push((labels, value));
    }
}

/// The worker's metrics in Prometheus' text format.
pub fn text(desk: &Desk) -> String {
    let mut families = Families::default();
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    {
        families.put("slots", "gauge", String::new(), desk.config().slots as f64);
        families.put("slots_used", "gauge", String::new(), desk.used() as f64);
        families.put("starts_refused_total", "counter", String::new(), desk.refused() as f64);
        for (id, vitals, info) in desk.vitals() {
            let label = format!("{{egress=\"{id}\"}}");
            families.put("frames_total", "counter", label.clone(), vitals.feed.frames.load(Ordering::Relaxed) as f64);
            families.put("bytes_total", "counter", label.clone(), vitals.feed.bytes.load(Ordering::Relaxed) as f64);
            let retries = info.stream_results.iter().map(|result| f64::from(result.retries)).sum();
            families.put("output_retries_total", "counter", label, retries);
            for (part, pid) in vitals.parts() {
                let label = format!("{{egress=\"{id}\",process=\"{}\"}}", part.name());
                let Some((seconds, bytes)) = cost(part, pid) else { continue };
                families.put("cpu_seconds_total", "counter", label.clone(), seconds);
                families.put("memory_bytes", "gauge", label, bytes);
            }
        }
    }
    let mut out = String::new();
    for ((name, kind), samples) in families.0 {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# TYPE footlight_egress_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(out, "footlight_egress_{name}{labels} {value}");
        }
    }
    out
}

/// CPU seconds and proportional memory of a process; the browser with all its children.
fn cost(part: Part, pid: u32) -> Option<(f64, f64)> {
    let mut pids = vec![pid];
    if part == Part::Chromium {
        let mut next = 0;
        while let Some(parent) = pids.get(next).copied() {
            next += 1;
            let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
            pids.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    let costs = pids.into_iter().filter_map(cost_of_one);
    costs.reduce(|(a, b), (c, d)| (a + c, b + d))
}

fn cost_of_one(pid: u32) -> Option<(f64, f64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    let kilobytes = memory.as_deref().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    Some((ticks / 100.0, kilobytes.unwrap_or(0.0) * 1024.0))
}
