//! The local Web Egress: time to first byte, cost per process, and capacity of this machine.

#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/ffprobe.rs"]
mod ffprobe;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/harness.rs"]
mod harness;
#[path = "../egress/pages.rs"]
mod pages;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/sink.rs"]
mod sink;
#[allow(dead_code, reason = "the egress tests use the rest of it")]
#[path = "../egress/site.rs"]
mod site;

use crate::support::wait::until;
use ffprobe::{by_process, distinct, samples};
use harness::Harness;
use serde_json::Value;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct Format {
    name: &'static str,
    width: u32,
    height: u32,
    framerate: u32,
    kbps: u32,
}

const BIG: Format = Format { name: "720p30", width: 1280, height: 720, framerate: 30, kbps: 3000 };
const SMALL: Format = Format { name: "360p15", width: 640, height: 360, framerate: 15, kbps: 800 };

async fn start(harness: &Harness, format: Format, page: &str, key: &str) -> String {
    let mut request = harness.request(page, &[harness.sink.url(key)]);
    for (field, value) in
        [("width", format.width), ("height", format.height), ("framerate", format.framerate), ("videoBitrate", format.kbps)]
    {
        request["advanced"][field] = value.into();
    }
    let info: Value = harness.call("StartWebEgress", &request).await.expect("accepted");
    info["egressId"].as_str().expect("an id").to_owned()
}

async fn stop_all(harness: &Harness, ids: &[String]) {
    for id in ids {
        harness.stop(id).await.expect("stoppable");
    }
    for id in ids {
        harness.hook("the end", 30, |hook| hook["event"] == "egress_ended" && hook["egressInfo"]["egressId"] == id.as_str()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_time_to_first_byte() {
    for warm in ["0", "1"] {
        let harness = Harness::with([("FOOTLIGHT_EGRESS_WARM", warm)], &[]).await;
        let mut took = Vec::new();
        // The first one gives the warm pool its size, and warms the system's caches.
        for round in 0..6 {
            if warm == "1" && round > 0 {
                until("a warm instance", 30, async || samples(&harness.get("/metrics").await, "spares") == [1.0]).await;
            }
            // Let everything settle.
            tokio::time::sleep(Duration::from_secs(1)).await;
            harness.forget_hooks();
            let key = format!("first{round}");
            let begun = Instant::now();
            let id = start(&harness, BIG, "page.html", &key).await;
            let first = until("the first byte", 20, async || harness.sink.arrived(&key).first().map(|tag| tag.when)).await;
            took.push(first - begun);
            stop_all(&harness, &[id]).await;
        }
        let mut later = took[1..].to_vec();
        later.sort();
        let name = if warm == "1" { "warm" } else { "cold" };
        println!("egress, first byte after StartWebEgress, {name}: median {:.2?}, {:.2?} to {:.2?}", later[2], later[0], later[4]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cost_of_one_egress() {
    for format in [BIG, SMALL] {
        let harness = Harness::new().await;
        let id = start(&harness, format, "page.html", "cost").await;
        harness.frames("cost", usize::try_from(format.framerate).expect("small") * 3).await;
        let before = by_process(&harness.get("/metrics").await, "cpu_seconds_total");
        let since = Instant::now();
        tokio::time::sleep(Duration::from_secs(15)).await;
        let metrics = harness.get("/metrics").await;
        let seconds = since.elapsed().as_secs_f64();
        let (after, memory) = (by_process(&metrics, "cpu_seconds_total"), by_process(&metrics, "memory_bytes"));
        let (mut cores, mut megabytes) = (0.0, 0.0);
        for (process, now) in &after {
            let then = before.iter().find(|(name, _)| name == process).map_or(0.0, |(_, seconds)| *seconds);
            let held = memory.iter().find(|(name, _)| name == process).map_or(0.0, |(_, bytes)| bytes / 1e6);
            let used = (now - then) / seconds;
            (cores, megabytes) = (cores + used, megabytes + held);
            println!("egress, one {}, {process}: {used:.2} core, {held:.0} MB", format.name);
        }
        println!("egress, one {}, in all: {cores:.2} core, {megabytes:.0} MB", format.name);
        stop_all(&harness, &[id]).await;
    }
}

/// Adds egresses until fewer than 95 % of the expected frames arrive, or fewer than 95 % of those are new.
#[tokio::test(flavor = "multi_thread")]
async fn egress_capacity_of_this_machine() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for (format, most) in [(SMALL, 12), (BIG, 6)] {
        let harness = Harness::with([("FOOTLIGHT_EGRESS_SLOTS", "16")], &[]).await;
        let mut carried = 0;
        for count in 1..=most {
            harness.forget_hooks();
            let mut ids = Vec::new();
            let keys: Vec<String> = (0..count).map(|index| format!("{count}-{index}")).collect();
            for key in &keys {
                ids.push(start(&harness, format, "counter.html", key).await);
                harness.frames(key, 1).await;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            let from: Vec<usize> = keys.iter().map(|key| harness.sink.frames(key)).collect();
            let since = Instant::now();
            tokio::time::sleep(Duration::from_secs(8)).await;
            let seconds = since.elapsed().as_secs_f64();
            let to: Vec<usize> = keys.iter().map(|key| harness.sink.frames(key)).collect();
            stop_all(&harness, &ids).await;
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let shares: Vec<(f64, f64)> = keys
                .iter()
                .enumerate()
                .map(|(index, key)| {
                    let came = (to[index] - from[index]) as f64 / seconds / f64::from(format.framerate);
                    let (frames, new) = distinct(&harness.sink.flv(key));
                    (came, new as f64 / frames as f64)
                })
                .collect();
            let worst = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).fold(1.0, f64::min);
            let (came, new) = (worst(|share| share.0), worst(|share| share.1));
            println!("egress, {count} of {}: at worst {:.0} % of frames came, {:.0} % of them new", format.name, came * 100.0, new * 100.0);
            if came < 0.95 || new < 0.95 {
                break;
            }
            carried = count;
        }
        println!("egress, {} on {cores} cores: {carried} at once before frames are late", format.name);
    }
}
