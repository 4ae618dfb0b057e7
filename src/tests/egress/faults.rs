//! Kills and stops real processes. Each fault is detected within five seconds and leaves nothing behind.

use super::harness::Harness;
use crate::support::wait::until;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::time::{Duration, Instant};

/// Processes of the running egress whose command line contains every string of `text`.
fn find(harness: &Harness, text: &[&str]) -> Vec<Pid> {
    let found = harness.processes().into_iter().filter(|(_, line)| text.iter().all(|word| line.contains(word)));
    found.map(|(pid, _)| Pid::from_raw(pid)).collect()
}

async fn hurt(harness: &Harness, what: &str, text: &[&str], signal: Signal, reason: &str) {
    harness.forget_hooks();
    let id = harness.start("page.html", "fault").await;
    let before = harness.sink.frames("fault");
    harness.frames("fault", before + 15).await;
    let pids = find(harness, text);
    assert!(!pids.is_empty(), "{what}: no such process in {:?}", harness.processes());
    let at = Instant::now();
    for pid in pids {
        // It may have exited together with another one.
        let _ = kill(pid, signal);
    }
    let (seen, hook) = harness.hook(what, 10, |hook| hook["event"] == "egress_ended").await;
    let info = &hook["egressInfo"];
    assert_eq!((info["egressId"].as_str(), info["status"].as_str()), (Some(id.as_str()), Some("EGRESS_FAILED")), "{what}: {info}");
    assert_eq!(info["errorCode"], 500, "{what}: {info}");
    let error = info["error"].as_str().expect("a reason");
    let took = seen.saturating_duration_since(at);
    eprintln!("{what} {signal}: {took:.1?}: {error}");
    assert!(error.contains(reason), "{what}: {error}");
    assert!(took < Duration::from_secs(6), "{what}: detected and cleaned up after {took:?}");
    harness.assert_clean().await;
}

const BROWSER: &[&str] = &["chromium", "--remote-debugging-pipe"];

#[tokio::test(flavor = "multi_thread")]
async fn killed_process_fails_the_egress_by_name() {
    let harness = Harness::new().await;
    for (what, text, reason) in [
        ("tab", &["--type=renderer"][..], "chromium tab crashed"),
        ("browser", BROWSER, "chromium ended"),
        ("display", &["Xvfb"], "ended"),
        ("sound", &["pulseaudio", "module-null-sink"], "PulseAudio ended"),
        ("encoder", &["ffmpeg"], "encoder ended"),
        ("keeper", &["egress-reaper"], "keeper ended"),
    ] {
        hurt(&harness, what, text, Signal::SIGKILL, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_process_fails_the_egress_by_name() {
    let harness = Harness::new().await;
    for (what, text, reason) in [
        ("tab", &["--type=renderer"][..], "no animation frame"),
        ("browser", BROWSER, "chromium hangs"),
        ("display", &["Xvfb"], "Xvfb hangs"),
        ("sound", &["pulseaudio", "module-null-sink"], "PulseAudio hangs"),
        ("encoder", &["ffmpeg"], "encoder hangs"),
    ] {
        hurt(&harness, what, text, Signal::SIGSTOP, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_leaves_nothing_and_reports_failure() {
    let mut harness = Harness::new().await;
    let id = harness.start("page.html", "orphan").await;
    harness.frames("orphan", 15).await;
    harness.signal_worker(Signal::SIGKILL);
    harness.worker_ends().await;
    harness.assert_clean().await;
    harness.forget_hooks();
    harness.start_worker().await;
    let info = harness.info(&id).await;
    assert_eq!((info["status"].as_str(), info["errorCode"].as_i64()), (Some("EGRESS_FAILED"), Some(500)), "{info}");
    assert_eq!(harness.ended().await["egressInfo"]["egressId"], id.as_str());
    let again = harness.start("page.html", "again").await;
    harness.frames("again", 5).await;
    harness.stop(&again).await.expect("stoppable");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_hanging_during_page_load_is_noticed() {
    let harness = Harness::new().await;
    let id = harness.start("hang", "never").await;
    let browser = until("the browser", 20, async || find(&harness, BROWSER).first().copied()).await;
    let at = Instant::now();
    kill(browser, Signal::SIGSTOP).expect("it runs");
    let (seen, hook) = harness.hook("egress_ended", 10, |hook| hook["event"] == "egress_ended").await;
    let info = &hook["egressInfo"];
    assert_eq!((info["egressId"].as_str(), info["status"].as_str()), (Some(id.as_str()), Some("EGRESS_FAILED")), "{info}");
    assert!(info["error"].as_str().expect("a reason").contains("chromium hangs"), "{info}");
    assert!(seen.saturating_duration_since(at) < Duration::from_secs(6));
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_cleans_up_after_killed_worker_and_reaper() {
    let mut harness = Harness::new().await;
    let id = harness.start("page.html", "both").await;
    harness.frames("both", 15).await;
    // The worker is stopped so that neither can clean up after the other. Not the reaper: the kernel hangs up a process group that
    // has a stopped member when the last parent outside of it ends (POSIX, exit(), "orphaned"), and the egress would end by that.
    harness.signal_worker(Signal::SIGSTOP);
    let reapers = find(&harness, &["egress-reaper"]);
    assert!(!reapers.is_empty(), "no reaper in {:?}", harness.processes());
    for reaper in reapers {
        kill(reaper, Signal::SIGKILL).expect("it runs");
    }
    harness.signal_worker(Signal::SIGKILL);
    harness.worker_ends().await;
    assert!(!harness.processes().is_empty(), "nothing has ended the processes");
    harness.forget_hooks();
    harness.start_worker().await;
    assert_eq!(harness.info(&id).await["status"], "EGRESS_FAILED");
    assert_eq!(harness.ended().await["egressInfo"]["egressId"], id.as_str());
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_worker_continues_its_egress() {
    let harness = Harness::new().await;
    let id = harness.start("page.html", "paused").await;
    harness.frames("paused", 15).await;
    harness.signal_worker(Signal::SIGSTOP);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = harness.sink.frames("paused");
    harness.signal_worker(Signal::SIGCONT);
    harness.frames("paused", before + 60).await;
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    harness.assert_clean().await;
}
