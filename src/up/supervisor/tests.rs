//! Roles that crash, cannot start, or ignore signals.

use super::*;
use crate::up::health::Health;
use std::{collections::BTreeMap, net::SocketAddr, path::Path};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A role that runs `script`; it is healthy once `address` answers.
fn role(name: &'static str, script: &str, folder: &Path, address: SocketAddr) -> Role {
    Role {
        name,
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
        environment: BTreeMap::from([("FOLDER".into(), folder.to_string_lossy().into_owned()), ("PATH".into(), "/usr/bin:/bin".into())]),
        health: Health { address, path: "/" },
        grace: Duration::from_secs(5),
        kill_group: false,
        wave: 0,
    }
}

async fn always_healthy() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0u8; 256]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        }
    });
    address
}

async fn lines(path: &Path, count: usize) -> Vec<String> {
    timeout(Duration::from_secs(20), async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("in time")
}

#[tokio::test]
async fn supervisor_restarts_a_dead_role_and_stops_in_reverse() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = always_healthy().await;
    let script =
        |name: &str| format!("echo $$ >> $FOLDER/{name}; trap 'echo {name} >> $FOLDER/ended; exit 0' TERM; while :; do sleep 0.05; done");
    let roles = ["relay", "serve"].map(|name| role(name, &script(name), folder.path(), address));
    let mut supervised = Vec::new();
    start(roles.into(), folder.path(), &watch::channel(None).0, &mut supervised).await.expect("started");
    let first = lines(&folder.path().join("relay"), 1).await;
    let pid = nix::unistd::Pid::from_raw(first[0].parse().expect("a process id"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
    lines(&folder.path().join("relay"), 2).await;
    assert_eq!(lines(&folder.path().join("serve"), 1).await.len(), 1);
    stop_all(&mut supervised).await;
    assert_eq!(lines(&folder.path().join("ended"), 2).await, ["serve", "relay"]);
}

#[tokio::test]
async fn failed_start_names_the_role_and_its_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let roles = vec![role("relay", "echo FOOTLIGHT_HOLD is malformed >&2; exit 3", folder.path(), nobody)];
    let mut supervised = Vec::new();
    let error = start(roles, folder.path(), &watch::channel(None).0, &mut supervised).await.expect_err("refused").to_string();
    assert!(error.contains("relay did not start") && error.contains("FOOTLIGHT_HOLD is malformed"), "{error}");
}

#[tokio::test]
async fn role_ignoring_sigterm_is_killed_after_its_grace() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = always_healthy().await;
    let mut stubborn = role("egress", "trap '' TERM; echo $$ > $FOLDER/pid; while :; do sleep 0.05; done", folder.path(), address);
    stubborn.grace = Duration::from_millis(200);
    let mut supervised = Vec::new();
    start(vec![stubborn], folder.path(), &watch::channel(None).0, &mut supervised).await.expect("started");
    let pid = lines(&folder.path().join("pid"), 1).await[0].parse().expect("a process id");
    stop_all(&mut supervised).await;
    assert!(nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_err());
}
