//! The feed's log and LiveKit's deliveries.

use super::harness::{at, id};
use footlight::server::store::{FeedCounts, FeedSnapshot, NewLine, Store, StoredWebhook};
use serde_json::json;
use std::sync::Arc;

fn new(name: &str, kind: &str) -> NewLine {
    NewLine { kind: "show", id: Some(name.to_owned()), data: json!({ "kind": kind, "text": "ü \" ' $x" }) }
}

pub async fn lines_are_numbered_without_gaps_once_per_id(store: Arc<dyn Store>) {
    let mut numbers = Vec::new();
    for name in [Some("a"), None, Some("a"), Some("b")] {
        numbers.push(store.append_feed(&id("s1"), at(5), "show", name, &json!({ "of": name })).await.expect("appended"));
    }
    assert_eq!(numbers, [Some(1), Some(2), None, Some(3)]);
    assert_eq!(store.append_feed(&id("s2"), at(5), "show", Some("a"), &json!(1)).await.expect("appended"), Some(1), "per session");
    let page = store.feed_after(&id("s1"), 1, 1).await.expect("read");
    assert_eq!(page.iter().map(|line| (line.seq, line.id.as_deref())).collect::<Vec<_>>(), [(2, None)]);
    let rest = store.feed_after(&id("s1"), 0, 100).await.expect("read");
    assert_eq!(rest.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(store.feed_after(&id("s1"), u64::MAX, 9).await.expect("read"), Vec::new());
}

pub async fn a_batch_is_appended_in_order_and_counted(store: Arc<dyn Store>) {
    let lines = [new("a", "stat"), new("b", "decision"), new("a", "stat")];
    assert_eq!(store.append_lines(&id("s1"), at(5), &lines).await.expect("appended"), [Some(1), Some(2), None]);
    assert_eq!(store.append_lines(&id("s1"), at(6), &lines).await.expect("repeated"), [None, None, None]);
    assert_eq!(store.feed_counts(&id("s1")).await.expect("read"), FeedCounts { events: 2, decisions: 1 });
    assert_eq!(store.feed_counts(&id("none")).await.expect("read"), FeedCounts::default());
    let stored = store.feed_after(&id("s1"), 0, 9).await.expect("read");
    assert_eq!(stored.iter().map(|line| &line.data).collect::<Vec<_>>(), [&lines[0].data, &lines[1].data]);
}

pub async fn held_lines_come_out_when_due_and_once(store: Arc<dyn Store>) {
    let lines = [new("a", "decision"), new("b", "stat")];
    assert_eq!(store.hold_lines(&id("s1"), at(100), &lines).await.expect("held"), [true, true]);
    assert_eq!(store.hold_lines(&id("s1"), at(100), &lines).await.expect("held"), [false, false]);
    assert_eq!(store.release_lines(&id("s1"), at(99)).await.expect("asked"), Vec::new());
    assert_eq!(store.feed_after(&id("s1"), 0, 9).await.expect("read"), Vec::new());
    let out = store.release_lines(&id("s1"), at(100)).await.expect("released");
    assert_eq!(out.iter().map(|line| (line.seq, line.id.as_deref())).collect::<Vec<_>>(), [(1, Some("a")), (2, Some("b"))]);
    assert_eq!(store.release_lines(&id("s1"), at(200)).await.expect("asked"), Vec::new());
    assert_eq!(store.feed_after(&id("s1"), 0, 9).await.expect("read"), out);
}

pub async fn a_snapshot_is_replaced_only_by_a_newer_one(store: Arc<dyn Store>) {
    assert_eq!(store.feed_end(&id("s1")).await.expect("read"), 0);
    assert_eq!(store.feed_snapshot(&id("s1")).await.expect("read"), None);
    let lines = [new("a", "stat"), new("b", "decision")];
    store.append_lines(&id("s1"), at(5), &lines).await.expect("appended");
    assert_eq!(store.feed_end(&id("s1")).await.expect("read"), 2);
    let lines = store.feed_after(&id("s1"), 0, 9).await.expect("read");
    let older = FeedSnapshot { seq: 1, version: 1, lines: lines[..1].to_vec() };
    let newer = FeedSnapshot { seq: 2, version: 1, lines };
    for (saved, kept) in [(&older, &older), (&newer, &newer), (&older, &newer)] {
        store.save_feed_snapshot(&id("s1"), saved).await.expect("saved");
        assert_eq!(store.feed_snapshot(&id("s1")).await.expect("read").as_ref(), Some(kept));
    }
    let otherwise = FeedSnapshot { version: 2, ..older };
    store.save_feed_snapshot(&id("s1"), &otherwise).await.expect("saved");
    assert_eq!(store.feed_snapshot(&id("s1")).await.expect("read"), Some(otherwise), "another version's is of no use");
    assert_eq!(store.feed_snapshot(&id("s2")).await.expect("read"), None, "per session");
}

pub async fn a_webhook_is_stored_verbatim_and_once(store: Arc<dyn Store>) {
    let body = json!({ "event": "egress_updated", "id": "EV_1", "odd": { "$x": "d'1'", "at": "2026-11-25T00:00:00Z", "none": null } });
    let webhook = StoredWebhook { id: "EV_1".into(), egress: Some(id("EG_1")), at: at(5), body };
    assert!(store.insert_webhook(&webhook).await.expect("kept"));
    assert!(!store.insert_webhook(&webhook).await.expect("asked"));
    let earlier = StoredWebhook { id: "EV_0".into(), at: at(4), ..webhook.clone() };
    assert!(store.insert_webhook(&earlier).await.expect("kept"));
    assert!(store.insert_webhook(&StoredWebhook { id: "EV_2".into(), egress: None, ..webhook.clone() }).await.expect("kept"));
    assert_eq!(store.webhooks_of(&id("EG_1")).await.expect("read"), vec![earlier, webhook]);
}
