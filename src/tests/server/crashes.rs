//! The process is killed before every single call of a whole session to store, LiveKit and relay; the next one converges
//! within 15 s.

use super::harness::{TestApp, config, in_memory, show, vault};
use crate::support::{crash_budget::CrashBudget, livekit::FakeLiveKit};
use footlight::{
    domain::room::{host_identity, room_name},
    server::auth::caller::Caller,
};
use std::time::Duration;

/// Start, on air, stop: over ports that end with `life`.
async fn whole_show(app: TestApp, caller: Caller) {
    let Ok(started) = app.studio.sessions.start(&caller, show()).await else { return };
    let id = started.session.session_id;
    app.until(&id, "starting").await;
    app.livekit.join(&room_name(&id), &host_identity(&id));
    app.play(&id, 1000).await;
    app.until(&id, "live").await;
    app.studio.sessions.stop(&caller, &id, None).await.expect("stopped");
}

#[tokio::test]
async fn a_restart_converges_after_a_kill_at_any_step() {
    let store = in_memory().await;
    let mut points = 0;
    loop {
        let budget = CrashBudget::of_calls(points);
        let app = TestApp::over(store.clone(), FakeLiveKit::with_slots(1));
        let caller = app.caller(&format!("u{points}")).await;
        let doomed = tokio::spawn(whole_show(app.crashing(config(&[]), vault(), &budget), caller.clone()));
        let (aborter, mut doomed) = (doomed.abort_handle(), doomed);
        let lived = tokio::select! {
            done = &mut doomed => { done.expect("the whole stream"); true }
            () = budget.exhausted() => false,
        };
        budget.exhaust();
        aborter.abort();
        if lived {
            break;
        }
        converges(&app.restarted(), &caller, points).await;
        points += 1;
    }
    println!("killed at {points} points");
    assert!(points > 30, "only {points} calls in a whole stream");
}

/// Within 15 s either everything is gone, or the session goes on and can be ended.
async fn converges(app: &TestApp, caller: &Caller, point: usize) {
    for _ in 0..8 {
        app.tick(2).await;
    }
    if let Some(running) = app.studio.sessions.running(caller).await.expect("the store") {
        let id = running.session_id;
        assert!(matches!(running.status.as_str(), "starting" | "live"), "after {point} calls: {}", running.status);
        assert_eq!(app.livekit.running().len(), 1, "after {point} calls");
        assert_eq!(app.relay.known(), vec![id.clone()], "after {point} calls");
        app.livekit.join(&room_name(&id), &host_identity(&id));
        app.play(&id, 2000).await;
        app.until(&id, "live").await;
        let ended = tokio::time::timeout(Duration::from_secs(20), app.studio.sessions.stop(caller, &id, None)).await.expect("in time");
        let ended = ended.expect("stopped");
        assert_eq!(ended.status.as_str(), "ended", "after {point} calls");
        assert!(ended.destinations.iter().all(|of| of.uptime_ms >= 2000), "statistics after {point} calls");
    }
    for view in app.studio.sessions.mine(caller, None).await.expect("the store").sessions {
        app.nothing_left(&view.session_id).await;
        assert!(view.end_message.is_some() && view.ended_at.is_some(), "after {point} calls: {view:?}");
    }
    assert!(app.livekit.starts() <= 1, "two egresses after {point} calls");
}
