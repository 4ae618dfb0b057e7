//! Long feeds: what still shows is read from a snapshot and the lines after it, whatever came before.

use super::harness::{NOW, TestApp, config, vault};
use crate::support::{crash_budget::CrashBudget, wait::until};
use footlight::{
    api::{events::EventBatch, overlay::SequencedEvent},
    domain::{ids::SessionId, timestamp::Timestamp},
    server::{
        auth::caller::Caller,
        feed::Announcement,
        store::{FeedEntry, FeedSnapshot, NewLine},
    },
};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::sync::broadcast::error::TryRecvError;

const BATCH: usize = 500;

/// One event of each kind in turn.
fn event(number: usize) -> Value {
    match number % 5 {
        0 => json!({ "kind": "stat", "label": format!("stat {}", number % 17), "value": number.to_string() }),
        1 => json!({ "kind": "event", "text": format!("line {number}") }),
        2 => json!({ "kind": "decision", "title": format!("choice {number}") }),
        3 => json!({ "kind": "match", "turn": format!("Turn {number}") }),
        _ => json!({ "kind": "alert", "title": format!("alert {number}") }),
    }
}

/// Puts so many events into a session's feed, beside every limit.
async fn fill(app: &TestApp, id: &SessionId, from: usize, count: usize) {
    for start in (from..from + count).step_by(BATCH) {
        let lines: Vec<_> =
            (start..(start + BATCH).min(from + count)).map(|number| NewLine { kind: "show", id: None, data: event(number) }).collect();
        app.store.append_lines(id, NOW, &lines).await.expect("appended");
    }
}

async fn shown(app: &TestApp, caller: &Caller, id: &SessionId) -> (Vec<SequencedEvent>, u64) {
    let snapshot = app.studio.overlay.session_preview(caller, id).await.expect("a picture");
    (snapshot.history, snapshot.seq)
}

/// A process that counts what it asks of the store.
fn counting(app: &TestApp) -> (TestApp, CrashBudget) {
    let budget = CrashBudget::of_calls(usize::MAX);
    (app.crashing(config(&[]), vault(), &budget), budget)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_feed_is_loaded_with_as_many_reads_as_a_short_one() {
    let app = TestApp::new().await;
    for (name, size) in [("ada", 1_000), ("bob", 10_000)] {
        let caller = app.caller(name).await;
        let id = app.start(&caller).await.session.session_id;
        fill(&app, &id, 0, size).await;
        // The first to come reads everything, and leaves a snapshot behind.
        let (walked, seq) = shown(&app, &caller, &id).await;
        assert_eq!(seq, u64::try_from(size).expect("small"));
        until("a snapshot", 10, async || app.store.feed_snapshot(&id).await.expect("read")).await;
        fill(&app, &id, size, 100).await;
        let (next, budget) = counting(&app);
        let begun = Instant::now();
        let (loaded, seq) = shown(&next, &caller, &id).await;
        println!("{size} events: loaded in {:?}", begun.elapsed());
        assert_eq!(["feed_end", "feed_snapshot", "feed_after"].map(|method| budget.calls(method)), [1, 1, 1], "{size} events");
        assert_eq!(seq, u64::try_from(size + 100).expect("small"));
        assert!(loaded.len() > 30 && loaded != walked, "{} of {size}", loaded.len());
        let useless = FeedSnapshot { seq: 0, version: 999, lines: Vec::new() };
        app.store.save_feed_snapshot(&id, &useless).await.expect("replaced");
        assert_eq!(shown(&app, &caller, &id).await.0, loaded, "the same without the snapshot");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_written_while_events_come() {
    let app = TestApp::new().await;
    let caller = app.caller("ada").await;
    let id = app.start(&caller).await.session.session_id;
    for batch in 0..6 {
        let events = (0..100).map(|number| event(batch * 100 + number)).collect();
        let batch = EventBatch { session_id: id.clone(), events, broadcast_delay_ms: None };
        app.studio.overlay.publish(&caller, batch).await.expect("taken");
    }
    let snapshot = until("a snapshot", 10, async || app.store.feed_snapshot(&id).await.expect("read")).await;
    assert!((500..=600).contains(&snapshot.seq) && snapshot.lines.len() < 60, "{} {}", snapshot.seq, snapshot.lines.len());
}

#[tokio::test]
async fn a_snapshot_ahead_of_its_feed_is_ignored() {
    let app = TestApp::new().await;
    let caller = app.caller("ada").await;
    let id = app.start(&caller).await.session.session_id;
    fill(&app, &id, 0, 10).await;
    let (walked, _) = shown(&app, &caller, &id).await;
    let ahead = FeedSnapshot { seq: 5_000, version: 1, lines: Vec::new() };
    app.store.save_feed_snapshot(&id, &ahead).await.expect("saved");
    assert_eq!(shown(&app, &caller, &id).await, (walked, 10));
}

#[tokio::test]
async fn a_noisy_session_makes_no_other_listener_lag() {
    let app = TestApp::new().await;
    let (noisy, quiet): (SessionId, SessionId) = ("noisy".parse().expect("an id"), "quiet".parse().expect("an id"));
    let (mut loud, mut heard) = (app.studio.feed.listen(&noisy), app.studio.feed.listen(&quiet));
    let line = |seq| FeedEntry { seq, at: Timestamp::default(), kind: "show".into(), id: None, data: json!({}) };
    (1..=2_000).for_each(|seq| app.studio.feed.entry(&noisy, line(seq)));
    assert!(matches!(heard.try_recv(), Err(TryRecvError::Empty)));
    app.studio.feed.entry(&quiet, line(1));
    assert!(matches!(heard.try_recv(), Ok(Announcement::Entry(entry)) if entry.seq == 1));
    assert!(matches!(loud.try_recv(), Err(TryRecvError::Lagged(_))), "its own listeners lag, and read the store again");
}
