//! Limits, claims, and changes of destinations: each decided in the transaction that writes, so racing callers cannot pass them.

use super::{
    harness::{MASTER, WIDE, at, hash, id, insert, keys, line, new_session, once, owner, place, saved, sealed, session, try_insert},
    sessions::over,
};
use footlight::{
    domain::{
        agent::Agent,
        ids::DestinationId,
        key::{ApiKey, Scope},
        session::{Owner, Session},
    },
    server::store::{
        DestinationChange, KeyLimits, Limit, NewStoredSession, RememberedCall, SealedKey, SessionLimits, Store, StoreError, TimelineEntry,
    },
};
use futures::future::join_all;
use serde_json::json;
use std::{fmt::Debug, sync::Arc, time::Duration};

const LONG: Duration = Duration::from_secs(60);

fn agent(name: &str, of: &str) -> Agent {
    Agent { id: id(name), owner: id(of), name: name.to_owned(), avatar: None, created_at: at(1) }
}

fn key(name: &str, of: &str) -> ApiKey {
    ApiKey {
        id: id(name),
        user: id(of),
        agent: None,
        name: name.to_owned(),
        prefix: "fl_abcdef".into(),
        scopes: vec![Scope::Read],
        created_at: at(1),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

/// Does it as often at once, and counts those that were not refused; the others were refused by this limit.
async fn racing<T: Debug + Send + 'static>(
    store: &Arc<dyn Store>,
    times: usize,
    limit: Limit,
    attempt: impl AsyncFn(Arc<dyn Store>, usize) -> Result<T, StoreError>,
) -> usize {
    let ends = join_all((0..times).map(|number| attempt(store.clone(), number))).await;
    assert!(ends.iter().all(|end| matches!(end, Ok(_) | Err(StoreError::TooMany(_)))), "{ends:?}");
    assert!(ends.iter().all(|end| !matches!(end, Err(StoreError::TooMany(other)) if *other != limit)), "{ends:?}");
    ends.iter().filter(|end| end.is_ok()).count()
}

pub async fn racing_inserts_stay_within_their_limits(store: Arc<dyn Store>) {
    let of_account = SessionLimits { of_account: 3, ..WIDE };
    let started = racing(&store, 12, Limit::SessionsOfAccount, async |store, number| {
        let session = Session { owner: owner(&format!("part{number}")), ..session(&format!("s{number}"), "ada") };
        store.insert_session(&NewStoredSession { limits: of_account, ..new_session(&session, &line("asked for")) }).await
    });
    assert_eq!(started.await, 3);
    let in_all = SessionLimits { in_all: 5, ..WIDE };
    let started = racing(&store, 8, Limit::Sessions, async |store, number| {
        let session = session(&format!("t{number}"), &format!("other{number}"));
        store.insert_session(&NewStoredSession { limits: in_all, ..new_session(&session, &line("asked for")) }).await
    });
    assert_eq!(started.await, 2, "three are there already");
    let made = racing(&store, 10, Limit::Agents, async |store, number| store.insert_agent(&agent(&format!("a{number}"), "ada"), 4).await);
    assert_eq!(made.await, 4);
    let limits = KeyLimits { valid: 4, invalid: 2 };
    let made = racing(&store, 10, Limit::Keys, async |store, number| {
        store.insert_key(&hash(&format!("k{number}")), &key(&format!("k{number}"), "ada"), limits).await
    });
    assert_eq!(made.await, 4);
    let made = racing(&store, 10, Limit::SavedDestinations, async |store, number| {
        store.insert_destination(&saved(&format!("d{number}"), owner("ada")), &id("ada"), 4).await
    });
    assert_eq!(made.await, 4);
    let full = SessionLimits { saved: 5, ..WIDE };
    let (session, entry) = (session("u1", "ada"), line("asked for"));
    let saving = NewStoredSession { saving: 2, limits: full, ..new_session(&session, &entry) };
    let refused = store.insert_session(&saving).await;
    assert!(matches!(refused, Err(StoreError::TooMany(Limit::SavedDestinations))), "{refused:?}");
    store.insert_session(&NewStoredSession { saving: 1, ..saving }).await.expect("room for one");
}

pub async fn made_and_revoked_keys_do_not_pile_up(store: Arc<dyn Store>) {
    let limits = KeyLimits { valid: 3, invalid: 2 };
    for number in 0..9 {
        let name = format!("k{number}");
        store.insert_key(&hash(&name), &key(&name, "ada"), limits).await.expect("inserted");
        store.revoke_key(&id("ada"), &id(&name), at(2)).await.expect("revoked");
    }
    store.insert_key(&hash("bobs"), &key("k0b", "bob"), limits).await.expect("inserted");
    let left: Vec<_> = store.keys_of(&id("ada")).await.expect("read").into_iter().map(|key| key.id.to_string()).collect();
    assert_eq!(left, ["k6", "k7", "k8"], "the last two before the newest, which was valid when it was made");
    assert_eq!(store.key(&hash("k0")).await.expect("read"), None);
    assert_eq!(store.keys_of(&id("bob")).await.expect("read").len(), 1);
}

pub async fn a_claimed_start_keeps_its_place(store: Arc<dyn Store>) {
    let (first, next) = (session("s1", "ada"), session("s2", "ada"));
    insert(&store, &first).await;
    let entry = line("asked for");
    let one_in_all = SessionLimits { in_all: 1, ..WIDE };
    let new = NewStoredSession { limits: one_in_all, claim: Some("mine"), ..new_session(&next, &entry) };
    let other = NewStoredSession { claim: Some("another"), ..new };
    let bobs = session("s3", "bob");
    let bob = NewStoredSession { claim: None, ..NewStoredSession { session: &bobs, ..new } };
    assert_eq!(store.claim_start(&new, LONG).await.expect("claimed"), Some(first.id.clone()));
    assert!(matches!(store.claim_start(&other, LONG).await, Err(StoreError::Starting)));
    assert!(matches!(store.claim_start(&bob, LONG).await, Err(StoreError::TooMany(Limit::Sessions))), "it would be refused afterwards");
    store.update_session(&over(&first), Some(&line("over")), &[]).await.expect("stored");
    let refused = store.insert_session(&bob).await;
    assert!(matches!(refused, Err(StoreError::TooMany(Limit::Sessions))), "the place is kept: {refused:?}");
    let refused = store.insert_session(&NewStoredSession { claim: None, ..new }).await;
    assert!(matches!(refused, Err(StoreError::Starting)), "{refused:?}");
    store.insert_session(&new).await.expect("in its place");
    // Counted once, and the claim is used up.
    assert_eq!(store.claim_start(&other, LONG).await.expect("claimed"), Some(next.id.clone()));
    store.release_start(&owner("ada"), "mine").await.expect("no claim of that name");
    assert!(matches!(store.claim_start(&new, LONG).await, Err(StoreError::Starting)));
    store.release_start(&owner("ada"), "another").await.expect("given back");
    // One that nobody gives back runs out.
    assert_eq!(store.claim_start(&new, Duration::ZERO).await.expect("claimed"), Some(next.id.clone()));
    store.update_session(&over(&next), Some(&line("over")), &[]).await.expect("stored");
    store.insert_session(&bob).await.expect("free again");
    assert_eq!(store.claim_start(&NewStoredSession { limits: WIDE, ..new }, LONG).await.expect("asked"), None, "nothing is to be replaced");
}

pub async fn a_repeated_start_claims_nothing(store: Arc<dyn Store>) {
    let (first, again) = (session("s1", "ada"), session("s2", "ada"));
    try_insert(&store, &first, Some(&once("k"))).await.expect("inserted");
    let key = once("k");
    let entry = line("asked for");
    let new = NewStoredSession { idempotency: Some(&key), claim: Some("mine"), ..new_session(&again, &entry) };
    let refused = store.claim_start(&new, LONG).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    assert!(store.claim_start(&NewStoredSession { idempotency: None, ..new }, LONG).await.expect("claimed").is_some());
}

fn one_more(session: &Session, name: &str) -> Session {
    let destinations = session.destinations.iter().cloned().chain([place(name)]).collect();
    Session { destinations, revision: session.revision + 1, ..session.clone() }
}

fn change<'a>(session: &'a Session, entry: &'a TimelineEntry, keys: &'a [(DestinationId, SealedKey)]) -> DestinationChange<'a> {
    DestinationChange { session, entry, deliveries: &[], keys, saved: &[], most_saved: 9, call: None }
}

pub async fn destinations_and_keys_change_together_or_not_at_all(store: Arc<dyn Store>) {
    let show = session("s1", "ada");
    insert(&store, &show).await;
    let entry = line("changed");
    let new_key = |name: &str| vec![(id::<DestinationId>(name), sealed(MASTER, &format!("iv:tag:{name}")))];
    let call = RememberedCall { owner: owner("ada"), key: "k".into(), fingerprint: "f".into(), at: at(5_000), answer: json!([1, "two"]) };
    let (more, key) = (one_more(&show, "d3"), new_key("d3"));
    let kept = [saved("d3", owner("ada"))];
    store.update_destinations(&DestinationChange { saved: &kept, call: Some(&call), ..change(&more, &entry, &key) }).await.expect("stored");
    let all = [keys("s1"), key.clone()].concat();
    assert_eq!(store.session_keys(&show.id).await.expect("read"), all);
    assert_eq!(store.saved_destinations(&owner("ada")).await.expect("read"), kept);
    assert_eq!(store.remembered_call(&owner("ada"), "k", at(5_000)).await.expect("read"), Some(call.clone()));
    assert_eq!(store.remembered_call(&owner("ada"), "k", at(5_001)).await.expect("read"), None, "too old");
    assert_eq!(store.remembered_call(&owner("bob"), "k", at(0)).await.expect("read"), None, "another's key is another");
    // Refused: over an older revision, under a used key, beyond the limit of saved ones. None leaves anything.
    let (fourth, key) = (one_more(&more, "d4"), new_key("d4"));
    let kept = [saved("d4", owner("ada"))];
    let stale = Session { revision: 2, ..fourth.clone() };
    let refused = store.update_destinations(&change(&stale, &entry, &key)).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    let refused = store.update_destinations(&DestinationChange { call: Some(&call), ..change(&fourth, &entry, &key) }).await;
    assert!(matches!(refused, Err(StoreError::Taken(_))), "{refused:?}");
    let refused = store.update_destinations(&DestinationChange { saved: &kept, most_saved: 1, ..change(&fourth, &entry, &key) }).await;
    assert!(matches!(refused, Err(StoreError::TooMany(Limit::SavedDestinations))), "{refused:?}");
    assert_eq!(store.session_keys(&show.id).await.expect("read"), all);
    assert_eq!(store.session(&show.id).await.expect("read"), Some(more.clone().into()));
    // A key that was sealed again meanwhile stays so, and a removed destination's key is gone.
    let resealed: Vec<_> = all.iter().map(|(id, _)| (id.clone(), sealed("master-2", &format!("again:{id}:x")))).collect();
    assert!(store.reseal_session(&show.id, &all, &resealed).await.expect("asked"));
    let fewer = Session { destinations: fourth.destinations[1..].to_vec(), ..fourth };
    let day_later = RememberedCall { at: at(5_001 + 24 * 3_600_000), ..call };
    store.update_destinations(&DestinationChange { call: Some(&day_later), ..change(&fewer, &entry, &key) }).await.expect("stored");
    assert_eq!(store.session_keys(&show.id).await.expect("read"), [resealed[1..].to_vec(), key].concat());
    store.update_session(&over(&fewer), Some(&line("over")), &[]).await.expect("stored");
    assert_eq!(store.session_keys(&show.id).await.expect("read"), [], "the keys go with the end");
    assert_eq!(store.sessions_sealed_with_other_key(MASTER).await.expect("read"), [], "and no rotation finds them");
}

pub async fn racing_destination_changes_lose_no_key(store: Arc<dyn Store>) {
    insert(&store, &session("s1", "ada")).await;
    let adding = (0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let (name, entry) = (format!("new{number}"), line("changed"));
            let key = [(id::<DestinationId>(&name), sealed(MASTER, "a:b:c"))];
            loop {
                let stored = store.session(&id("s1")).await.expect("read").expect("there");
                match store.update_destinations(&change(&one_more(&stored, &name), &entry, &key)).await {
                    Err(StoreError::Stale) => {}
                    done => return done.expect("stored"),
                }
            }
        })
    });
    for end in join_all(adding).await {
        end.expect("no panic");
    }
    let stored = store.session(&id("s1")).await.expect("read").expect("there");
    let mut sealed: Vec<_> = store.session_keys(&id("s1")).await.expect("read").into_iter().map(|(id, _)| id).collect();
    let mut places: Vec<_> = stored.destinations.iter().map(|of| of.id.clone()).collect();
    sealed.sort();
    places.sort();
    assert_eq!((places.len(), sealed), (10, places));
}

pub async fn an_agent_with_a_session_is_not_deleted(store: Arc<dyn Store>) {
    store.insert_agent(&agent("nyx", "ada"), 9).await.expect("inserted");
    let show = Session { owner: Owner::Agent(id("nyx")), ..session("s1", "ada") };
    insert(&store, &show).await;
    let refused = store.delete_agent(&id("ada"), &id("nyx")).await;
    assert!(matches!(&refused, Err(StoreError::ActiveSession(of)) if of == &show.id), "{refused:?}");
    store.update_session(&over(&show), Some(&line("over")), &[]).await.expect("stored");
    store.delete_agent(&id("ada"), &id("nyx")).await.expect("deleted");
    let late = try_insert(&store, &Session { owner: Owner::Agent(id("nyx")), ..session("s2", "ada") }, None).await;
    assert!(matches!(late, Err(StoreError::Missing)), "{late:?}");
}
