//! Several replicas on one store: one leads a session, another takes over when it dies.

use super::harness::TestApp;
use footlight::{
    api::overlay::Heartbeat,
    domain::{ids::Generation, session::EndReason},
    server::{livekit::EgressPhase, overlay::OverlayViewer, reconcile::leases::LEASE},
};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_lease_is_renewed_or_taken_over_after_expiry() {
    let app = TestApp::new().await;
    let id = "s1".parse().expect("an id");
    let short = Duration::from_millis(300);
    assert!(app.store.claim_lease(&id, "a", short).await.expect("the store"));
    assert!(app.store.claim_lease(&id, "a", short).await.expect("the store"), "renewed");
    assert!(!app.store.claim_lease(&id, "b", short).await.expect("the store"));
    let taken = Instant::now();
    while !app.store.claim_lease(&id, "b", short).await.expect("the store") {
        assert!(taken.elapsed() < Duration::from_secs(5), "never handed over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!app.store.claim_lease(&id, "a", short).await.expect("the store"));
    app.store.release_leases("b").await.expect("the store");
    assert!(app.store.claim_lease(&id, "a", short).await.expect("the store"), "given back");
}

#[tokio::test]
async fn a_lease_from_before_the_stores_clock_was_set_back_holds_nobody_up() {
    let app = TestApp::new().await;
    let id = "s1".parse().expect("an id");
    // After the step a dead replica's lease seems to run for ten minutes more.
    assert!(app.store.claim_lease(&id, "dead", Duration::from_secs(600)).await.expect("the store"));
    assert!(app.store.claim_lease(&id, "b", LEASE).await.expect("the store"));
    assert!(!app.store.claim_lease(&id, "c", LEASE).await.expect("the store"), "b leads");
}

#[tokio::test]
async fn a_dead_replica_is_replaced_within_15_s() {
    let first = TestApp::new().await;
    let second = first.replica(&[("FOOTLIGHT_REPLICA", "second")]);
    let ada = first.caller("ada").await;
    let id = first.live(&ada).await;
    let mut news = second.studio.feed.listen_to_all();
    second.tick(2).await;
    let told = news.try_recv().expect("the second replica's listeners hear of it");
    assert!(told.session_id == id && told.status.is_live());
    let egress = first.session(&id).await.state.egress().cloned().expect("an egress");
    first.livekit.set_phase(&egress, EgressPhase::Over, Some("gone"));
    second.tick(2).await;
    assert_eq!(first.session(&id).await.generation, Generation::FIRST, "the second one does not lead");
    // The first one is dead from here on: only the second looks.
    let died = Instant::now();
    while first.session(&id).await.generation == Generation::FIRST {
        assert!(died.elapsed() < Duration::from_secs(15), "not handed over in time");
        tokio::time::sleep(Duration::from_millis(500)).await;
        second.studio.reconciler.reconcile_all().await.expect("a round");
    }
    println!("handed over after {:.1} s", died.elapsed().as_secs_f32());
    assert!(died.elapsed() >= LEASE / 2, "it was led until then");
    assert_eq!(first.livekit.running().len(), 1);
    // A session can be stopped through either.
    let ended = second.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    assert_eq!(ended.end_reason.as_deref(), Some(EndReason::stopped().code()));
    second.nothing_left(&id).await;
}

#[tokio::test]
async fn heartbeats_reach_the_leading_replica() {
    let first = TestApp::new().await;
    let second = first.replica(&[("FOOTLIGHT_REPLICA", "second")]);
    let ada = first.caller("ada").await;
    let id = first.live(&ada).await;
    let viewer = OverlayViewer { session: id.clone(), generation: Generation::FIRST };
    first.studio.overlay.heartbeat(&viewer, beat(1)).await;
    // From here on the balancer sends the page's words to the other one.
    for frames in 2..8 {
        first.clock.advance(4_000);
        second.studio.overlay.heartbeat(&viewer, beat(frames)).await;
        first.play(&id, 1000).await;
        assert_eq!(first.session(&id).await.generation, Generation::FIRST, "it is heard: {:?}", first.timeline(&id).await);
    }
    // And one that really falls silent is not.
    for _ in 0..4 {
        first.clock.advance(4_000);
        first.play(&id, 1000).await;
    }
    assert_eq!(first.session(&id).await.generation, Generation(2));
}

#[tokio::test]
async fn a_stopping_replica_releases_leases_at_once() {
    let first = TestApp::new().await;
    let second = first.replica(&[("FOOTLIGHT_REPLICA", "second")]);
    let ada = first.caller("ada").await;
    let id = first.live(&ada).await;
    first.studio.reconciler.hand_over().await;
    let egress = first.session(&id).await.state.egress().cloned().expect("an egress");
    first.livekit.set_phase(&egress, EgressPhase::Over, Some("gone"));
    second.tick(2).await;
    assert_eq!(first.session(&id).await.generation, Generation(2));
}

fn beat(frames: u64) -> Heartbeat {
    Heartbeat { frames, screen: true, camera: true, audio: true, connected: true }
}
