//! A data folder of every released schema is opened, upgraded and used. `src/tests/fixtures/schemas` holds the rows of one for each; its
//! tables are made by the statements that were released, which are never edited.

use super::harness::{at, hash, id, line, owner};
use footlight::{
    domain::session::{Owner, Session},
    server::store::{
        AccountStore, AgentStore, AnalyticsStore, AuditStore, CredentialStore, DefaultsStore, DestinationStore, FeedCounts, FeedStore,
        KeyStore, OutboxStore, OverlayGrantStore, RetentionStore, SessionStore, Store, WebhookStore,
        surreal::{SurrealStore, Upgrade, known_schema},
    },
};
use sha2::{Digest, Sha256};
use std::{fmt::Write, path::Path, time::Duration};

/// Of each released schema: its statements, their SHA-256, and the rows of a data folder.
const RELEASED: [(&str, &str, &str); 5] = [
    (
        include_str!("../../server/store/schema.surql"),
        "1975ceccd9a70278001b83fe4e01f92a854437773a00e5696288f83c47e9fada",
        include_str!("../fixtures/schemas/schema-1.surql"),
    ),
    (
        include_str!("../../server/store/schema-2.surql"),
        "cf4a45b7c98cfb633c2763167b97c1020d2f3497d780bde165b7ba80559988d2",
        include_str!("../fixtures/schemas/schema-2.surql"),
    ),
    (
        include_str!("../../server/store/schema-3.surql"),
        "2f7aa64974465f1bbe040f9f2034ac3c7ea6a36db77183c4dabc297746e8135d",
        include_str!("../fixtures/schemas/schema-3.surql"),
    ),
    (
        include_str!("../../server/store/schema-4.surql"),
        "f0832d45e43df912488402297bc5c3f77ad14b801d34b28b36c8b35eb4c470bc",
        include_str!("../fixtures/schemas/schema-4.surql"),
    ),
    (
        include_str!("../../server/store/schema-5.surql"),
        "b41e63a657dab85698d0341432a00b9d2dd2678f5b4959ca248d971e4990cd6d",
        include_str!("../fixtures/schemas/schema-5.surql"),
    ),
];
const LIVE: &str = "01j0000000000000000000000a";
const OVER: &str = "01j0000000000000000000000b";
/// When everything in the fixtures happened.
const THEN: i64 = 1_767_323_045_000;

#[test]
fn released_statements_are_never_edited() {
    for (number, (statements, sum, _)) in (1..).zip(RELEASED) {
        assert_eq!(hex::encode(Sha256::digest(statements)), sum, "schema {number} is released: put the change into a new version");
    }
    assert!(RELEASED.len() + 1 >= known_schema(), "a released schema has no data folder here");
}

/// Writes a data folder as the program of this schema did.
async fn written(folder: &Path, schema: usize) -> String {
    let address = format!("surrealkv://{}", folder.join("store").display());
    let db = surrealdb::engine::any::connect(&address).await.expect("the engine opens");
    db.query("DEFINE NAMESPACE footlight").await.expect("a namespace");
    db.use_ns("footlight").await.expect("ours");
    db.query("DEFINE DATABASE footlight").await.expect("a database");
    db.use_db("footlight").await.expect("ours");
    let mut sql = "DEFINE TABLE migration SCHEMAFULL; DEFINE FIELD version ON migration TYPE int;".to_owned();
    for (number, (statements, ..)) in (1..=schema).zip(RELEASED) {
        let _ = write!(sql, "BEGIN; CREATE type::record('migration', {number}) SET version = {number}; {statements} COMMIT;");
    }
    for part in [sql.as_str(), RELEASED[schema - 1].2] {
        db.query(part).await.and_then(surrealdb::IndexedResults::check).unwrap_or_else(|error| panic!("schema {schema}: {error}"));
    }
    address
}

async fn used(store: &SurrealStore, schema: usize) {
    let ada = id("ada");
    let (user, password) = store.user_by_name("ada").await.expect("read").expect("there");
    assert_eq!((user.name.as_str(), password.as_deref()), ("Ada", Some("$argon2id$a-hash")));
    assert_eq!(store.sign_in(&hash("cookie")).await.expect("read").map(|of| of.user), Some(user.id));
    assert_eq!(store.agents_of(&ada).await.expect("read").len(), 1);
    assert_eq!(store.avatar(&id("nyx")).await.expect("read").map(|avatar| avatar.bytes), Some(vec![0x89, 0x50, 0x4e, 0x47]));
    assert_eq!(store.key(&hash("keyhash")).await.expect("read").and_then(|key| key.last_used_at), Some(at(THEN)));
    assert!(store.defaults(&owner("ada")).await.expect("read").auto_start.on);
    let kept = store.saved_destinations(&owner("ada")).await.expect("read");
    assert_eq!(
        kept.iter().map(|one| (one.destination.label(), one.key.text.as_str())).collect::<Vec<_>>(),
        [("Main channel", "iv:tag:kept")]
    );
    assert_eq!(store.audit(None, 9).await.expect("read").iter().map(|line| line.count).collect::<Vec<_>>(), [1, 1]);
    // The stream that was live goes on.
    let live = store.active_session_of(&Owner::Agent(id("nyx"))).await.expect("read").expect("a session");
    assert_eq!((live.id.as_str(), live.state.name(), live.revision), (LIVE, "live", 2));
    assert_eq!(store.session_by_egress(&id("EG_1")).await.expect("read"), Some(live.clone()));
    assert_eq!(store.session_keys(&live.id).await.expect("read").len(), 1);
    assert_eq!(store.session_keys(&id(OVER)).await.expect("read"), [], "the keys of a session that is over are deleted");
    assert_eq!(store.count_in_state(live.state.status(), &live.id).await.expect("read"), 1);
    let told: Vec<_> = store.timeline(&live.id).await.expect("read").into_iter().map(|line| line.what).collect();
    assert_eq!(told, ["Asked for", "„Live“ with 'quotes'"]);
    assert!(store.overlay_grant("t1").await.expect("read").is_some_and(|grant| !grant.revoked));
    assert_eq!(store.webhooks_of(&id("EG_1")).await.expect("read").len(), 1);
    assert_eq!(store.feed_after(&live.id, 0, 9).await.expect("read").len(), 3);
    assert_eq!(store.feed_counts(&live.id).await.expect("read"), FeedCounts { events: 3, decisions: 1 });
    assert_eq!(store.release_lines(&live.id, at(THEN)).await.expect("released").iter().map(|line| line.seq).collect::<Vec<_>>(), [4]);
    let changed = Session { revision: 3, title: "Another".into(), ..live.clone() };
    store.update_session(&changed, Some(&line("changed")), &[]).await.expect("a change");
    // What came with later schemas.
    if schema >= 2 {
        assert!(store.draining().await.expect("read"));
        assert_eq!(store.sums(None, "2026-01-01", "2026-12-31").await.expect("read").len(), 1);
        assert_eq!(store.due_deliveries("1f2e3d4c", at(THEN), 9).await.expect("read").len(), 1);
    }
    if schema >= 3 {
        assert_eq!(store.credential("twitch").await.expect("read").map(|sealed| sealed.text).as_deref(), Some("iv:tag:service"));
    }
    if schema >= 4 {
        let call = store.remembered_call(&owner("ada"), "destinations k", at(THEN)).await.expect("read");
        assert_eq!(call.map(|call| call.answer), Some(serde_json::json!([1])));
    }
    if schema >= 5 {
        assert_eq!(store.feed_snapshot(&live.id).await.expect("read").map(|snapshot| snapshot.seq), Some(2));
    }
    // The newest schema's indexes hold the old rows.
    assert_eq!(store.prune_webhooks(at(THEN + 1), 9).await.expect("pruned"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_every_released_schema_is_upgraded_and_used() {
    for schema in 1..=RELEASED.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = written(folder.path(), schema).await;
        // The engine's last holder lets go in its own time.
        let opening = SurrealStore::open(&address, None);
        let store = tokio::time::timeout(Duration::from_secs(20), opening).await.expect("in time").expect("upgraded");
        let to = known_schema();
        assert_eq!(store.upgrade(), (schema < to).then_some(Upgrade { from: schema, to }), "it says what it did");
        used(&store, schema).await;
        drop(store);
        let opening = SurrealStore::open(&address, None);
        let store = tokio::time::timeout(Duration::from_secs(20), opening).await.expect("in time").expect("opened");
        assert_eq!(store.upgrade(), None, "once only");
        assert_eq!(store.session(&id(LIVE)).await.expect("read").map(|session| session.title.clone()).as_deref(), Some("Another"));
    }
}
