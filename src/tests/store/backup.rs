//! A copy of a store is made while it is used, and a store made from it is the same store.

use super::{
    accounts::{WIDE, agent, key, sign_in},
    harness::{MASTER, at, hash, id, insert, keys, line, owner, saved, session, user},
    retention::{audit_line, delivery},
    sessions::starting,
};
use footlight::{
    domain::session::Session,
    server::store::{
        NewLine, Store, StoreContents,
        surreal::{RestoreError, known_schema, restore},
    },
};
use futures::TryStreamExt;
use serde_json::json;
use std::{path::PathBuf, sync::Arc};

/// The statements of a copy, in a file.
async fn copied(store: &Arc<dyn Store>) -> (tempfile::TempDir, PathBuf) {
    let parts: Vec<Vec<u8>> = store.export().await.expect("an export").try_collect().await.expect("whole");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.surql");
    std::fs::write(&file, parts.concat()).expect("written");
    (folder, file)
}

pub async fn a_copy_is_the_same_store(store: Arc<dyn Store>) {
    let ada = user("ada");
    store.insert_user(&ada, "ada", Some("$hash")).await.expect("inserted");
    store.insert_sign_in(&hash("cookie"), &sign_in("si", "ada", false, 1)).await.expect("inserted");
    store.insert_agent(&agent("nyx", "ada"), 9).await.expect("inserted");
    store.insert_key(&hash("key"), &key("k1", "ada", Some("nyx")), WIDE).await.expect("inserted");
    store.insert_destination(&saved("d9", owner("ada")), &id("ada"), 9).await.expect("saved");
    store.insert_audit(&audit_line("a1", Some("ada"))).await.expect("stored");
    let show = session("s1", "ada");
    insert(&store, &show).await;
    let running = starting(&show, "EG_1");
    store.update_session(&running, Some(&line("„über“ 'it' \"said\" \\ \n `x` $y {z}")), &[delivery(5)]).await.expect("stored");
    let odd = json!({ "kind": "event", "text": "ü \" ' $x \u{2028} 🂡 \\u0041 ⟨⟩", "at": "2026-11-25T00:00:00Z", "none": null });
    let lines = [Some("a:1"), None].map(|name| NewLine { kind: "show", id: name.map(str::to_owned), data: odd.clone() });
    store.append_lines(&show.id, at(5), &lines).await.expect("appended");
    let (_folder, file) = copied(&store).await;
    let copy: Arc<dyn Store> = Arc::new(restore("mem://", &file).await.expect("restored"));
    assert_eq!(copy.contents().await.expect("read"), StoreContents { schema: known_schema(), sealed_with: vec![MASTER.to_owned()] });
    assert_eq!(copy.user_by_name("ada").await.expect("read"), Some((ada, Some("$hash".into()))));
    assert_eq!(copy.sign_in(&hash("cookie")).await.expect("read"), Some(sign_in("si", "ada", false, 1)));
    assert_eq!(copy.agents_of(&id("ada")).await.expect("read"), [agent("nyx", "ada")]);
    assert_eq!(copy.key(&hash("key")).await.expect("read"), Some(key("k1", "ada", Some("nyx"))));
    assert_eq!(copy.saved_destinations(&owner("ada")).await.expect("read"), [saved("d9", owner("ada"))]);
    assert_eq!(copy.audit(None, 9).await.expect("read"), [audit_line("a1", Some("ada"))]);
    assert_eq!(copy.session_keys(&show.id).await.expect("read"), keys("s1"));
    assert_eq!(copy.timeline(&show.id).await.expect("read"), store.timeline(&show.id).await.expect("read"));
    assert_eq!(copy.feed_after(&show.id, 0, 9).await.expect("read"), store.feed_after(&show.id, 0, 9).await.expect("read"));
    assert_eq!(copy.deliveries(None, None, 9).await.expect("read"), store.deliveries(None, None, 9).await.expect("read"));
    // The indexes are there too, and what the database computes: it goes on as the store would have.
    assert_eq!(copy.active_session_of(&owner("ada")).await.expect("read"), Some(running.clone()));
    assert_eq!(copy.session_by_egress(&id("EG_1")).await.expect("read"), Some(running.clone()));
    assert_eq!(copy.due_deliveries("ops", at(5), 9).await.expect("read").len(), 1);
    assert_eq!(copy.append_lines(&show.id, at(6), &lines).await.expect("appended"), [None, Some(3)]);
    copy.update_session(&Session { revision: 3, title: "Another".into(), ..running }, Some(&line("changed")), &[]).await.expect("stored");
    assert_eq!(store.feed_end(&show.id).await.expect("read"), 2, "the copied store is another");
}

pub async fn a_copy_is_made_into_an_empty_store_only(store: Arc<dyn Store>) {
    store.insert_user(&user("ada"), "ada", None).await.expect("inserted");
    let (folder, file) = copied(&store).await;
    let address = format!("surrealkv://{}", folder.path().join("restored").display());
    let restored = restore(&address, &file).await.expect("empty");
    assert_eq!(restored.upgrade(), None, "the schema was this program's");
    drop(restored);
    let again = restore(&address, &file).await.map(drop);
    assert!(matches!(&again, Err(RestoreError::NotEmpty(of)) if of == &address), "{again:?}");
    let server = restore("ws://127.0.0.1:9", &file).await.map(drop);
    assert!(matches!(server, Err(RestoreError::Server(_))), "{server:?}");
}
