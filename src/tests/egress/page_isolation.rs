//! Misbehaving pages, and what they must not reach.

use super::harness::Harness;
use serde_json::Value;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn misbehaving_pages_fail_or_are_tolerated() {
    let harness = Harness::new().await;
    // Redirected off its origin: never opened.
    harness.start("away", "k").await;
    let end = harness.ended().await;
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("opens pages of"), "{end}");
    // A page that spins stops drawing.
    harness.forget_hooks();
    harness.start("frozen.html", "frozen").await;
    let end = harness.ended().await;
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("no animation frame"), "{end}");
    // A page that never loads waits until it is stopped.
    harness.forget_hooks();
    let id = harness.start("hang", "k").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_ABORTED");
    // Dialogs, pop-ups, downloads, permissions and silence change nothing.
    for page in ["pushy.html", "silent.html"] {
        harness.forget_hooks();
        let id = harness.start(page, page).await;
        harness.frames(page, 30).await;
        harness.stop(&id).await.expect("stoppable");
        let end = harness.ended().await;
        assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{page}: {end}");
        let sounds = harness.sink.arrived(page).iter().filter(|tag| tag.kind == 8).count();
        assert!(sounds > 20, "{page}: a silent audio track is sent: {sounds}");
    }
    // Leaving its origin while on air ends it with a reason.
    harness.forget_hooks();
    harness.start("leaves.html", "leaves").await;
    let end = harness.ended().await;
    assert_eq!(end["egressInfo"]["status"], "EGRESS_FAILED", "{end}");
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("opens pages of"), "{end}");
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_reloading_and_busy_pages_are_tolerated() {
    let harness = Harness::new().await;
    let id = harness.start("nosignal.html", "mute").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(harness.info(&id).await.get("status"), None, "still starting, which is zero");
    harness.stop(&id).await.expect("stoppable");
    let end = harness.ended().await;
    assert_eq!(end["egressInfo"]["error"], "Start signal not received", "{end}");
    assert!(harness.sink.arrived("mute").is_empty(), "nothing is sent before the signal");
    for page in ["reloads.html", "closes.html", "busy.html"] {
        harness.forget_hooks();
        let id = harness.start(page, page).await;
        harness.frames(page, 15 * 5).await;
        harness.stop(&id).await.expect("stoppable");
        let end = harness.ended().await;
        assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{page}: {end}");
    }
    harness.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_cannot_reach_other_local_servers() {
    let harness = Harness::new().await;
    let neighbour = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    neighbour.set_nonblocking(true).expect("allowed");
    let page = format!("nosy-{}", neighbour.local_addr().expect("bound").port());
    let id = harness.start(&page, "nosy").await;
    harness.frames("nosy", 30).await;
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    // Chromium connects for a frame in advance, before the filter decides, but sends nothing.
    while let Ok((mut caller, _)) = neighbour.accept() {
        let mut said = String::new();
        // The browser may have exited.
        let _ = std::io::Read::read_to_string(&mut caller, &mut said);
        assert_eq!(said, "", "a request came through");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_secrets_are_unreadable_by_others() {
    use std::os::unix::fs::PermissionsExt;
    let harness = Harness::new().await;
    let id = harness.start("page.html", "verysecretkey").await;
    harness.frames("verysecretkey", 10).await;
    let mode = std::fs::metadata(harness.scratch.join(&id)).expect("the folder").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    let secrets = ["verysecretkey", "page-secret", super::harness::SECRET];
    for (pid, line) in harness.processes() {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        for secret in secrets {
            assert!(!line.contains(secret), "{line}");
            assert!(!environment.as_ref().is_ok_and(|text| text.contains(secret)), "environment of {line}");
        }
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let user = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
        assert!(!user.split_whitespace().any(|uid| uid == "0"), "{line} runs as root");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", harness.worker_pid())).expect("it runs");
    let user = status.lines().find(|line| line.starts_with("Uid:")).expect("a user");
    assert!(!user.split_whitespace().any(|uid| uid == "0"), "the worker runs as root");
    let memory = std::fs::metadata(format!("/proc/{}/environ", harness.worker_pid())).expect("it runs");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&memory), 0, "its environment is unreadable for its own account");
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let log = harness.log();
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    let listed: Value = harness.info(&id).await;
    assert!(!listed.to_string().contains("verysecretkey"), "{listed}");
}
