//! Real processes, really killed and stopped; pages that misbehave. Each fault is noticed within five seconds and leaves nothing behind.

use crate::ground::{Ground, until};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
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
async fn a_drain_lets_the_show_finish_and_a_second_signal_ends_it() {
    let mut ground = Ground::new().await;
    ground.start("page.html", "drained").await;
    ground.frames("drained", 15).await;
    ground.signal_worker(Signal::SIGTERM);
    until("draining", 5, || ground.log().contains("draining").then_some(())).await;
    let (status, _) = ground.call("StartWebEgress", &ground.request("page.html", &[ground.sink.url("k")])).await.expect_err("draining");
    assert_eq!(status, 503);
    let frames = ground.sink.frames("drained");
    ground.frames("drained", frames + 15).await;
    ground.signal_worker(Signal::SIGTERM);
    let end = ground.ended().await;
    assert_eq!(end["egressInfo"]["error"], "egress worker was shut down");
    ground.worker_ends().await;
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn misbehaving_pages_end_or_are_borne() {
    let ground = Ground::new().await;
    // Redirected off its origin: never opened.
    ground.start("away", "k").await;
    let end = ground.ended().await;
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("opens pages of"), "{end}");
    // A page that spins stops drawing.
    ground.forget_hooks();
    ground.start("frozen.html", "frozen").await;
    let end = ground.ended().await;
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("no animation frame"), "{end}");
    // A page that never loads waits for whoever started it.
    ground.forget_hooks();
    let id = ground.start("hang", "k").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ground.stop(&id).await.expect("stoppable");
    assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_ABORTED");
    // Dialogs, pop-ups, downloads and permissions change nothing; nor does silence.
    for page in ["pushy.html", "silent.html"] {
        ground.forget_hooks();
        let id = ground.start(page, page).await;
        ground.frames(page, 30).await;
        ground.stop(&id).await.expect("stoppable");
        let end = ground.ended().await;
        assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{page}: {end}");
        let sounds = ground.sink.arrived(page).iter().filter(|tag| tag.kind == 8).count();
        assert!(sounds > 20, "{page}: a track of silence is a track: {sounds}");
    }
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_read_the_secrets_of_an_egress() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new().await;
    let id = ground.start("page.html", "verysecretkey").await;
    ground.frames("verysecretkey", 10).await;
    let mode = std::fs::metadata(ground.scratch.join(&id)).expect("the folder").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    let secrets = ["verysecretkey", "page-secret", crate::ground::SECRET];
    for (pid, line) in ground.processes() {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        for secret in secrets {
            assert!(!line.contains(secret), "{line}");
            assert!(!environment.as_ref().is_ok_and(|text| text.contains(secret)), "environment of {line}");
        }
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let user = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
        assert!(!user.split_whitespace().any(|uid| uid == "0"), "{line} runs as root");
    }
    ground.stop(&id).await.expect("stoppable");
    ground.ended().await;
    let log = ground.log();
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    let listed: Value = ground.info(&id).await;
    assert!(!listed.to_string().contains("verysecretkey"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_starts_in_a_row_all_get_on_air() {
    let ground = Ground::new().await;
    let rounds = if std::env::var_os("FOOTLIGHT_SOAK").is_some() { 40 } else { 3 };
    for round in 0..rounds {
        ground.forget_hooks();
        let key = format!("round{round}");
        let id = ground.start("page.html", &key).await;
        ground.frames(&key, 3).await;
        ground.stop(&id).await.expect("stoppable");
        assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    }
    ground.is_clean().await;
}
