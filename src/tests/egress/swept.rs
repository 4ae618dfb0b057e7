//! Temporary folders are deleted under the worker (systemd-tmpfiles, `rm -rf`): input 22.

use super::{ffprobe::samples, harness::Harness, worker::wait_for};
use crate::support::wait::until;
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Starts an egress, and returns how long it took to its first byte at the sink.
async fn first_byte(harness: &Harness, key: &str) -> (String, Duration) {
    harness.forget_hooks();
    let at = Instant::now();
    let id = harness.start("page.html", key).await;
    let first = until("the first byte", 20, async || harness.sink.arrived(key).first().map(|tag| tag.when)).await;
    (id, first - at)
}

async fn complete(harness: &Harness, id: &str) {
    harness.stop(id).await.expect("stoppable");
    let end = harness.ended().await;
    assert_eq!((&end["egressInfo"]["egressId"], &end["egressInfo"]["status"]), (&id.into(), &"EGRESS_COMPLETE".into()), "{end}");
}

/// Waits for a failed end; returns the reason and how long it took.
async fn failed(harness: &Harness, id: &str, since: Instant) -> (String, Duration) {
    let (seen, hook) = harness.hook("the failure", 10, |hook| hook["event"] == "egress_ended").await;
    let info = &hook["egressInfo"];
    assert_eq!((info["egressId"].as_str(), info["status"].as_str()), (Some(id), Some("EGRESS_FAILED")), "{info}");
    assert_eq!(harness.info(id).await["status"], "EGRESS_FAILED");
    assert!(harness.get("/healthz").await.contains("\"used\":0"), "the slot is free");
    assert!(!harness.log().contains("panicked"), "{}", harness.log());
    (info["error"].as_str().expect("a reason").to_owned(), seen.saturating_duration_since(since))
}

/// The folder of the warm spare.
fn spare(harness: &Harness) -> PathBuf {
    let folders = fs::read_dir(&harness.scratch).expect("a folder").map(|entry| entry.expect("an entry").path());
    folders.into_iter().find(|path| path.to_string_lossy().contains("spare-")).expect("a spare")
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22a_folder_swept_under_idle_worker_is_made_again() {
    let harness = Harness::new().await;
    let (id, cold) = first_byte(&harness, "before").await;
    complete(&harness, &id).await;
    harness.assert_clean().await;
    fs::remove_dir_all(&harness.scratch).expect("swept");
    let (id, swept) = first_byte(&harness, "swept").await;
    eprintln!("first byte: {cold:.2?} before, {swept:.2?} after the folder was swept");
    assert!(swept < cold + Duration::from_secs(2), "{swept:?} instead of {cold:?}");
    complete(&harness, &id).await;
    harness.assert_clean().await;
    // Without a start as well, and before somebody else makes a folder of that name.
    fs::remove_dir_all(&harness.scratch).expect("swept");
    until("the folder", 6, async || harness.scratch.is_dir()).await;
    assert!(!harness.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22a_folder_that_cannot_be_made_fails_the_egress_at_once() {
    let harness = Harness::new().await;
    fs::remove_dir_all(&harness.scratch).expect("swept");
    fs::write(&harness.scratch, "").expect("something else in its place");
    let at = Instant::now();
    let id = harness.start("page.html", "never").await;
    let (reason, took) = failed(&harness, &id, at).await;
    eprintln!("{took:.2?}: {reason}");
    assert!(reason.contains("FOOTLIGHT_EGRESS_SCRATCH") && took < Duration::from_secs(2), "{took:?}: {reason}");
    fs::remove_file(&harness.scratch).expect("removed");
    let (id, _) = first_byte(&harness, "next").await;
    complete(&harness, &id).await;
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22a_program_that_does_not_start_fails_the_egress_at_once() {
    for (variable, program, words) in [
        ("FOOTLIGHT_XVFB", "/bin/false", "Xvfb"),
        ("FOOTLIGHT_PULSEAUDIO", "/bin/false", "PulseAudio ended"),
        ("FOOTLIGHT_CHROMIUM", "/bin/false", "chromium"),
        ("FOOTLIGHT_FFMPEG", "/nowhere/ffmpeg", "starting the encoder"),
    ] {
        let harness = Harness::with([(variable, program)], &[]).await;
        let at = Instant::now();
        let id = harness.start("page.html", "never").await;
        let (reason, took) = failed(&harness, &id, at).await;
        eprintln!("{variable}: {took:.2?}: {reason}");
        assert!(reason.contains(words) && took < Duration::from_secs(3), "{variable}: {took:?}: {reason}");
        harness.assert_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22b_swept_warm_spare_is_replaced_before_it_is_used() {
    let harness = Harness::with([("FOOTLIGHT_EGRESS_WARM", "1")], &[]).await;
    // The first one has another size than the spare; from then on the spare fits.
    let (id, cold) = first_byte(&harness, "cold").await;
    complete(&harness, &id).await;
    let ready = async || {
        let fits = async || harness.processes().iter().any(|(_, line)| line.contains("640x360x24"));
        until("a spare of that size", 20, fits).await;
        wait_for(&harness, "spares", 1.0).await;
    };
    for (lost, name) in [(1.0, "sound"), (2.0, "xauth"), (3.0, "profile")] {
        ready().await;
        let path = spare(&harness).join(name);
        // The spare writes into its profile meanwhile.
        until("it is swept", 5, async || if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }).await;
        let (id, took) = first_byte(&harness, name).await;
        eprintln!("{name}: first byte after {took:.2?}, cold start {cold:.2?}");
        assert!(took < cold + Duration::from_secs(2), "{name}: {took:?} instead of {cold:?}");
        wait_for(&harness, "spares_lost_total", lost).await;
        assert_eq!(samples(&harness.get("/metrics").await, "spares_taken_total"), [0.0], "{name}");
        complete(&harness, &id).await;
    }
    // Nobody starts anything: it is noticed all the same, also if everything is gone.
    for lost in [4.0, 5.0] {
        ready().await;
        let folder = if lost < 5.0 { spare(&harness) } else { harness.scratch.clone() };
        // The spare writes into it meanwhile.
        until("it is swept", 5, async || fs::remove_dir_all(&folder)).await;
        wait_for(&harness, "spares_lost_total", lost).await;
    }
    ready().await;
    let (id, warm) = first_byte(&harness, "warm").await;
    eprintln!("warm: first byte after {warm:.2?}");
    assert_eq!(samples(&harness.get("/metrics").await, "spares_taken_total"), [1.0]);
    complete(&harness, &id).await;
    assert!(!harness.log().contains("panicked") && !harness.log().contains("EGRESS_FAILED"), "one capture each");
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22c_folder_swept_during_a_show_lets_it_go_on() {
    let harness = Harness::new().await;
    let id = harness.start("page.html", "goes-on").await;
    harness.frames("goes-on", 15).await;
    fs::remove_dir_all(&harness.scratch).expect("swept");
    let before = harness.sink.frames("goes-on");
    harness.frames("goes-on", before + 75).await;
    complete(&harness, &id).await;
    harness.assert_clean().await;
    // The folder is swept, and worker and reaper are killed: only the working folder of the processes tells whose they were.
    let mut harness = harness;
    harness.start("page.html", "orphan").await;
    harness.frames("orphan", 15).await;
    fs::remove_dir_all(&harness.scratch).expect("swept");
    harness.signal_worker(nix::sys::signal::Signal::SIGSTOP);
    for (pid, _) in harness.processes().into_iter().filter(|(_, line)| line.contains("egress-reaper")) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).expect("it runs");
    }
    harness.signal_worker(nix::sys::signal::Signal::SIGKILL);
    harness.worker_ends().await;
    harness.start_worker().await;
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_22_stop_of_a_starting_egress_ends_it_within_seconds() {
    let harness = Harness::new().await;
    // At several moments of its launch, and while it waits for the page.
    for wait in [0, 60, 200, 500, 3000] {
        harness.forget_hooks();
        let id = harness.start("nosignal.html", "early").await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        // The first status is left out of the JSON.
        assert_eq!(harness.info(&id).await["status"].as_str().unwrap_or("EGRESS_STARTING"), "EGRESS_STARTING");
        let at = Instant::now();
        harness.stop(&id).await.expect("stoppable");
        let (seen, hook) = harness.hook("the end", 10, |hook| hook["event"] == "egress_ended").await;
        assert_eq!(hook["egressInfo"]["status"], "EGRESS_ABORTED", "{hook}");
        let took = seen.saturating_duration_since(at);
        eprintln!("stopped after {wait} ms: over {took:.2?} later");
        assert!(took < Duration::from_secs(3), "stopped after {wait} ms: {took:?}");
        harness.assert_clean().await;
    }
}
