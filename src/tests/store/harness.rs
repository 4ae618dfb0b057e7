//! Stores and sample records.

use footlight::{
    domain::{
        account::{Role, User},
        destination::{Destination, Platform},
        ids::DestinationId,
        overlay::OverlaySettings,
        session::{Actor, Owner, Session},
        timestamp::Timestamp,
        video::VideoFormat,
    },
    server::store::{
        Idempotency, NewStoredSession, SavedDestination, SealedKey, SessionLimits, Store, StoreError, TimelineEntry, TokenHash,
        surreal::SurrealStore,
    },
};
use serde_json::json;
use std::{fmt::Debug, path::Path, str::FromStr, sync::Arc};

pub const MASTER: &str = "master-1";

pub async fn in_memory() -> Arc<dyn Store> {
    open("mem://").await
}

pub async fn on_disk(folder: &Path) -> Arc<dyn Store> {
    open(&format!("surrealkv://{}", folder.join("store").display())).await
}

async fn open(address: &str) -> Arc<dyn Store> {
    let store: Arc<dyn Store> = Arc::new(SurrealStore::open(address, None).await.expect("the store opens"));
    store.ping().await.expect("the store answers");
    store
}

pub fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("an id")
}

pub const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn hash(text: &str) -> TokenHash {
    TokenHash(text.to_owned())
}

pub fn user(name: &str) -> User {
    User { id: id(name), name: name.to_owned(), role: Role::Streamer, created_at: at(1) }
}

pub fn owner(name: &str) -> Owner {
    Owner::User(id(name))
}

pub fn place(name: &str) -> Destination {
    let address = Some("rtmps://live.example/app".to_owned());
    Destination { id: id(name), platform: Platform::Custom, name: name.to_owned(), address, key_tail: "6f2a".into(), channel: None }
}

pub fn sealed(master: &str, text: &str) -> SealedKey {
    SealedKey { key_id: master.into(), text: text.into() }
}

pub fn keys(session: &str) -> Vec<(DestinationId, SealedKey)> {
    vec![(id("d1"), sealed(MASTER, &format!("iv:tag:{session}1"))), (id("d2"), sealed(MASTER, &format!("iv:tag:{session}2")))]
}

/// A pending session of a user's.
pub fn session(name: &str, of: &str) -> Session {
    let document = json!({
        "id": name,
        "owner": owner(of),
        "account": of,
        "stream_type": "user",
        "entity_name": of,
        "title": "„Ein Titel“ 'with' \"quotes\" ; $x",
        "state": { "name": "pending" },
        "health": [],
        "destinations": [place("d1"), place("d2")],
        "video": VideoFormat { width: 1280, height: 720, framerate: 30, bitrate_kbps: 3000 },
        "overlay": OverlaySettings::for_user(),
        "generation": 1,
        "created_at": at(1_000),
        "revision": 1,
    });
    serde_json::from_value(document).expect("a session")
}

pub fn line(what: &str) -> TimelineEntry {
    TimelineEntry { at: at(1_000), actor: Actor::Studio, what: what.into(), state: footlight::domain::session::SessionStatus::Pending }
}

/// More than a test needs.
pub const WIDE: SessionLimits = SessionLimits { of_account: 1_000_000, in_all: 1_000_000, saved: 1_000_000 };

/// A session as it is stored first, within wide limits.
pub fn new_session<'a>(session: &'a Session, entry: &'a TimelineEntry) -> NewStoredSession<'a> {
    NewStoredSession { session, keys: &[], idempotency: None, entry, saving: 0, limits: WIDE, claim: None }
}

/// An idempotency key that fits every request.
pub fn once(key: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), fingerprint: None }
}

/// Tries to put a session in, under an idempotency key.
pub async fn try_insert(store: &Arc<dyn Store>, session: &Session, key: Option<&Idempotency>) -> Result<(), StoreError> {
    store.insert_session(&NewStoredSession { idempotency: key, ..new_session(session, &line("asked for")) }).await
}

/// Puts a session in.
pub async fn insert(store: &Arc<dyn Store>, session: &Session) {
    let keys = keys(session.id.as_str());
    store.insert_session(&NewStoredSession { keys: &keys, ..new_session(session, &line("asked for")) }).await.expect("inserted");
}

pub fn saved(name: &str, of: Owner) -> SavedDestination {
    SavedDestination { owner: of, destination: place(name), key: sealed(MASTER, "a:b:c"), used_at: None }
}
