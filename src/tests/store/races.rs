//! Many at once: one winner, and every loser learns what it lost to.

use super::harness::{at, hash, id, insert, line, session, try_insert, user};
use footlight::{
    domain::ids::SessionId,
    server::store::{SignIn, Store, StoreError},
};
use futures::future::join_all;
use serde_json::json;
use std::sync::Arc;

pub async fn one_of_racing_starts_wins(store: Arc<dyn Store>) {
    let starts = (0..12).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let session = session(&format!("s{number}"), "ada");
            try_insert(&store, &session, None).await.map(|()| session.id)
        })
    });
    let ends: Vec<_> = join_all(starts).await.into_iter().map(|end| end.expect("no panic")).collect();
    let winners: Vec<&SessionId> = ends.iter().filter_map(|end| end.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1, "{ends:?}");
    for end in &ends {
        assert!(end.is_ok() || matches!(end, Err(StoreError::ActiveSession(of)) if of == winners[0]), "{end:?}");
    }
    let active: Vec<SessionId> = store.active_sessions().await.expect("read").into_iter().map(|one| one.id).collect();
    assert_eq!(active, vec![winners[0].clone()]);
}

pub async fn one_of_racing_names_wins(store: Arc<dyn Store>) {
    let racing = (0..8).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.insert_user(&user(&format!("u{number}")), "ada", None).await })
    });
    let ends: Vec<_> = join_all(racing).await.into_iter().map(|end| end.expect("no panic")).collect();
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1, "{ends:?}");
    assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(StoreError::Taken(_)))), "{ends:?}");
    assert_eq!(store.count_users().await.expect("counted"), 1);
}

pub async fn one_of_racing_link_uses_wins(store: Arc<dyn Store>) {
    let (id, user) = (id("s1"), id("ada"));
    let link = SignIn { id, user, once: true, created_at: at(1), expires_at: at(9), address: None, browser: String::new() };
    store.insert_sign_in(&hash("link"), &link).await.expect("inserted");
    let racing = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.take_sign_in(&hash("link")).await.expect("answers") })
    });
    let got: Vec<SignIn> = join_all(racing).await.into_iter().filter_map(|end| end.expect("no panic")).collect();
    assert_eq!(got, vec![link]);
}

pub async fn racing_changes_get_distinct_revisions(store: Arc<dyn Store>) {
    insert(&store, &session("s1", "ada")).await;
    let racing = (0..8).map(|number| {
        let (store, mut changed) = (store.clone(), session("s1", "ada"));
        tokio::spawn(async move {
            changed.revision = 2;
            changed.title = format!("by {number}");
            store.update_session(&changed, Some(&line(&changed.title)), &[]).await.map(|()| changed.title)
        })
    });
    let ends: Vec<_> = join_all(racing).await.into_iter().map(|end| end.expect("no panic")).collect();
    let authors: Vec<&String> = ends.iter().filter_map(|end| end.as_ref().ok()).collect();
    assert_eq!(authors.len(), 1, "{ends:?}");
    assert!(ends.iter().all(|end| matches!(end, Ok(_) | Err(StoreError::Stale))), "{ends:?}");
    assert_eq!(&store.session(&id("s1")).await.expect("read").expect("there").title, authors[0]);
    assert_eq!(store.timeline(&id("s1")).await.expect("read").last().map(|line| &line.what), Some(authors[0]));
}

pub async fn racing_lines_get_distinct_numbers(store: Arc<dyn Store>) {
    let racing = (0..20).map(|number: u64| {
        let store = store.clone();
        tokio::spawn(async move { store.append_feed(&id("s1"), at(1), "show", None, &json!({ "n": number })).await.expect("appended") })
    });
    let mut numbers: Vec<u64> = join_all(racing).await.into_iter().map(|end| end.expect("no panic").expect("new")).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u64>>());
}
