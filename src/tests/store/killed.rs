//! A process of its own writes and is killed in the middle, again and again: whatever it said is stored must be there.

use super::harness::{at, id, insert, line, on_disk, session, user};
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Set for the process that writes: this very test, started again.
const FOLDER: &str = "FOOTLIGHT_TEST_STORE";
const ROUND: &str = "FOOTLIGHT_TEST_ROUND";
/// After how many acknowledgements the process is killed.
const ROUNDS: [usize; 3] = [7, 60, 150];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(&PathBuf::from(folder), &std::env::var(ROUND).expect("a round")).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged: Vec<String> = Vec::new();
    for (round, kill_after) in ROUNDS.into_iter().enumerate() {
        acknowledged.extend(killed(folder.path(), round, kill_after));
        let store = on_disk(folder.path()).await;
        for word in &acknowledged {
            let (kind, what) = word.split_once(' ').expect("two words");
            if kind == "user" {
                assert!(store.user(&id(what)).await.expect("read").is_some(), "{word} is lost");
                continue;
            }
            let (session, number) = what.split_once('/').expect("a session and a number");
            let number: u64 = number.parse().expect("a number");
            let last = store.feed_after(&id(session), number - 1, 1).await.expect("read");
            assert_eq!(last.first().map(|line| line.seq), Some(number), "{word} is lost");
        }
        // What was half-way is there whole or not at all.
        for session in store.active_sessions().await.expect("read") {
            let lines = store.timeline(&session.id).await.expect("read");
            assert_eq!(lines.len() as u64, session.revision, "each revision has its line");
            assert_eq!(store.session_keys(&session.id).await.expect("read").len(), 2);
        }
    }
}

/// Starts the writing process, kills it after so many acknowledgements, and returns all that it gave.
fn killed(folder: &Path, round: usize, kill_after: usize) -> Vec<String> {
    let mut writer = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "killed::nothing_acknowledged_is_lost_when_the_process_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut words = Vec::new();
    let mut is_killed = false;
    for line in BufReader::new(writer.stdout.take().expect("piped")).lines() {
        let line = line.expect("text");
        words.extend(line.split_once("ack ").map(|(_, word)| word.to_owned()));
        if words.len() >= kill_after && !is_killed {
            writer.kill().expect("killed");
            is_killed = true;
        }
    }
    let status = writer.wait().expect("gone");
    assert!(is_killed, "the writer ended by itself: {status}");
    words
}

/// Accounts, feed lines and revisions at once; each said aloud once it is stored.
async fn write_until_killed(folder: &Path, round: &str) {
    let store = on_disk(folder).await;
    let show = session(&format!("r{round}"), &format!("owner{round}"));
    insert(&store, &show).await;
    let accounts = async {
        for number in 0..u64::MAX {
            let name = format!("u{round}-{number}");
            store.insert_user(&user(&name), &name, None).await.expect("inserted");
            println!("ack user {name}");
        }
    };
    let lines = async {
        for number in 0..u64::MAX {
            let seq = store.append_feed(&show.id, at(1), "show", None, &json!({ "n": number })).await.expect("appended");
            println!("ack line {}/{}", show.id, seq.expect("new"));
        }
    };
    let revisions = async {
        let mut changed = show.clone();
        loop {
            changed.revision += 1;
            store.update_session(&changed, Some(&line("changed")), &[]).await.expect("stored");
        }
    };
    futures::join!(accounts, lines, revisions);
}
