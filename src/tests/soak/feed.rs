//! The overlay of a session with very many events.

use super::harness::{NOW, TestServer};
use crate::support::{app::in_memory, wait::until};
use footlight::{domain::key::Scope, server::store::NewLine};
use serde_json::json;
use std::time::{Duration, Instant};

const BATCH: usize = 1_000;
const ROUNDS: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overlay_of_a_hundred_thousand_events_loads_as_fast_as_one_of_a_thousand() {
    let store = in_memory().await;
    let server = TestServer::over(store.clone(), &[]);
    let mut medians: Vec<Duration> = Vec::new();
    for (name, size) in [("Short", 1_000), ("Long", 100_000)] {
        let owner = server.streamer(name).await;
        let caller = server.caller(&owner).await;
        let id = server.agent_show(&server.key(&owner, None, &Scope::ALL).await).await;
        let begun = Instant::now();
        for start in (0..size).step_by(BATCH) {
            let event = |number: usize| json!({ "kind": "stat", "label": format!("stat {}", number % 17), "value": number.to_string() });
            let lines: Vec<_> = (start..start + BATCH).map(|number| NewLine { kind: "show", id: None, data: event(number) }).collect();
            store.append_lines(&id, NOW, &lines).await.expect("appended");
        }
        println!("{size:>7} events put in within {:.1} s", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        server.studio.overlay.session_preview(&caller, &id).await.expect("a picture");
        println!("{size:>7} events, no snapshot   {:>8.2} ms", begun.elapsed().as_secs_f64() * 1000.0);
        until("a snapshot", 60, async || store.feed_snapshot(&id).await.expect("read")).await;
        let mut took = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let snapshot = server.studio.overlay.session_preview(&caller, &id).await.expect("a picture");
            took.push(begun.elapsed());
            assert_eq!(snapshot.seq, u64::try_from(size).expect("small"));
        }
        took.sort_unstable();
        println!("{size:>7} events, with snapshot {:>8.2} ms", took[ROUNDS / 2].as_secs_f64() * 1000.0);
        medians.push(took[ROUNDS / 2]);
    }
    assert!(medians[1] <= medians[0] * 3, "{medians:?}");
}
