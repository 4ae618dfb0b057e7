//! Accounts, sign-ins, agents, API keys, defaults, the audit log.

use super::harness::{at, hash, id, owner, place, sealed, user};
use footlight::{
    domain::{
        agent::{Agent, AutoStart},
        audit::{AuditAction, AuditEntry},
        key::{ApiKey, Scope},
        overlay::OverlayPatch,
        session::Owner,
    },
    server::store::{Avatar, Defaults, KeyLimits, SavedDestination, SignIn, Store, StoreError},
};
use std::sync::Arc;

pub const WIDE: KeyLimits = KeyLimits { valid: 99, invalid: 99 };

pub fn sign_in(name: &str, of: &str, once: bool, created: i64) -> SignIn {
    let (id, user) = (id(name), id(of));
    SignIn { id, user, once, created_at: at(created), expires_at: at(9_999), address: Some("2001:db8::1".into()), browser: "Fox".into() }
}

pub fn agent(name: &str, of: &str) -> Agent {
    Agent { id: id(name), owner: id(of), name: name.to_owned(), avatar: None, created_at: at(1) }
}

pub fn key(name: &str, of: &str, agent: Option<&str>) -> ApiKey {
    ApiKey {
        id: id(name),
        user: id(of),
        agent: agent.map(id),
        name: name.to_owned(),
        prefix: "fl_abcdef".into(),
        scopes: vec![Scope::Start, Scope::Read],
        created_at: at(1),
        expires_at: Some(at(500)),
        last_used_at: None,
        revoked_at: None,
    }
}

pub async fn accounts_are_found_by_id_and_by_name(store: Arc<dyn Store>) {
    let ada = user("ada");
    assert_eq!(store.count_users().await.expect("counted"), 0);
    store.insert_user(&ada, "ada", Some("$argon2id$hash")).await.expect("inserted");
    let twice = store.insert_user(&user("ada2"), "ada", None).await;
    assert!(matches!(twice, Err(StoreError::Taken(_))), "{twice:?}");
    assert_eq!(store.user(&ada.id).await.expect("read"), Some(ada.clone()));
    assert_eq!(store.user_by_name("ada").await.expect("read"), Some((ada, Some("$argon2id$hash".into()))));
    assert_eq!(store.user(&id("ada2")).await.expect("read"), None, "a refused account is not half there");
    assert_eq!(store.user_by_name("bob").await.expect("read"), None);
    assert_eq!(store.count_users().await.expect("counted"), 1);
    assert_eq!(store.user_names().await.expect("read"), [user("ada").name]);
}

pub async fn a_password_is_set_replaced_and_forgotten(store: Arc<dyn Store>) {
    store.insert_user(&user("ada"), "ada", None).await.expect("inserted");
    for password in [Some("one"), Some("two"), None] {
        store.set_password(&id("ada"), password).await.expect("set");
        let (_, stored) = store.user_by_name("ada").await.expect("read").expect("there");
        assert_eq!(stored.as_deref(), password);
    }
    assert!(matches!(store.set_password(&id("bob"), Some("x")).await, Err(StoreError::Missing)));
    assert_eq!(store.user(&id("bob")).await.expect("read"), None);
}

pub async fn sign_ins_last_and_links_work_once(store: Arc<dyn Store>) {
    let (cookie, link) = (sign_in("s1", "ada", false, 1), sign_in("s2", "ada", true, 2));
    store.insert_sign_in(&hash("cookie"), &cookie).await.expect("inserted");
    store.insert_sign_in(&hash("link"), &link).await.expect("inserted");
    assert_eq!(store.sign_in(&hash("cookie")).await.expect("read"), Some(cookie.clone()));
    assert_eq!(store.sign_in(&hash("link")).await.expect("read"), None, "a link is no cookie");
    assert_eq!(store.sign_ins_of(&id("ada")).await.expect("read"), vec![cookie]);
    assert_eq!(store.take_sign_in(&hash("link")).await.expect("taken"), Some(link));
    assert_eq!(store.take_sign_in(&hash("link")).await.expect("asked"), None);
    assert_eq!(store.take_sign_in(&hash("never")).await.expect("asked"), None);
}

pub async fn sign_ins_end_one_by_one_or_all_but_one(store: Arc<dyn Store>) {
    for (number, name) in ["s1", "s2", "s3"].into_iter().enumerate() {
        let created = i64::try_from(number).expect("small");
        store.insert_sign_in(&hash(name), &sign_in(name, "ada", false, created)).await.expect("inserted");
    }
    store.insert_sign_in(&hash("link"), &sign_in("s4", "ada", true, 9)).await.expect("inserted");
    store.insert_sign_in(&hash("bobs"), &sign_in("s5", "bob", false, 9)).await.expect("inserted");
    let latest: Vec<_> = store.sign_ins_of(&id("ada")).await.expect("read").into_iter().map(|one| one.id).collect();
    assert_eq!(latest, vec![id("s3"), id("s2"), id("s1")]);
    assert!(matches!(store.end_sign_in(&id("ada"), &id("s5")).await, Err(StoreError::Missing)), "another's");
    store.end_sign_in(&id("ada"), &id("s1")).await.expect("ended");
    assert_eq!(store.sign_in(&hash("s1")).await.expect("read"), None);
    store.end_other_sign_ins(&id("ada"), Some(&id("s2"))).await.expect("ended");
    assert!(store.sign_in(&hash("s2")).await.expect("read").is_some());
    assert_eq!(store.sign_in(&hash("s3")).await.expect("read"), None);
    assert_eq!(store.take_sign_in(&hash("link")).await.expect("asked"), None, "links end too");
    store.end_other_sign_ins(&id("ada"), None).await.expect("ended");
    assert_eq!(store.sign_ins_of(&id("ada")).await.expect("read"), Vec::new());
    assert!(store.sign_in(&hash("bobs")).await.expect("read").is_some());
}

pub async fn deleting_an_agent_deletes_what_belongs_to_it(store: Arc<dyn Store>) {
    let (nyx, picture) = (agent("nyx", "ada"), Avatar { media_type: "image/png".into(), bytes: vec![0, 159, 146, 150] });
    store.insert_agent(&nyx, 9).await.expect("saved");
    store.insert_agent(&agent("orb", "ada"), 9).await.expect("saved");
    assert!(matches!(store.insert_agent(&agent("nyx", "bob"), 9).await, Err(StoreError::Taken(_))));
    assert!(matches!(store.replace_agent(&agent("nyx", "bob")).await, Err(StoreError::Missing)), "another's");
    let renamed = Agent { name: "Nyx 2".into(), avatar: Some(1), ..nyx.clone() };
    store.replace_agent(&renamed).await.expect("replaced");
    assert_eq!(store.agent(&nyx.id).await.expect("read"), Some(renamed.clone()));
    assert_eq!(store.agents_of(&id("ada")).await.expect("read"), vec![renamed, agent("orb", "ada")]);
    let as_owner = Owner::Agent(nyx.id.clone());
    store.set_avatar(&nyx.id, Some(&picture)).await.expect("set");
    assert_eq!(store.avatar(&nyx.id).await.expect("read"), Some(picture));
    store.insert_key(&hash("k"), &key("k1", "ada", Some("nyx")), WIDE).await.expect("inserted");
    let saved = SavedDestination { owner: as_owner.clone(), destination: place("d9"), key: sealed("m", "a:b:c"), used_at: None };
    store.insert_destination(&saved, &id("ada"), 9).await.expect("saved");
    assert!(matches!(store.delete_agent(&id("bob"), &nyx.id).await, Err(StoreError::Missing)));
    store.delete_agent(&id("ada"), &nyx.id).await.expect("deleted");
    assert!(matches!(store.delete_agent(&id("ada"), &nyx.id).await, Err(StoreError::Missing)));
    assert!(matches!(store.replace_agent(&nyx).await, Err(StoreError::Missing)), "what is deleted stays deleted");
    let late = store.insert_key(&hash("late"), &key("k9", "ada", Some("nyx")), WIDE).await;
    assert!(matches!(late, Err(StoreError::Missing)), "{late:?}");
    let late = store.insert_destination(&saved, &id("ada"), 9).await;
    assert!(matches!(late, Err(StoreError::Missing)), "{late:?}");
    assert_eq!(store.agent(&nyx.id).await.expect("read"), None);
    assert_eq!(store.avatar(&nyx.id).await.expect("read"), None);
    assert_eq!(store.key(&hash("k")).await.expect("read"), None);
    assert_eq!(store.saved_destinations(&as_owner).await.expect("read"), Vec::new());
    store.set_avatar(&id("orb"), None).await.expect("nothing to take away");
}

pub async fn keys_are_found_by_hash_and_revoked_once(store: Arc<dyn Store>) {
    store.insert_agent(&agent("nyx", "ada"), 9).await.expect("inserted");
    store.insert_key(&hash("one"), &key("k1", "ada", None), WIDE).await.expect("inserted");
    store.insert_key(&hash("two"), &key("k2", "ada", Some("nyx")), WIDE).await.expect("inserted");
    let twice = store.insert_key(&hash("one"), &key("k3", "bob", None), WIDE).await;
    assert!(matches!(twice, Err(StoreError::Taken(_))), "{twice:?}");
    assert_eq!(store.keys_of(&id("ada")).await.expect("read"), vec![key("k1", "ada", None), key("k2", "ada", Some("nyx"))]);
    store.key_used(&hash("one"), at(60)).await.expect("noted");
    assert_eq!(store.key(&hash("one")).await.expect("read").expect("there").last_used_at, Some(at(60)));
    assert!(matches!(store.revoke_key(&id("bob"), &id("k1"), at(70)).await, Err(StoreError::Missing)));
    for when in [70, 80] {
        let revoked = store.revoke_key(&id("ada"), &id("k1"), at(when)).await.expect("revoked");
        assert_eq!(revoked.revoked_at, Some(at(70)), "the first time stays");
    }
    assert_eq!(store.key(&hash("one")).await.expect("read").expect("there").revoked_at, Some(at(70)));
    store.key_used(&hash("none"), at(1)).await.expect("an unknown key is not made by its use");
    assert_eq!(store.key(&hash("none")).await.expect("read"), None);
}

pub async fn defaults_are_the_systems_until_set(store: Arc<dyn Store>) {
    assert_eq!(store.defaults(&owner("ada")).await.expect("read"), Defaults::default());
    let overlay = OverlayPatch { show_decisions: Some(true), ..OverlayPatch::default() };
    for on in [true, false] {
        let auto_start = AutoStart { on, destinations: vec![id("d1")], ..AutoStart::default() };
        let said = Defaults { overlay: overlay.clone(), auto_start };
        store.set_defaults(&owner("ada"), &said).await.expect("set");
        assert_eq!(store.defaults(&owner("ada")).await.expect("read"), said);
    }
    assert_eq!(store.defaults(&Owner::Agent(id("ada"))).await.expect("read"), Defaults::default(), "an agent is no user");
}

pub async fn the_audit_log_is_read_backwards_in_pages(store: Arc<dyn Store>) {
    for number in 1..=5 {
        let (id, user) = (format!("a{number}"), (number % 2 == 0).then(|| id("ada")));
        let entry = AuditEntry { id, at: at(number), action: AuditAction::SignedIn, user, subject: "x".into(), address: None, count: 1 };
        store.insert_audit(&entry).await.expect("inserted");
    }
    let ids = |entries: Vec<AuditEntry>| entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(ids(store.audit(None, 2).await.expect("read")), ["a5", "a4"]);
    assert_eq!(ids(store.audit(Some("a4"), 2).await.expect("read")), ["a3", "a2"]);
    assert_eq!(ids(store.audit(Some("a2"), 9).await.expect("read")), ["a1"]);
    assert_eq!(store.audit(Some("a1"), 9).await.expect("read"), Vec::new());
    store.set_audit_count("a5", 7).await.expect("counted");
    store.set_audit_count("none", 7).await.expect("a line is not made by its count");
    let counts: Vec<_> = store.audit(None, 9).await.expect("read").into_iter().map(|entry| entry.count).collect();
    assert_eq!(counts, [7, 1, 1, 1, 1]);
}
