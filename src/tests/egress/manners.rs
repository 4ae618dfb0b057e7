//! Pages that misbehave, and what they could get hold of.

use super::ground::Ground;
use serde_json::Value;
use std::time::Duration;

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
    // Leaving its origin in mid-show ends it with the reason.
    ground.forget_hooks();
    ground.start("leaves.html", "leaves").await;
    let end = ground.ended().await;
    assert_eq!(end["egressInfo"]["status"], "EGRESS_FAILED", "{end}");
    assert!(end["egressInfo"]["error"].as_str().expect("a reason").contains("opens pages of"), "{end}");
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_signals_waits_and_one_that_reloads_or_wants_the_whole_processor_goes_on() {
    let ground = Ground::new().await;
    let id = ground.start("nosignal.html", "mute").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(ground.info(&id).await.get("status"), None, "still starting, which is zero");
    ground.stop(&id).await.expect("stoppable");
    let end = ground.ended().await;
    assert_eq!(end["egressInfo"]["error"], "Start signal not received", "{end}");
    assert!(ground.sink.arrived("mute").is_empty(), "nothing goes out before the signal");
    for page in ["reloads.html", "closes.html", "busy.html"] {
        ground.forget_hooks();
        let id = ground.start(page, page).await;
        ground.frames(page, 15 * 5).await;
        ground.stop(&id).await.expect("stoppable");
        let end = ground.ended().await;
        assert_eq!(end["egressInfo"]["status"], "EGRESS_COMPLETE", "{page}: {end}");
    }
    ground.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_reaches_no_other_server_of_this_machine() {
    let ground = Ground::new().await;
    let neighbour = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    neighbour.set_nonblocking(true).expect("allowed");
    let page = format!("nosy-{}", neighbour.local_addr().expect("bound").port());
    let id = ground.start(&page, "nosy").await;
    ground.frames("nosy", 30).await;
    ground.stop(&id).await.expect("stoppable");
    assert_eq!(ground.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    // For a frame Chromium connects in advance, before it asks whether it may; then nothing is said.
    while let Ok((mut caller, _)) = neighbour.accept() {
        let mut said = String::new();
        // Whoever called is gone with its browser.
        let _ = std::io::Read::read_to_string(&mut caller, &mut said);
        assert_eq!(said, "", "a request came through");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_read_the_secrets_of_an_egress() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new().await;
    let id = ground.start("page.html", "verysecretkey").await;
    ground.frames("verysecretkey", 10).await;
    let mode = std::fs::metadata(ground.scratch.join(&id)).expect("the folder").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    let secrets = ["verysecretkey", "page-secret", super::ground::SECRET];
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
    let status = std::fs::read_to_string(format!("/proc/{}/status", ground.worker_pid())).expect("it runs");
    let user = status.lines().find(|line| line.starts_with("Uid:")).expect("a user");
    assert!(!user.split_whitespace().any(|uid| uid == "0"), "the worker runs as root");
    let memory = std::fs::metadata(format!("/proc/{}/environ", ground.worker_pid())).expect("it runs");
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&memory), 0, "its environment is closed to its own account");
    ground.stop(&id).await.expect("stoppable");
    ground.ended().await;
    let log = ground.log();
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "{log}");
    let listed: Value = ground.info(&id).await;
    assert!(!listed.to_string().contains("verysecretkey"), "{listed}");
}
