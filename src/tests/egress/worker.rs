//! The worker: draining, webhooks, stored state, metrics and the warm pool.

use super::{
    ffprobe::{by_process, samples},
    harness::Harness,
};
use crate::support::wait::until;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

#[tokio::test(flavor = "multi_thread")]
async fn drain_waits_until_a_second_signal() {
    let mut harness = Harness::new().await;
    harness.start("page.html", "drained").await;
    harness.frames("drained", 15).await;
    harness.signal_worker(Signal::SIGTERM);
    until("draining", 5, async || harness.log().contains("draining")).await;
    let (status, _) = harness.call("StartWebEgress", &harness.request("page.html", &[harness.sink.url("k")])).await.expect_err("draining");
    assert_eq!(status, 503);
    let frames = harness.sink.frames("drained");
    harness.frames("drained", frames + 15).await;
    harness.signal_worker(Signal::SIGTERM);
    let end = harness.ended().await;
    assert_eq!(end["egressInfo"]["error"], "egress worker was shut down");
    harness.worker_ends().await;
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drain_timeout_ends_the_egress() {
    let mut harness = Harness::with([], &["--drain-timeout", "2"]).await;
    harness.start("page.html", "limited").await;
    harness.frames("limited", 15).await;
    let at = Instant::now();
    harness.signal_worker(Signal::SIGTERM);
    let end = harness.ended().await;
    assert!(at.elapsed() >= Duration::from_secs(2), "after {:?}", at.elapsed());
    assert_eq!((&end["egressInfo"]["status"], &end["egressInfo"]["errorCode"]), (&"EGRESS_FAILED".into(), &503.into()), "{end}");
    harness.worker_ends().await;
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook_retries_keep_id_and_order() {
    let harness = Harness::new().await;
    harness.refuse_hooks(2, 503);
    let id = harness.start("page.html", "hooks").await;
    harness.frames("hooks", 5).await;
    harness.hook("the first webhook", 10, |hook| hook["event"] == "egress_started").await;
    let tried = harness.tried_hooks();
    assert_eq!((&tried[0].1, &tried[1].1), (&tried[1].1, &tried[2].1), "one event, one id");
    let waits = [tried[1].0 - tried[0].0, tried[2].0 - tried[1].0].map(|wait| wait.as_secs());
    assert_eq!(waits, [1, 2], "tried again after 1 s, then 2 s");
    // A client error is not retried.
    harness.hook("the outputs are accepted", 10, |hook| hook["egressInfo"]["streamResults"][0]["startedAt"].is_string()).await;
    harness.refuse_hooks(1, 400);
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let events: Vec<_> = harness.hooks().iter().map(|hook| hook["event"].as_str().expect("an event").to_owned()).collect();
    assert_eq!(events, ["egress_started", "egress_updated", "egress_updated", "egress_ended"], "in order, without the refused one");
    let mut ids: Vec<_> = harness.tried_hooks().into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "every event has an id of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_end_webhook_is_sent_after_restart() {
    let mut harness = Harness::new().await;
    let id = harness.start("page.html", "owed").await;
    harness.frames("owed", 5).await;
    harness.hook("the outputs are accepted", 10, |hook| hook["egressInfo"]["streamResults"][0]["startedAt"].is_string()).await;
    harness.refuse_hooks(u32::MAX, 503);
    harness.stop(&id).await.expect("stoppable");
    until("the end is listed", 20, async || harness.log().contains("EGRESS_COMPLETE")).await;
    harness.assert_clean().await;
    let tried = harness.tried_hooks().len();
    harness.signal_worker(Signal::SIGKILL);
    harness.worker_ends().await;
    harness.refuse_hooks(0, 200);
    harness.start_worker().await;
    let end = harness.ended().await;
    assert_eq!((&end["egressInfo"]["egressId"], &end["egressInfo"]["status"]), (&id.as_str().into(), &"EGRESS_COMPLETE".into()), "{end}");
    assert_eq!(harness.info(&id).await["status"], "EGRESS_COMPLETE");
    // Once it is delivered, its file is removed, so that a third worker does not send it again.
    let folder = harness.data.path().join("egress").join("ledger");
    let has_pending =
        || std::fs::read_dir(&folder).expect("the state folder").flatten().any(|file| file.path().extension() == Some("owed".as_ref()));
    until("the pending webhook is removed", 10, async || !has_pending()).await;
    assert!(harness.tried_hooks().len() > tried);
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_egress_is_listed_for_a_day() {
    let mut harness = Harness::new().await;
    harness.signal_worker(Signal::SIGKILL);
    harness.worker_ends().await;
    // A worker that is killed right after its start may not have created its folder yet.
    let folder = harness.data.path().join("egress").join("ledger");
    std::fs::create_dir_all(&folder).expect("the state folder");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    for (id, hours) in [("EG_yesterday", 23), ("EG_before", 25)] {
        let ended = (now - hours * 3_600_000_000_000).to_string();
        let info = json!({"egressId": id, "status": "EGRESS_COMPLETE", "startedAt": ended, "updatedAt": ended, "endedAt": ended});
        std::fs::write(folder.join(format!("{id}.json")), info.to_string()).expect("written");
    }
    harness.start_worker().await;
    let listed = harness.call("ListEgress", &json!({})).await.expect("listed");
    let ids: Vec<_> = listed["items"].as_array().expect("a list").iter().map(|info| info["egressId"].clone()).collect();
    assert_eq!(ids, ["EG_yesterday"]);
    assert!(!folder.join("EG_before.json").exists(), "an expired egress is deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_refuses_to_capture_without_a_sandbox_unless_told_to() {
    let tools = tempfile::tempdir().expect("a folder");
    // This browser has no helper beside it and does not start in its sandbox, and this `unshare` fails: like on a system without user
    // namespaces.
    let browser = tools.path().join("chromium");
    let installed = ["/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/google-chrome-stable"].into_iter();
    let installed = installed.map(Path::new).find(|path| path.exists()).expect("a browser");
    let script = format!("#!/bin/sh\ncase \"$*\" in *--no-sandbox*) exec {} \"$@\";; esac\nexit 1\n", installed.display());
    for (name, text) in [("chromium", script.as_str()), ("unshare", "#!/bin/sh\nexit 1\n")] {
        std::fs::write(tools.path().join(name), text).expect("written");
        std::fs::set_permissions(tools.path().join(name), std::fs::Permissions::from_mode(0o755)).expect("executable");
    }
    std::fs::set_permissions(tools.path(), std::fs::Permissions::from_mode(0o755)).expect("open");
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").expect("a path"));
    let browser = browser.to_string_lossy().into_owned();
    let tools_of = [("PATH", path.as_str()), ("FOOTLIGHT_CHROMIUM", browser.as_str())];
    let harness = Harness::with(tools_of, &[]).await;
    let request = harness.request("page.html", &[harness.sink.url("shut")]);
    let refused = harness.call("StartWebEgress", &request).await.expect_err("no sandbox");
    assert!(refused.1["msg"].to_string().contains("FOOTLIGHT_EGRESS_NO_SANDBOX=1"), "{refused:?}");
    assert!(harness.log().contains("FOOTLIGHT_EGRESS_NO_SANDBOX=1"), "the worker logs it");
    assert!(harness.get("/healthz").await.contains("\"sandbox\":\"missing\""));
    drop(harness);
    let [of_path, of_browser] = tools_of;
    let harness = Harness::with([of_path, of_browser, ("FOOTLIGHT_EGRESS_NO_SANDBOX", "1")], &[]).await;
    let id = harness.start("page.html", "open").await;
    harness.frames("open", 5).await;
    assert!(harness.log().contains("without its sandbox"), "the worker logs it");
    assert!(harness.get("/healthz").await.contains("\"sandbox\":\"off\""));
    assert_eq!(samples(&harness.get("/metrics").await, "sandbox"), [0.0]);
    assert!(harness.processes().iter().any(|(_, line)| line.contains("--no-sandbox")));
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_cover_every_egress_and_process() {
    let harness = Harness::alone().await;
    let id = harness.start("page.html", "measured").await;
    harness.frames("measured", 60).await;
    let metrics = harness.get("/metrics").await;
    assert!(!metrics.contains(&id), "ids are for whoever has the secret");
    for (name, least, most) in [
        ("slots", 1.0, 1.0),
        ("slots_used", 1.0, 1.0),
        ("fps", 12.0, 18.0),
        ("speed", 0.8, 1.2),
        ("frames_dropped_total", 0.0, 0.0),
        ("output_retries_total", 0.0, 0.0),
        ("frames_total", 60.0, 1000.0),
    ] {
        let found = samples(&metrics, name);
        assert!(found.len() == 1 && (least..=most).contains(&found[0]), "{name}: {found:?}");
        assert!(metrics.contains(&format!("# HELP footlight_egress_{name} ")), "{name} is explained");
    }
    for name in ["cpu_seconds_total", "memory_bytes"] {
        let costs = by_process(&metrics, name);
        for process in ["worker", "keeper", "Xvfb", "PulseAudio", "chromium", "encoder"] {
            assert!(costs.iter().any(|(of, value)| of == process && *value >= 0.0), "{name} of {process}: {costs:?}");
        }
    }
    assert!(by_process(&metrics, "memory_bytes").iter().all(|(_, bytes)| *bytes > 0.0), "{metrics}");
    // A crashed process is counted under its name.
    let encoder = harness.processes().into_iter().find(|(_, line)| line.contains("ffmpeg")).expect("an encoder").0;
    kill(Pid::from_raw(encoder), Signal::SIGKILL).expect("it runs");
    assert_eq!(harness.ended().await["egressInfo"]["egressId"], id.as_str());
    harness.assert_clean().await;
    let metrics = harness.get("/metrics").await;
    assert!(metrics.contains("footlight_egress_restarts_total{process=\"encoder\"} 1"), "{metrics}");
    assert!(metrics.contains("footlight_egress_ended_total{status=\"EGRESS_FAILED\"} 1"), "{metrics}");
    assert_eq!(samples(&metrics, "slots_used"), [0.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn warm_pool_replaces_broken_instance_and_serves_fitting_start() {
    let mut harness = Harness::with([("FOOTLIGHT_EGRESS_WARM", "1")], &[]).await;
    wait_for(&harness, "spares", 1.0).await;
    let display = harness.processes().into_iter().find(|(_, line)| line.contains("Xvfb")).expect("a display").0;
    kill(Pid::from_raw(display), Signal::SIGKILL).expect("it runs");
    wait_for(&harness, "spares_lost_total", 1.0).await;
    wait_for(&harness, "spares", 1.0).await;
    // The first egress has another size and launches its own environment; the next one of its size uses the warm instance.
    for (key, taken) in [("cold", 0.0), ("warm", 1.0)] {
        harness.forget_hooks();
        let at = Instant::now();
        let id = harness.start("page.html", key).await;
        let first = until("the first byte", 20, async || harness.sink.arrived(key).first().map(|tag| tag.when)).await;
        eprintln!("{key}: first byte after {:.2?}", first - at);
        assert_eq!(samples(&harness.get("/metrics").await, "spares_taken_total"), [taken], "{key}");
        harness.stop(&id).await.expect("stoppable");
        assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
        wait_for(&harness, "spares", 1.0).await;
        // An instance of another size is replaced.
        let shape = async || harness.processes().iter().any(|(_, line)| line.contains("640x360x24"));
        until("a warm instance of that size", 20, shape).await;
    }
    harness.signal_worker(Signal::SIGTERM);
    harness.worker_ends().await;
    harness.assert_clean().await;
}

pub async fn wait_for(harness: &Harness, metric: &str, value: f64) {
    let look = async || {
        let found = samples(&harness.get("/metrics").await, metric);
        if found == [value] { Ok(()) } else { Err(found) }
    };
    until(&format!("{metric} is {value}"), 30, look).await;
}
