//! Real processes, really killed and stopped; pages that misbehave. Each fault is noticed within five seconds and leaves nothing behind.

use super::ground::{Ground, until};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::time::{Duration, Instant};

/// Processes of the running egress whose command line contains every one of `words`.
fn find(ground: &Ground, words: &[&str]) -> Vec<Pid> {
    let found = ground.processes().into_iter().filter(|(_, line)| words.iter().all(|word| line.contains(word)));
    found.map(|(pid, _)| Pid::from_raw(pid)).collect()
}

async fn hurt(ground: &Ground, what: &str, words: &[&str], signal: Signal, reason: &str) {
    ground.forget_hooks();
    let id = ground.start("page.html", "fault").await;
    let before = ground.sink.frames("fault");
    ground.frames("fault", before + 15).await;
    let pids = find(ground, words);
    assert!(!pids.is_empty(), "{what}: no such process in {:?}", ground.processes());
    let at = Instant::now();
    for pid in pids {
        // One of several may end with another.
        let _ = kill(pid, signal);
    }
    let (seen, hook) = ground.hook(what, 10, |hook| hook["event"] == "egress_ended").await;
    let info = &hook["egressInfo"];
    assert_eq!((info["egressId"].as_str(), info["status"].as_str()), (Some(id.as_str()), Some("EGRESS_FAILED")), "{what}: {info}");
    assert_eq!(info["errorCode"], 500, "{what}: {info}");
    let error = info["error"].as_str().expect("a reason");
    let took = seen.saturating_duration_since(at);
    eprintln!("{what} {signal}: {took:.1?}: {error}");
    assert!(error.contains(reason), "{what}: {error}");
    assert!(took < Duration::from_secs(6), "{what}: noticed and cleared up after {took:?}");
    ground.is_clean().await;
}

const BROWSER: &[&str] = &["chromium", "--remote-debugging-pipe"];

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_part_fails_the_egress_with_its_name() {
    let ground = Ground::new().await;
    for (what, words, reason) in [
        ("tab", &["--type=renderer"][..], "chromium tab crashed"),
        ("browser", BROWSER, "chromium ended"),
        ("display", &["Xvfb"], "ended"),
        ("sound", &["pulseaudio", "module-null-sink"], "PulseAudio ended"),
        ("encoder", &["ffmpeg"], "encoder ended"),
        ("keeper", &["egress-keeper"], "keeper ended"),
    ] {
        hurt(&ground, what, words, Signal::SIGKILL, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_part_fails_the_egress_with_its_name() {
    let ground = Ground::new().await;
    for (what, words, reason) in [
        ("tab", &["--type=renderer"][..], "no animation frame"),
        ("browser", BROWSER, "chromium hangs"),
        ("display", &["Xvfb"], "Xvfb hangs"),
        ("sound", &["pulseaudio", "module-null-sink"], "PulseAudio hangs"),
        ("encoder", &["ffmpeg"], "encoder hangs"),
    ] {
        hurt(&ground, what, words, Signal::SIGSTOP, reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_nothing_and_its_egress_is_listed_failed_after_the_next_start() {
    let mut ground = Ground::new().await;
    let id = ground.start("page.html", "orphan").await;
    ground.frames("orphan", 15).await;
    ground.signal_worker(Signal::SIGKILL);
    ground.worker_ends().await;
    ground.is_clean().await;
    ground.forget_hooks();
    ground.start_worker().await;
    let info = ground.info(&id).await;
    assert_eq!((info["status"].as_str(), info["errorCode"].as_i64()), (Some("EGRESS_FAILED"), Some(500)), "{info}");
    assert_eq!(ground.ended().await["egressInfo"]["egressId"], id.as_str());
    let again = ground.start("page.html", "again").await;
    ground.frames("again", 5).await;
    ground.stop(&again).await.expect("stoppable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_hangs_before_its_page_has_come_is_noticed_as_soon() {
    let ground = Ground::new().await;
    let id = ground.start("hang", "never").await;
    let browser = until("the browser", 20, || find(&ground, BROWSER).first().copied()).await;
    let at = Instant::now();
    kill(browser, Signal::SIGSTOP).expect("it runs");
    let (seen, hook) = ground.hook("egress_ended", 10, |hook| hook["event"] == "egress_ended").await;
    let info = &hook["egressInfo"];
    assert_eq!((info["egressId"].as_str(), info["status"].as_str()), (Some(id.as_str()), Some("EGRESS_FAILED")), "{info}");
    assert!(info["error"].as_str().expect("a reason").contains("chromium hangs"), "{info}");
    assert!(seen.saturating_duration_since(at) < Duration::from_secs(6));
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_and_keeper_killed_together_leave_nothing_behind_the_next_start() {
    let mut ground = Ground::new().await;
    let id = ground.start("page.html", "both").await;
    ground.frames("both", 15).await;
    // The worker is stopped so that neither can do its work when the other goes. Not the keeper: the kernel hangs up a process group that
    // has a stopped member when the last parent outside of it ends (POSIX, exit(), "orphaned"), and the egress would end by that.
    ground.signal_worker(Signal::SIGSTOP);
    let keepers = find(&ground, &["egress-keeper"]);
    assert!(!keepers.is_empty(), "no keeper in {:?}", ground.processes());
    for keeper in keepers {
        kill(keeper, Signal::SIGKILL).expect("it runs");
    }
    ground.signal_worker(Signal::SIGKILL);
    ground.worker_ends().await;
    assert!(!ground.processes().is_empty(), "nobody was there to end them");
    ground.forget_hooks();
    ground.start_worker().await;
    assert_eq!(ground.info(&id).await["status"], "EGRESS_FAILED");
    assert_eq!(ground.ended().await["egressInfo"]["egressId"], id.as_str());
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_stopped_goes_on_with_its_show() {
    let ground = Ground::new().await;
    let id = ground.start("page.html", "paused").await;
    ground.frames("paused", 15).await;
    ground.signal_worker(Signal::SIGSTOP);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = ground.sink.frames("paused");
    ground.signal_worker(Signal::SIGCONT);
    ground.frames("paused", before + 60).await;
    ground.stop(&id).await.expect("stoppable");
    assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    ground.is_clean().await;
}
