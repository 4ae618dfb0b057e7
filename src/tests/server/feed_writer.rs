//! Concurrent writers to one feed: each line gets its own number, each call's lines stay together, and listeners get them in
//! order.

use super::harness::TestApp;
use footlight::{api::events::EventBatch, server::feed::Announcement};
use futures::future::join_all;
use serde_json::json;

const CALLS: usize = 80;
const LINES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_lines_are_numbered_and_heard_in_order() {
    let app = TestApp::new().await;
    let caller = app.caller("ada").await;
    let id = app.start(&caller).await.session.session_id;
    let mut heard = app.studio.feed.listen(&id);
    let calls = (0..CALLS).map(|call| {
        let (studio, caller, session_id) = (app.studio.clone(), caller.clone(), id.clone());
        let events = (0..LINES).map(|line| json!({ "kind": "event", "id": format!("{call}-{line}"), "text": "something" })).collect();
        tokio::spawn(async move {
            let batch = EventBatch { session_id, events, broadcast_delay_ms: None };
            studio.overlay.publish(&caller, batch).await.expect("taken").results
        })
    });
    let mut numbers = Vec::new();
    for results in join_all(calls).await {
        let own: Vec<u64> = results.expect("it ran").into_iter().map(|result| result.seq.expect("a number")).collect();
        assert!(own.windows(2).all(|pair| pair[1] == pair[0] + 1), "one call's lines stand together: {own:?}");
        numbers.extend(own);
    }
    numbers.sort_unstable();
    assert_eq!(numbers.len(), CALLS * LINES);
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "without a gap and without a double");
    let mut told = Vec::new();
    while let Ok(announcement) = heard.try_recv() {
        if let Announcement::Entry(entry) = announcement {
            told.push(entry.seq);
        }
    }
    assert_eq!(told, numbers, "every line once, in the order of the numbers");
}

#[tokio::test]
async fn concurrent_lines_with_one_id_are_stored_once() {
    let app = TestApp::new().await;
    let caller = app.caller("ada").await;
    let id = app.start(&caller).await.session.session_id;
    let send = || {
        let events = vec![json!({ "kind": "event", "id": "the-same", "text": "something" })];
        let batch = EventBatch { session_id: id.clone(), events, broadcast_delay_ms: None };
        app.studio.overlay.publish(&caller, batch)
    };
    let results = join_all((0..10).map(|_| send())).await;
    let results: Vec<_> = results.into_iter().map(|sent| sent.expect("taken").results.remove(0)).collect();
    assert_eq!(results.iter().filter(|result| result.seq.is_some()).count(), 1);
    assert_eq!(results.iter().filter(|result| result.repeated).count(), 9);
}
