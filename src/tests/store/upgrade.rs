//! Migration of a store that an earlier version wrote.

use super::{
    harness::{at, id, keys, line, session},
    sessions::over,
};
use footlight::{
    domain::session::Session,
    server::store::{SessionFilter, Store, surreal::SurrealStore},
};
use serde_json::json;
use std::{path::Path, sync::Arc, time::Duration};

const OVER: &str = "01j0000000000000000000000b";
const FIRST: &str = include_str!("../../server/store/schema.surql");
const UP_TO_THIRD: &str = concat!(
    include_str!("../../server/store/schema-2.surql"),
    include_str!("../../server/store/schema-3.surql"),
    "CREATE migration:2 SET version = 2; CREATE migration:3 SET version = 3;
    CREATE outbox:line SET key = '01j0000000000000000000000a/00000002/00/1f2e3d4c', session = '01j0000000000000000000000a', at = 5, due = 5,
        attempts = 0, kind = 'session.live', json = '{}';"
);
/// What a program between the first and the second version had in its first one.
const BETWEEN: &str = "
    DEFINE TABLE setting SCHEMAFULL;
    DEFINE FIELD draining ON setting TYPE bool;
    DEFINE FIELD state ON session TYPE string;
    DEFINE INDEX session_state ON session FIELDS state, key;
    DEFINE FIELD pulse ON lease TYPE option<object> FLEXIBLE;
    DEFINE FIELD pulse_at ON lease TYPE option<int>;
    UPSERT setting:house SET draining = true;
";

fn address(folder: &Path) -> String {
    format!("surrealkv://{}", folder.join("store").display())
}

/// Writes a store as a program of the first version did, with a session in it.
async fn written(folder: &Path, more: &str, state: &str, old: &Session) {
    let db = surrealdb::engine::any::connect(address(folder)).await.expect("the engine opens");
    db.query("DEFINE NAMESPACE footlight").await.expect("a namespace");
    db.use_ns("footlight").await.expect("ours");
    db.query("DEFINE DATABASE footlight").await.expect("a database");
    db.use_db("footlight").await.expect("ours");
    let row = format!(
        "BEGIN; DEFINE TABLE migration SCHEMAFULL; DEFINE FIELD version ON migration TYPE int;
        CREATE migration:1 SET version = 1; {FIRST} {more} COMMIT;
        CREATE type::record('session', $key) SET key = $key, owner = $owner, account = 'ada', active = true, {state}
            created_at = 1000, revision = 1, document = $document RETURN NONE;
        CREATE type::record('session', $over.id) SET key = $over.id, owner = 'user:bob', account = 'bob', active = false, {state}
            created_at = 1000, revision = 2, document = $over RETURN NONE;
        FOR $of IN [$key, $over.id] {{ CREATE type::record('session_keys', $of) SET sealed = $sealed RETURN NONE }};"
    );
    let over = over(&session(OVER, "bob"));
    let sealed: Vec<_> = keys("s").into_iter().map(|(id, key)| json!({ "destination": id, "key": key })).collect();
    let variables = json!({ "key": old.id, "owner": old.owner.to_string(), "document": old, "over": over, "sealed": sealed });
    db.query(row).bind(variables).await.and_then(surrealdb::IndexedResults::check).expect("written");
}

async fn opened(folder: &Path) -> Arc<dyn Store> {
    // The engine's last holder lets go in its own time.
    let address = address(folder);
    let opening = SurrealStore::open(&address, None);
    Arc::new(tokio::time::timeout(Duration::from_secs(20), opening).await.expect("in time").expect("brought up"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_the_first_version_is_migrated() {
    for (more, state) in [("", ""), (BETWEEN, "state = 'pending',")] {
        let folder = tempfile::tempdir().expect("a folder");
        let old = session("01j0000000000000000000000a", "ada");
        written(folder.path(), more, state, &old).await;
        let store = opened(folder.path()).await;
        let pending =
            SessionFilter { state: Some(footlight::domain::session::SessionStatus::Pending), limit: 9, ..SessionFilter::default() };
        assert_eq!(
            store.sessions(&pending).await.expect("listed"),
            std::slice::from_ref(&old),
            "found by the state that only version 2 keeps"
        );
        assert_eq!(store.session_keys(&old.id).await.expect("read"), keys("s"), "an active session needs its keys");
        assert_eq!(store.session_keys(&id(OVER)).await.expect("read"), [], "those of a session that is over are deleted");
        assert_eq!(store.draining().await.expect("read"), !more.is_empty());
        let changed = Session { revision: 2, title: "Another".into(), ..old.clone() };
        store.update_session(&changed, Some(&line("changed")), &[]).await.expect("an old session goes on");
        drop(store);
        let store = opened(folder.path()).await;
        assert_eq!(store.session(&id(old.id.as_str())).await.expect("read"), Some(changed.into()), "and is brought up once only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_the_third_version_is_found_by_its_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = session("01j0000000000000000000000a", "ada");
    written(folder.path(), UP_TO_THIRD, "state = 'pending',", &old).await;
    let store = opened(folder.path()).await;
    let due = store.due_deliveries("1f2e3d4c", at(5), 9).await.expect("read");
    assert_eq!(due.iter().map(|line| (&line.session, line.kind.as_str())).collect::<Vec<_>>(), [(&old.id, "session.live")]);
    assert_eq!(store.due_deliveries("another", at(5), 9).await.expect("read"), Vec::new());
}
