//! What else runs on the machine: a second studio, another sound server of the same account, few open files.

use super::harness::Harness;
use crate::support::wait::{free_port, until};
use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Starts another worker with some variables of its own, and returns what it says when it ends.
async fn refused(harness: &Harness, variables: &[(&str, String)]) -> String {
    let mut other = harness.command();
    let mut child = other.envs(variables.iter().cloned()).stderr(Stdio::piped()).spawn().expect("it starts");
    let status = until("its end", 15, || std::future::ready(child.try_wait().expect("ours"))).await;
    assert!(!status.success(), "{variables:?}");
    let output = child.wait_with_output().expect("its words");
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn second_worker_on_the_same_port_or_folders_names_what_to_set() {
    let harness = Harness::new().await;
    let id = harness.start("page.html", "first").await;
    harness.frames("first", 5).await;
    let other = tempfile::tempdir().expect("a folder");
    let port = ("FOOTLIGHT_EGRESS_LISTEN", format!("127.0.0.1:{}", free_port()));
    let data = ("FOOTLIGHT_DATA", other.path().to_string_lossy().into_owned());
    let scratch = ("FOOTLIGHT_EGRESS_SCRATCH", other.path().join("scratch").to_string_lossy().into_owned());
    for (variables, name) in [
        (vec![data.clone(), scratch.clone()], "FOOTLIGHT_EGRESS_LISTEN"),
        (vec![port.clone(), scratch], "FOOTLIGHT_DATA"),
        (vec![port, data], "FOOTLIGHT_EGRESS_SCRATCH"),
    ] {
        let words = refused(&harness, &variables).await;
        assert!(words.contains(name), "{name}: {words}");
    }
    let frames = harness.sink.frames("first");
    harness.frames("first", frames + 15).await;
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE", "the first one noticed nothing");
}

/// Ends its process when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sound_server_of_the_same_account_is_left_alone() {
    let runtime = tempfile::tempdir().expect("a folder");
    let folder = runtime.path().to_string_lossy().into_owned();
    let mut command = Command::new("pulseaudio");
    command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "-L", "module-null-sink sink_name=show"]);
    command.args(["-L", "module-native-protocol-unix"]).env("XDG_RUNTIME_DIR", &folder).env("HOME", &folder).stderr(Stdio::null());
    // A worker that root has started runs as this account.
    if let Some(account) = nix::unistd::User::from_name("nobody").expect("accounts").filter(|_| nix::unistd::geteuid().is_root()) {
        nix::unistd::chown(runtime.path(), Some(account.uid), Some(account.gid)).expect("its own");
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
    }
    let mut other = Killed(command.spawn().expect("pulseaudio is installed"));
    until("the other sound server", 10, async || runtime.path().join("pulse/native").exists()).await;
    let server = format!("unix:{folder}/pulse/native");
    let harness = Harness::with([("XDG_RUNTIME_DIR", folder.as_str()), ("PULSE_SERVER", server.as_str())], &[]).await;
    let id = harness.start("page.html", "loud").await;
    harness.frames("loud", 45).await;
    harness.stop(&id).await.expect("stoppable");
    assert_eq!(harness.ended().await["egressInfo"]["status"], "EGRESS_COMPLETE");
    harness.assert_clean().await;
    assert!(other.0.try_wait().expect("ours").is_none(), "the other one still runs");
}

/// Variables of a worker beside the first one: an address and folders of its own.
fn elsewhere(folder: &Path, listen: &str) -> [(&'static str, String); 3] {
    let scratch = format!("footlight-egress-test-{}-{}", std::process::id(), listen.rsplit(':').next().unwrap_or_default());
    [
        ("FOOTLIGHT_EGRESS_LISTEN", listen.to_owned()),
        ("FOOTLIGHT_DATA", folder.join("data").to_string_lossy().into_owned()),
        ("FOOTLIGHT_EGRESS_SCRATCH", std::env::temp_dir().join(scratch).to_string_lossy().into_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_listens_on_ipv6_alone_or_says_why_not() {
    let harness = Harness::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let listen = format!("[::1]:{}", free_port());
    let variables = elsewhere(folder.path(), &listen);
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        let words = refused(&harness, &variables).await;
        assert!(words.contains("FOOTLIGHT_EGRESS_LISTEN"), "{words}");
        return;
    }
    let other = Killed(harness.command().envs(variables.clone()).stderr(Stdio::null()).spawn().expect("it starts"));
    until("the worker listens", 20, async || std::net::TcpStream::connect(&listen)).await;
    let health = reqwest::Client::builder().no_proxy().build().expect("a client").get(format!("http://{listen}/healthz"));
    assert!(health.send().await.expect("an answer").status().is_success());
    drop(other);
    std::fs::remove_dir(&variables[2].1).expect("it is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_raises_a_low_limit_of_open_files() {
    let harness = Harness::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let listen = format!("127.0.0.1:{}", free_port());
    let variables = elsewhere(folder.path(), &listen);
    let own = harness.command();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 256 && exec \"$0\" egress"]).arg(own.get_program()).stdin(Stdio::null()).stderr(Stdio::null());
    limited.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).envs(variables.clone());
    let other = Killed(limited.spawn().expect("it starts"));
    until("the worker listens", 20, async || std::net::TcpStream::connect(&listen)).await;
    // Made after the limit is raised.
    until("its folder", 20, async || std::fs::metadata(&variables[2].1)).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", other.0.id())).expect("its limits");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("the limit").split_whitespace();
    let files: Vec<u64> = files.filter_map(|number| number.parse().ok()).collect();
    assert!(files[0] > 256 && files[0] == files[1].min(65_536), "{files:?}");
    drop(other);
    std::fs::remove_dir(&variables[2].1).expect("it is empty");
}
