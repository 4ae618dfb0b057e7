//! Deleting sessions, accounts and stream keys: all of what is theirs, nothing of others, never half.

use super::{
    accounts::{WIDE, agent, key, sign_in},
    harness::{MASTER, at, hash, id, insert, keys, line, owner, saved, session, try_insert, user},
    retention::{audit_line, delivery, webhook},
    sessions::{over, starting},
};
use footlight::{
    domain::{
        account::{Role, User},
        ids::Generation,
        session::{Owner, Session},
    },
    server::store::{Avatar, Defaults, OverlayGrant, SessionFilter, Store, StoreContents, StoreError},
};
use futures::future::join_all;
use std::sync::Arc;

pub async fn a_deleted_session_leaves_nothing(store: Arc<dyn Store>) {
    let shows = [session("s1", "ada"), session("s2", "bob")];
    for (show, egress) in shows.iter().zip(["EG_1", "EG_2"]) {
        insert(&store, show).await;
        store.update_session(&starting(show, egress), Some(&line("started")), &[delivery(5)]).await.expect("stored");
        store.insert_webhook(&webhook(&format!("EV_{egress}"), egress, 5)).await.expect("stored");
        let grant = OverlayGrant { id: format!("t-{}", show.id), session: show.id.clone(), generation: Generation(1), revoked: false };
        store.insert_overlay_grant(&grant).await.expect("inserted");
    }
    let early = store.delete_session(&id("s1")).await;
    assert!(matches!(&early, Err(StoreError::ActiveSession(of)) if of == &shows[0].id), "{early:?}");
    assert_eq!(store.session_keys(&id("s1")).await.expect("read"), keys("s1"), "a session that runs keeps everything");
    store.update_session(&over(&starting(&shows[0], "EG_1")), Some(&line("over")), &[]).await.expect("stored");
    assert!(store.session(&id("s1")).await.expect("read").is_some(), "and is cached");
    store.delete_session(&id("s1")).await.expect("deleted");
    assert_eq!(store.session(&id("s1")).await.expect("read"), None);
    assert_eq!(store.session_by_egress(&id("EG_1")).await.expect("read"), None);
    assert_eq!(store.timeline(&id("s1")).await.expect("read"), Vec::new());
    assert_eq!(store.webhooks_of(&id("EG_1")).await.expect("read"), Vec::new());
    assert_eq!(store.deliveries(Some(&id("s1")), None, 9).await.expect("read"), Vec::new());
    assert_eq!(store.overlay_grant("t-s1").await.expect("read"), None);
    assert!(matches!(store.delete_session(&id("s1")).await, Err(StoreError::Missing)));
    let left = store.sessions(&SessionFilter { limit: 9, ..SessionFilter::default() }).await.expect("read");
    assert_eq!(left, [starting(&shows[1], "EG_2")]);
    assert_eq!(store.timeline(&id("s2")).await.expect("read").len(), 2);
    assert_eq!(store.webhooks_of(&id("EG_2")).await.expect("read").len(), 1);
    assert_eq!(store.deliveries(Some(&id("s2")), None, 9).await.expect("read").len(), 1);
    assert!(store.overlay_grant("t-s2").await.expect("read").is_some());
}

/// What of an account's is left, counted.
async fn left_of(store: &Arc<dyn Store>, name: &str, its_agent: &str) -> [usize; 5] {
    let as_agent = Owner::Agent(id(its_agent));
    [
        store.agents_of(&id(name)).await.expect("read").len(),
        store.saved_destinations(&owner(name)).await.expect("read").len(),
        store.saved_destinations(&as_agent).await.expect("read").len(),
        store.keys_of(&id(name)).await.expect("read").len(),
        usize::from(store.avatar(&id(its_agent)).await.expect("read").is_some()),
    ]
}

pub async fn an_account_is_closed_then_deleted_with_what_is_its(store: Arc<dyn Store>) {
    for (name, its_agent) in [("ada", "nyx"), ("bob", "orb")] {
        store.insert_user(&user(name), name, Some("$hash")).await.expect("inserted");
        store.insert_sign_in(&hash(name), &sign_in(name, name, false, 1)).await.expect("inserted");
        store.insert_agent(&agent(its_agent, name), 9).await.expect("inserted");
        store.set_avatar(&id(its_agent), Some(&Avatar { media_type: "image/png".into(), bytes: vec![1] })).await.expect("set");
        store
            .insert_key(&hash(&format!("key of {name}")), &key(&format!("k-{name}"), name, Some(its_agent)), WIDE)
            .await
            .expect("inserted");
        store.insert_destination(&saved(&format!("d-{name}"), owner(name)), &id(name), 9).await.expect("saved");
        store.insert_destination(&saved(&format!("e-{name}"), Owner::Agent(id(its_agent))), &id(name), 9).await.expect("saved");
        store.set_defaults(&owner(name), &Defaults::default()).await.expect("set");
    }
    let show = session("s1", "ada");
    insert(&store, &show).await;
    assert!(matches!(store.close_account(&id("none"), at(10)).await, Err(StoreError::Missing)));
    for _ in 0..2 {
        store.close_account(&id("ada"), at(10)).await.expect("closed, however often");
    }
    assert_eq!(store.closed_accounts().await.expect("read"), [id("ada")]);
    // Nobody acts for it any more, and nothing is made for it.
    assert_eq!(store.sign_in(&hash("ada")).await.expect("read"), None);
    assert_eq!(store.key(&hash("key of ada")).await.expect("read"), None);
    assert_eq!(store.user_by_name("ada").await.expect("read").map(|(_, hash)| hash), Some(None));
    let refused = [
        store.insert_agent(&agent("new", "ada"), 9).await,
        store.insert_key(&hash("new"), &key("new", "ada", None), WIDE).await,
        store.insert_destination(&saved("new", owner("ada")), &id("ada"), 9).await,
        try_insert(&store, &Session { owner: Owner::Agent(id("nyx")), ..session("s2", "ada") }, None).await,
    ];
    assert!(refused.iter().all(|end| matches!(end, Err(StoreError::Missing))), "{refused:?}");
    // Its session runs, and then it is there.
    assert!(matches!(store.delete_account(&id("ada"), at(20)).await, Err(StoreError::Stale)));
    store.update_session(&over(&show), Some(&line("over")), &[]).await.expect("stored");
    assert!(matches!(store.delete_account(&id("ada"), at(20)).await, Err(StoreError::Stale)));
    store.delete_session(&show.id).await.expect("deleted");
    store.delete_account(&id("ada"), at(20)).await.expect("deleted");
    assert_eq!(store.user(&id("ada")).await.expect("read"), None);
    assert_eq!(left_of(&store, "ada", "nyx").await, [0; 5]);
    assert_eq!(store.closed_accounts().await.expect("read"), Vec::new());
    let late = try_insert(&store, &session("s3", "ada"), None).await;
    assert!(matches!(late, Err(StoreError::Missing)), "a start that began before: {late:?}");
    store.forget_closed_accounts(at(20)).await.expect("not yet");
    assert!(try_insert(&store, &session("s3", "ada"), None).await.is_err());
    store.forget_closed_accounts(at(21)).await.expect("forgotten");
    store.insert_user(&user("ada2"), "ada", None).await.expect("the name is free");
    assert_eq!(left_of(&store, "bob", "orb").await, [1; 5], "another account lost nothing");
    assert_eq!(store.sign_in(&hash("bob")).await.expect("read"), Some(sign_in("bob", "bob", false, 1)));
}

pub async fn one_of_racing_administrators_stays(store: Arc<dyn Store>) {
    for name in ["ada", "bob", "cem"] {
        store.insert_user(&User { role: Role::Admin, ..user(name) }, name, None).await.expect("inserted");
    }
    let closing = ["ada", "bob", "cem"].map(|name| {
        let store = store.clone();
        async move { store.close_account(&id(name), at(10)).await }
    });
    let ends = join_all(closing).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 2, "{ends:?}");
    assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(StoreError::LastAdmin))), "{ends:?}");
    for user in store.closed_accounts().await.expect("read") {
        store.delete_account(&user, at(20)).await.expect("deleted");
    }
    assert_eq!(store.count_users().await.expect("counted"), 1);
}

pub async fn audit_lines_are_read_by_account_and_lose_its_name(store: Arc<dyn Store>) {
    for number in 0..6 {
        let user = if number == 3 { "bob" } else { "ada" };
        store.insert_audit(&audit_line(&format!("a{number}"), Some(user))).await.expect("stored");
    }
    let ids = async |after: Option<&str>, limit| {
        let lines = store.audit_of(&id("ada"), after, limit).await.expect("read");
        lines.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 2).await, ["a0", "a1"]);
    assert_eq!(ids(Some("a1"), 9).await, ["a2", "a4", "a5"]);
    let pseudonym = id("deleted-0123");
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        steps.push(store.pseudonymise_audit(&id("ada"), &pseudonym, 2).await.expect("changed"));
    }
    assert_eq!(steps, [2, 2, 1, 0]);
    assert_eq!(ids(None, 9).await, [""; 0]);
    let lines = store.audit(None, 9).await.expect("read");
    assert_eq!(lines.len(), 6, "no line is lost");
    let (of_bob, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.user == Some(id("bob")));
    assert_eq!(of_bob, [audit_line("a3", Some("bob"))]);
    assert!(others.iter().all(|line| line.user.as_ref() == Some(&pseudonym) && line.subject.is_empty() && line.address.is_none()));
}

/// Whatever is sealed in the store.
async fn sealed_with(store: &Arc<dyn Store>) -> Vec<String> {
    let StoreContents { sealed_with, .. } = store.contents().await.expect("read");
    sealed_with
}

pub async fn stream_keys_go_with_what_they_were_for(store: Arc<dyn Store>) {
    assert_eq!(sealed_with(&store).await, [""; 0]);
    // Typed for one session: in the transaction that closes it.
    let show = session("s1", "ada");
    insert(&store, &show).await;
    assert_eq!(sealed_with(&store).await, [MASTER]);
    store.update_session(&over(&show), None, &[]).await.expect("stored");
    assert_eq!(sealed_with(&store).await, [""; 0]);
    // Kept, and forgotten.
    store.insert_destination(&saved("d9", owner("ada")), &id("ada"), 9).await.expect("saved");
    assert_eq!(sealed_with(&store).await, [MASTER]);
    store.delete_destination(&owner("ada"), &id("d9")).await.expect("forgotten");
    assert_eq!(sealed_with(&store).await, [""; 0]);
    // An agent's, with the agent.
    store.insert_agent(&agent("nyx", "ada"), 9).await.expect("inserted");
    store.insert_destination(&saved("d8", Owner::Agent(id("nyx"))), &id("ada"), 9).await.expect("saved");
    assert_eq!(sealed_with(&store).await, [MASTER]);
    store.delete_agent(&id("ada"), &id("nyx")).await.expect("deleted");
    assert_eq!(sealed_with(&store).await, [""; 0]);
    // An account's, with the account.
    store.insert_user(&user("bob"), "bob", None).await.expect("inserted");
    store.insert_destination(&saved("d7", owner("bob")), &id("bob"), 9).await.expect("saved");
    store.close_account(&id("bob"), at(10)).await.expect("closed");
    store.delete_account(&id("bob"), at(20)).await.expect("deleted");
    assert_eq!(sealed_with(&store).await, [""; 0]);
}
