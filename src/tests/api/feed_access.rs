//! An open feed ends soon after its credential does. The check is each second here, and each 10 s otherwise.

use super::{
    feeds::OpenFeed,
    harness::{Person, TestServer},
};
use crate::support::{app::in_memory, wait::until};
use footlight::{
    api::accounts::Credentials,
    domain::{ids::SessionId, key::Scope},
    server::auth::{caller::Proof, origin::Origin},
};
use serde_json::json;
use std::time::{Duration, Instant};

async fn server() -> TestServer {
    TestServer::with(&[("FOOTLIGHT_FEED_CHECK", "1")]).await
}

/// A session of a streamer's, started by their key.
async fn show(server: &TestServer, owner: &Person) -> (SessionId, String) {
    let key = server.key(owner, None, &Scope::ALL).await;
    (server.agent_show(&key).await, key)
}

async fn follow(server: &TestServer, id: &SessionId, header: (&str, &str)) -> OpenFeed {
    let mut feed = OpenFeed::open(server, &format!("/api/streaming/feed?sessionId={id}"), header).await;
    assert_eq!(feed.next().await.expect("the state").event, "session");
    feed
}

/// The feed ends within so many seconds, whatever it still says.
async fn ends(mut feed: OpenFeed, what: &str) {
    let begun = Instant::now();
    while feed.next().await.is_some() {
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}: it goes on");
    }
    println!("{what}: ended after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
}

/// The feed still tells what happens.
async fn goes_on(server: &TestServer, feed: &mut OpenFeed, id: &SessionId, key: &str) {
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let event = json!({ "kind": "event", "text": "still there" });
    let sent = server.post("/api/streaming/events", key, json!({ "sessionId": id, "events": [event] })).await;
    assert!(sent.status.is_success(), "{sent:?}");
    loop {
        let message = feed.next().await.expect("the feed goes on");
        if message.event == "show" {
            assert_eq!(message.data["text"], "still there");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_ends_its_feeds_and_no_others() {
    let server = server().await;
    let owner = server.streamer("Owner").await;
    let (id, key) = show(&server, &owner).await;
    let revoked = server.key(&owner, None, &[Scope::Read]).await;
    let feed = follow(&server, &id, ("authorization", &revoked)).await;
    let mut kept = follow(&server, &id, ("authorization", &key)).await;
    let caller = server.caller(&owner).await;
    let keys = server.studio.api_keys.list(&caller).await.expect("the store");
    let of = keys.iter().find(|of| of.scopes == [Scope::Read]).expect("the key");
    server.studio.api_keys.revoke(&caller, &of.id, &Origin::default()).await.expect("revoked");
    ends(feed, "a revoked key").await;
    goes_on(&server, &mut kept, &id, &key).await;
    drop(kept);
    until("no place is held", 5, async || server.studio.feed.open_feeds().count() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_a_browsers_feeds() {
    let server = server().await;
    let owner = server.streamer("Owner").await;
    let (id, _) = show(&server, &owner).await;
    let feed = follow(&server, &id, ("cookie", &owner.cookie)).await;
    let token = owner.cookie.split_once('=').expect("a cookie").1;
    server.studio.accounts.sign_out(token, &Origin::default()).await.expect("signed out");
    ends(feed, "signing out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_password_ends_the_other_browsers_feeds() {
    let server = server().await;
    let owner = server.streamer("Owner").await;
    let (id, key) = show(&server, &owner).await;
    let credentials = Credentials { name: "Owner".to_owned(), password: "correct horse".to_owned() };
    let second = server.studio.accounts.sign_in(&credentials, &Origin::default()).await.expect("signed in");
    let other = format!("footlight={}", second.token);
    let (mut own, feed) = (follow(&server, &id, ("cookie", &owner.cookie)).await, follow(&server, &id, ("cookie", &other)).await);
    let caller = server.caller(&owner).await;
    assert!(matches!(caller.proof, Proof::SignIn(_)));
    let origin = Origin::default();
    let changed = server.studio.accounts.change_password(&caller, Some("correct horse"), "another horse", &origin).await;
    changed.expect("changed");
    ends(feed, "a changed password").await;
    goes_on(&server, &mut own, &id, &key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superseded_overlay_hears_nothing_more() {
    let store = in_memory().await;
    let server = TestServer::over(store.clone(), &[("FOOTLIGHT_FEED_CHECK", "1")]);
    let owner = server.streamer("Owner").await;
    let (id, _) = show(&server, &owner).await;
    let page = until("an egress", 10, async || server.livekit.running().last().map(|egress| egress.page_url.clone())).await;
    let cookie = format!("footlight-overlay={}", page.rsplit_once("token=").expect("a token").1);
    let feed = follow(&server, &id, ("cookie", &cookie)).await;
    let generation = store.session(&id).await.expect("the store").expect("a session").generation;
    // As a replacement of the egress does.
    store.revoke_overlay_grants(&id, Some(generation)).await.expect("revoked");
    ends(feed, "a superseded overlay").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_who_signs_out_sees_no_streams_any_more() {
    let server = server().await;
    let (admin, owner) = (server.admin().await, server.streamer("Owner").await);
    let mut feed = OpenFeed::open(&server, "/api/admin/feed", ("cookie", &admin.cookie)).await;
    let (id, _) = show(&server, &owner).await;
    assert_eq!(feed.next().await.expect("a state").data["sessionId"], json!(id));
    let token = admin.cookie.split_once('=').expect("a cookie").1;
    server.studio.accounts.sign_out(token, &Origin::default()).await.expect("signed out");
    ends(feed, "an administrator's signing out").await;
}
