//! Deleting by age: in steps of a given size, nothing that is younger, and nothing of a session that runs.

use super::{
    harness::{at, id, insert, line, session},
    sessions::over,
};
use footlight::{
    domain::{
        audit::{AuditAction, AuditEntry},
        ids::Generation,
        session::Session,
    },
    server::store::{FeedCounts, FeedSnapshot, NewDelivery, NewLine, OverlayGrant, Store, StoreError, StoredWebhook},
};
use serde_json::json;
use std::sync::Arc;

pub fn audit_line(name: &str, user: Option<&str>) -> AuditEntry {
    let (user, subject, address) = (user.map(id), "Ada".to_owned(), Some("192.0.2.7".to_owned()));
    AuditEntry { id: name.to_owned(), at: at(1), action: AuditAction::SignedIn, user, subject, address, count: 1 }
}

pub fn webhook(name: &str, egress: &str, time: i64) -> StoredWebhook {
    StoredWebhook { id: name.to_owned(), egress: Some(id(egress)), at: at(time), body: json!({ "event": "egress_updated" }) }
}

pub fn delivery(time: i64) -> NewDelivery {
    NewDelivery { hook: "ops".into(), kind: "session.live", at: at(time), body: json!({}) }
}

pub async fn webhooks_deliveries_and_audit_lines_go_by_age_in_steps(store: Arc<dyn Store>) {
    for number in 0..6 {
        store.insert_webhook(&webhook(&format!("EV_{number}"), "EG_1", number)).await.expect("stored");
        store.insert_audit(&audit_line(&format!("a{number}"), None)).await.expect("stored");
    }
    let show = session("s1", "ada");
    insert(&store, &show).await;
    for number in 0..6_u32 {
        let changed = Session { revision: u64::from(number) + 2, ..show.clone() };
        store.update_session(&changed, None, &[delivery(number.into())]).await.expect("stored");
    }
    let mut steps = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..4 {
        steps[0].push(store.prune_webhooks(at(5), 2).await.expect("pruned"));
        steps[1].push(store.prune_deliveries(at(5), 2).await.expect("pruned"));
        steps[2].push(store.prune_audit("a5", 2).await.expect("pruned"));
    }
    assert_eq!(steps, [[2, 2, 1, 0], [2, 2, 1, 0], [2, 2, 1, 0]], "five of six are older, two at a time");
    assert_eq!(store.webhooks_of(&id("EG_1")).await.expect("read"), [webhook("EV_5", "EG_1", 5)]);
    assert_eq!(store.deliveries(None, None, 9).await.expect("read").iter().map(|line| line.at).collect::<Vec<_>>(), [at(5)]);
    assert_eq!(store.audit(None, 9).await.expect("read"), [audit_line("a5", None)]);
}

pub async fn a_feed_is_pruned_in_steps_after_its_session(store: Arc<dyn Store>) {
    let new = |name: &str| NewLine { kind: "show", id: Some(name.to_owned()), data: json!({ "kind": "decision" }) };
    let shows = [session("s1", "ada"), session("s2", "bob")];
    for show in &shows {
        insert(&store, show).await;
        store.append_lines(&show.id, at(5), &["a", "b", "c", "d", "e"].map(new)).await.expect("appended");
        store.hold_lines(&show.id, at(9_999), &[new("later")]).await.expect("held");
        let lines = store.feed_after(&show.id, 0, 9).await.expect("read");
        store.save_feed_snapshot(&show.id, &FeedSnapshot { seq: 5, version: 1, lines }).await.expect("saved");
        let grant = OverlayGrant { id: format!("t-{}", show.id), session: show.id.clone(), generation: Generation(1), revoked: true };
        store.insert_overlay_grant(&grant).await.expect("inserted");
    }
    let early = store.prune_feed(&id("s1"), 2).await;
    assert!(matches!(&early, Err(StoreError::ActiveSession(of)) if of == &shows[0].id), "{early:?}");
    assert_eq!(store.feed_after(&id("s1"), 0, 9).await.expect("read").len(), 5);
    store.update_session(&over(&shows[0]), Some(&line("over")), &[]).await.expect("stored");
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        steps.push(store.prune_feed(&id("s1"), 2).await.expect("pruned"));
    }
    // Five lines, six ids that were seen, one line that was held: two of each at a time.
    assert_eq!(steps, [5, 4, 3, 0]);
    assert_eq!(store.feed_after(&id("s1"), 0, 9).await.expect("read"), Vec::new());
    assert_eq!(store.feed_snapshot(&id("s1")).await.expect("read"), None);
    assert_eq!(store.overlay_grant("t-s1").await.expect("read"), None);
    assert_eq!(store.release_lines(&id("s1"), at(9_999)).await.expect("asked"), Vec::new());
    assert_eq!(store.feed_end(&id("s1")).await.expect("read"), 5, "whoever resumes finds that there is nothing new");
    assert_eq!(store.feed_counts(&id("s1")).await.expect("read"), FeedCounts { events: 5, decisions: 5 }, "statistics stay");
    assert_eq!(store.append_lines(&id("s1"), at(6), &[new("f")]).await.expect("appended"), [Some(6)], "no number is used twice");
    // The other session runs, and lost nothing.
    assert_eq!(store.feed_after(&id("s2"), 0, 9).await.expect("read").len(), 5);
    assert_eq!(store.feed_snapshot(&id("s2")).await.expect("read").map(|snapshot| snapshot.lines.len()), Some(5));
    assert!(store.overlay_grant("t-s2").await.expect("read").is_some());
    assert_eq!(store.append_lines(&id("s2"), at(6), &[new("a")]).await.expect("appended"), [None], "it knows which ids it has seen");
}

pub async fn the_place_up_to_which_feeds_were_pruned_is_remembered(store: Arc<dyn Store>) {
    assert_eq!(store.feeds_pruned_to().await.expect("read"), None);
    for name in ["s1", "s2"] {
        store.set_feeds_pruned_to(&id(name)).await.expect("stored");
        assert_eq!(store.feeds_pruned_to().await.expect("read"), Some(id(name)));
    }
}
