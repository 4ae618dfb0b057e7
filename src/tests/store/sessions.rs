//! Sessions with their keys and timelines, destinations, overlay tokens.

use super::harness::{MASTER, at, id, insert, keys, line, once, owner, place, saved, sealed, session, try_insert};
use footlight::{
    domain::{
        ids::Generation,
        session::{EndReason, Session, SessionState, SessionStatus},
    },
    server::store::{Idempotency, OverlayGrant, SavedDestination, SessionFilter, Store, StoreError},
};
use std::sync::Arc;

pub fn over(of: &Session) -> Session {
    let state = SessionState::Ended { reason: EndReason::stopped(), live_since: None, at: at(2_000) };
    Session { state, revision: of.revision + 1, ..of.clone() }
}

pub fn starting(of: &Session, egress: &str) -> Session {
    let state = SessionState::Starting { egress: id(egress), since: at(1_500) };
    Session { state, revision: of.revision + 1, ..of.clone() }
}

pub async fn a_session_comes_back_with_keys_and_timeline(store: Arc<dyn Store>) {
    let show = session("s1", "ada");
    insert(&store, &show).await;
    assert_eq!(store.session(&show.id).await.expect("read"), Some(show.clone().into()));
    assert_eq!(store.session_keys(&show.id).await.expect("read"), keys("s1"));
    let next = starting(&show, "EG_1");
    store.update_session(&next, Some(&line("started")), &[]).await.expect("stored");
    store.update_session(&Session { revision: 3, title: "silent".into(), ..next.clone() }, None, &[]).await.expect("stored");
    let lines: Vec<_> = store.timeline(&show.id).await.expect("read").into_iter().map(|line| line.what).collect();
    assert_eq!(lines, ["asked for", "started"]);
    assert_eq!(store.session(&id("none")).await.expect("read"), None);
    assert_eq!(store.session_keys(&id("none")).await.expect("read"), Vec::new());
}

pub async fn one_active_session_and_one_use_of_a_key(store: Arc<dyn Store>) {
    let first = session("s1", "ada");
    let key = Idempotency { key: "k".into(), fingerprint: Some("a request".into()) };
    try_insert(&store, &first, Some(&key)).await.expect("inserted");
    let second = try_insert(&store, &session("s2", "ada"), None).await;
    assert!(matches!(&second, Err(StoreError::ActiveSession(of)) if of == &first.id), "{second:?}");
    assert_eq!(store.session(&id("s2")).await.expect("read"), None);
    assert_eq!(store.active_session_of(&owner("ada")).await.expect("read").map(|one| one.id), Some(first.id.clone()));
    store.update_session(&over(&first), Some(&line("over")), &[]).await.expect("stored");
    assert_eq!(store.active_session_of(&owner("ada")).await.expect("read"), None);
    let repeated = try_insert(&store, &session("s3", "ada"), Some(&once("k"))).await;
    assert!(matches!(repeated, Err(StoreError::Taken(_))), "{repeated:?}");
    try_insert(&store, &session("s4", "bob"), Some(&once("k"))).await.expect("another owner's key is another");
    let known = |since: i64| {
        let store = store.clone();
        async move { store.session_by_idempotency_key(&owner("ada"), "k", at(since)).await.expect("read").map(|(one, of)| (one.id, of)) }
    };
    assert_eq!(known(1_000).await, Some((first.id, Some("a request".into()))));
    assert_eq!(known(1_001).await, None, "older than asked for");
}

pub async fn a_change_over_an_older_revision_is_refused(store: Arc<dyn Store>) {
    let show = session("s1", "ada");
    insert(&store, &show).await;
    store.update_session(&starting(&show, "EG_1"), None, &[]).await.expect("stored");
    for revision in [1, 2, 4] {
        let stale = store.update_session(&Session { revision, ..show.clone() }, Some(&line("late")), &[]).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{revision}: {stale:?}");
    }
    assert_eq!(store.timeline(&show.id).await.expect("read").len(), 1);
    assert!(matches!(store.update_session(&session("none", "bob"), None, &[]).await, Err(StoreError::Missing)));
}

pub async fn sessions_are_listed_by_account_state_and_page(store: Arc<dyn Store>) {
    for (name, of) in [("s1", "ada"), ("s2", "ada"), ("s3", "bob"), ("s4", "ada")] {
        insert(&store, &session(name, of)).await;
        if name < "s3" {
            store.update_session(&over(&session(name, of)), None, &[]).await.expect("stored");
        }
    }
    let cases: [(SessionFilter, &[&str]); 9] = [
        (SessionFilter { limit: 9, ..SessionFilter::default() }, &["s4", "s3", "s2", "s1"]),
        (SessionFilter { limit: 2, ..SessionFilter::default() }, &["s4", "s3"]),
        (SessionFilter { limit: 9, behind: Some(id("s3")), ..SessionFilter::default() }, &["s2", "s1"]),
        (SessionFilter { limit: 9, account: Some(id("ada")), ..SessionFilter::default() }, &["s4", "s2", "s1"]),
        (SessionFilter { limit: 9, active: Some(true), ..SessionFilter::default() }, &["s4", "s3"]),
        (SessionFilter { limit: 9, account: Some(id("ada")), active: Some(false), ..SessionFilter::default() }, &["s2", "s1"]),
        (SessionFilter { limit: 9, state: Some(SessionStatus::Ended), ..SessionFilter::default() }, &["s2", "s1"]),
        (SessionFilter { limit: 2, oldest_first: true, ..SessionFilter::default() }, &["s1", "s2"]),
        (SessionFilter { limit: 9, oldest_first: true, behind: Some(id("s2")), ..SessionFilter::default() }, &["s3", "s4"]),
    ];
    for (filter, expected) in cases {
        let listed = store.sessions(&filter).await.expect("read");
        assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
    }
    assert_eq!(store.active_sessions().await.expect("read").len(), 2);
    for (state, from, count) in [
        (SessionStatus::Ended, "s1", 2),
        (SessionStatus::Ended, "s2", 1),
        (SessionStatus::Failed, "s1", 0),
        (SessionStatus::Pending, "s1", 2),
    ] {
        assert_eq!(store.count_in_state(state, &id(from)).await.expect("read"), count, "{state} from {from}");
    }
}

pub async fn draining_lasts_until_it_is_switched_off(store: Arc<dyn Store>) {
    assert!(!store.draining().await.expect("read"));
    for draining in [true, true, false] {
        store.set_draining(draining).await.expect("stored");
        assert_eq!(store.draining().await.expect("read"), draining);
    }
}

pub async fn sessions_are_found_by_any_of_their_egresses(store: Arc<dyn Store>) {
    let show = session("s1", "ada");
    insert(&store, &show).await;
    let first = starting(&show, "EG_1");
    store.update_session(&first, None, &[]).await.expect("stored");
    store.update_session(&starting(&first, "EG_2"), None, &[]).await.expect("stored");
    for (egress, found) in [("EG_1", true), ("EG_2", true), ("EG_3", false)] {
        assert_eq!(store.session_by_egress(&id(egress)).await.expect("read").is_some(), found, "{egress}");
    }
}

pub async fn destinations_belong_to_owners_and_are_deleted(store: Arc<dyn Store>) {
    let saved = |name: &str, of: &str| saved(name, owner(of));
    store.insert_destination(&saved("Zed", "ada"), &id("ada"), 9).await.expect("saved");
    store.insert_destination(&saved("abc", "ada"), &id("ada"), 9).await.expect("saved");
    assert!(matches!(store.insert_destination(&saved("abc", "bob"), &id("bob"), 9).await, Err(StoreError::Taken(_))));
    assert!(matches!(store.replace_destination(&saved("abc", "bob")).await, Err(StoreError::Missing)), "another's");
    store.destinations_used(&[id("abc"), id("none")], at(7)).await.expect("noted");
    let used = SavedDestination { used_at: Some(at(7)), ..saved("abc", "ada") };
    assert_eq!(store.saved_destinations(&owner("ada")).await.expect("read"), vec![used, saved("Zed", "ada")]);
    assert!(matches!(store.delete_destination(&owner("bob"), &id("abc")).await, Err(StoreError::Missing)));
    store.delete_destination(&owner("ada"), &id("abc")).await.expect("deleted");
    assert!(matches!(store.replace_destination(&saved("abc", "ada")).await, Err(StoreError::Missing)), "what is deleted stays deleted");
    assert_eq!(store.saved_destinations(&owner("ada")).await.expect("read"), vec![saved("Zed", "ada")]);
}

pub async fn only_keys_of_old_master_keys_are_resealed(store: Arc<dyn Store>) {
    let (old, new) = (sealed("master-0", "x:y:z"), sealed(MASTER, "p:q:r"));
    let kept = SavedDestination { owner: owner("ada"), destination: place("d9"), key: old.clone(), used_at: None };
    store.insert_destination(&kept, &id("ada"), 9).await.expect("saved");
    insert(&store, &session("s1", "ada")).await;
    assert_eq!(store.destinations_sealed_with_other_key(MASTER).await.expect("read"), vec![kept]);
    assert!(!store.reseal_destination(&id("d9"), &new, &new).await.expect("asked"), "it is no longer what was read");
    assert!(store.reseal_destination(&id("d9"), &old, &new).await.expect("asked"));
    assert_eq!(store.destinations_sealed_with_other_key(MASTER).await.expect("read"), Vec::new());
    assert_eq!(store.saved_destinations(&owner("ada")).await.expect("read")[0].key, new);
    assert_eq!(store.sessions_sealed_with_other_key(MASTER).await.expect("read"), Vec::new());
    assert_eq!(store.sessions_sealed_with_other_key("master-2").await.expect("read"), vec![id("s1")]);
    assert!(!store.reseal_session(&id("s1"), &keys("other"), &keys("new")).await.expect("asked"));
    assert!(store.reseal_session(&id("s1"), &keys("s1"), &keys("new")).await.expect("asked"));
    assert_eq!(store.session_keys(&id("s1")).await.expect("read"), keys("new"));
}

pub async fn credentials_are_replaced_resealed_and_deleted(store: Arc<dyn Store>) {
    let (old, new) = (sealed("master-0", "x:y:z"), sealed(MASTER, "p:q:r"));
    assert_eq!(store.credential("twitch").await.expect("read"), None);
    store.set_credential("twitch", Some(&new)).await.expect("stored");
    store.set_credential("twitch", Some(&old)).await.expect("replaced");
    assert!(!store.reseal_credential("twitch", &new, &new).await.expect("asked"), "it is no longer what was read");
    assert!(!store.reseal_credential("youtube", &old, &new).await.expect("asked"));
    assert!(store.reseal_credential("twitch", &old, &new).await.expect("asked"));
    assert_eq!(store.credential("twitch").await.expect("read"), Some(new));
    store.set_credential("twitch", None).await.expect("forgotten");
    store.set_credential("twitch", None).await.expect("forgotten already");
    assert_eq!(store.credential("twitch").await.expect("read"), None);
}

pub async fn overlay_tokens_are_revoked_by_generation_or_all(store: Arc<dyn Store>) {
    let grant =
        |name: &str, generation| OverlayGrant { id: name.into(), session: id("s1"), generation: Generation(generation), revoked: false };
    for (name, generation) in [("t1", 1), ("t2", 2), ("t3", 3)] {
        store.insert_overlay_grant(&grant(name, generation)).await.expect("inserted");
    }
    assert_eq!(store.overlay_grant("t1").await.expect("read"), Some(grant("t1", 1)));
    assert_eq!(store.overlay_grant("none").await.expect("read"), None);
    let steps = [(Some(Generation(1)), [true, false, false]), (None, [true, true, true])];
    for (generation, expected) in steps {
        store.revoke_overlay_grants(&id("s1"), generation).await.expect("revoked");
        for (name, revoked) in ["t1", "t2", "t3"].into_iter().zip(expected) {
            assert_eq!(store.overlay_grant(name).await.expect("read").expect("there").revoked, revoked, "{name}");
        }
    }
}
