//! The outbox: each server's lines are found apart from the others', and in order.

use super::harness::{at, insert, line, session};
use footlight::{
    domain::session::Session,
    server::store::{Delivery, NewDelivery, Store},
};
use serde_json::json;
use std::sync::Arc;

/// Lines for these servers, stored with a change of the session.
async fn write(store: &Arc<dyn Store>, session: &Session, hooks: &[&str], time: i64) {
    let delivery = |hook: &&str| NewDelivery { hook: (*hook).to_owned(), kind: "session.live", at: at(time), body: json!({}) };
    let deliveries: Vec<_> = hooks.iter().map(delivery).collect();
    store.update_session(session, Some(&line("changed")), &deliveries).await.expect("changed");
}

fn sessions_of(lines: &[Delivery]) -> Vec<&str> {
    lines.iter().map(|line| line.session.as_str()).collect()
}

pub async fn each_servers_due_lines_are_found_alone(store: Arc<dyn Store>) {
    for (name, of) in [("s1", "ada"), ("s2", "bob"), ("s3", "cleo")] {
        let session = session(name, of);
        insert(&store, &session).await;
        let hooks: &[&str] = if name == "s3" { &["healthy"] } else { &["dead", "dead"] };
        write(&store, &Session { revision: 2, ..session }, hooks, 10).await;
    }
    assert_eq!(sessions_of(&store.due_deliveries("healthy", at(10), 1).await.expect("read")), ["s3"], "whatever is before it");
    assert_eq!(store.due_deliveries("healthy", at(9), 9).await.expect("read"), Vec::new(), "not due yet");
    assert_eq!(sessions_of(&store.due_deliveries("dead", at(10), 3).await.expect("read")), ["s1", "s1", "s2"]);
    assert_eq!(sessions_of(&store.deliveries_to_others(&["dead".to_owned()], 9).await.expect("read")), ["s3"]);
    let healthy = store.due_deliveries("healthy", at(10), 9).await.expect("read").remove(0);
    store.note_delivery(&healthy.id, 1, "answered 204", None).await.expect("noted");
    assert_eq!(store.due_deliveries("healthy", at(99), 9).await.expect("read"), Vec::new(), "done with");
    assert_eq!(store.deliveries_to_others(&[], 9).await.expect("read").len(), 4, "done with");
}

pub async fn lines_behind_a_refused_one_wait_with_it(store: Arc<dyn Store>) {
    let mine = session("s1", "ada");
    insert(&store, &mine).await;
    write(&store, &Session { revision: 2, ..mine.clone() }, &["a", "b"], 10).await;
    write(&store, &Session { revision: 3, ..mine }, &["a", "b"], 11).await;
    let due = store.due_deliveries("a", at(20), 9).await.expect("read");
    assert_eq!(store.due_before(&due[0]).await.expect("read"), None);
    assert_eq!(store.due_before(&due[1]).await.expect("read"), Some(at(10)));
    store.note_delivery(&due[0].id, 1, "answered 500", Some(at(30))).await.expect("noted");
    assert_eq!(store.due_before(&due[1]).await.expect("read"), Some(at(30)));
    store.hold_up(&due[1], at(30)).await.expect("held up");
    assert_eq!(store.due_deliveries("a", at(29), 9).await.expect("read"), Vec::new());
    assert_eq!(store.due_deliveries("a", at(30), 9).await.expect("read").len(), 2);
    assert_eq!(store.due_deliveries("b", at(20), 9).await.expect("read").len(), 2, "the other server's are not touched");
}
