//! Sessions over the real store: starts, replacements, losses and ends.

use super::harness::{TestApp, code_of, in_memory, show};
use crate::support::livekit::FakeLiveKit;
use footlight::{
    api::{error::ErrorCode, relay_control::DestinationState, sessions::NewSession},
    domain::{
        ids::{EgressId, Generation, SessionId},
        room::{host_identity, room_name},
        session::{Actor, EndReason, FailureCause, HealthIssue, HostPresence, SessionState},
    },
    server::livekit::{EgressPhase, LiveKit, LiveKitError, Reason},
};

fn keyed(key: &str) -> NewSession {
    NewSession { idempotency_key: Some(key.into()), ..show() }
}

fn lost() -> LiveKitError {
    LiveKitError::Unreachable(Reason("no answer in time".into()))
}

async fn current(app: &TestApp, id: &SessionId) -> EgressId {
    app.session(id).await.state.egress().cloned().expect("an egress")
}

#[tokio::test]
async fn an_idempotency_key_repeats_a_start_for_a_day() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let first = app.studio.sessions.start(&ada, keyed("k")).await.expect("started");
    let id = first.session.session_id.clone();
    app.until(&id, "starting").await;
    let again = app.studio.sessions.start(&ada, keyed("k")).await.expect("the same");
    assert_eq!(again.session.session_id, id);
    assert!(again.room.is_some());
    // Sixteen at once, before anything is stored, are one session as well.
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    let racing = (0..16).map(|_| app.studio.sessions.start(&ada, keyed("race")));
    let winners: Vec<_> =
        futures::future::join_all(racing).await.into_iter().map(|started| started.expect("one of them").session.session_id).collect();
    assert!(winners.iter().all(|of| of == &winners[0]), "{winners:?}");
    app.until(&winners[0], "starting").await;
    app.studio.sessions.stop(&ada, &winners[0], None).await.expect("stopped");
    assert_eq!(app.studio.sessions.start(&ada, keyed("k")).await.expect("still known").session.status.as_str(), "ended");
    app.clock.advance(24 * 3600 * 1000 + 1);
    let next = app.studio.sessions.start(&ada, keyed("k")).await.expect("a new one");
    assert_ne!(next.session.session_id, id);
}

#[tokio::test]
async fn an_owner_has_one_session_until_it_is_replaced() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    assert_eq!(code_of(app.studio.sessions.start(&ada, show()).await.expect_err("one at a time")), ErrorCode::Conflict);
    let mut bad = NewSession { replace: true, ..show() };
    bad.destinations[0].stream_key = footlight::domain::destination::StreamKey::new(String::new());
    assert_eq!(code_of(app.studio.sessions.start(&ada, bad).await.expect_err("no key")), ErrorCode::Invalid);
    assert_eq!(app.session(&id).await.state.name(), "live");
    let next = app.studio.sessions.start(&ada, NewSession { replace: true, ..show() }).await.expect("in its place").session.session_id;
    assert!(matches!(app.session(&id).await.state, SessionState::Ended { reason: EndReason::Replaced, .. }));
    app.until(&next, "starting").await;
    assert_eq!(app.livekit.running().len(), 1);
}

#[tokio::test]
async fn a_lost_response_never_starts_two_egresses() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    app.livekit.lose_answers(1);
    let id = app.start(&ada).await.session.session_id;
    app.until(&id, "starting").await;
    assert_eq!((app.livekit.starts(), app.livekit.running().len()), (1, 1));
    app.livekit.join(&room_name(&id), &host_identity(&id));
    app.play(&id, 0).await;
    app.until(&id, "live").await;
    // And in the middle of a replacement.
    app.livekit.lose_answers(1);
    app.livekit.set_phase(&current(&app, &id).await, EgressPhase::Over, Some("the browser crashed"));
    app.tick(2).await;
    assert_eq!((app.livekit.starts(), app.livekit.running().len()), (2, 1));
    assert_eq!(app.session(&id).await.generation, Generation(2));
    assert_eq!(current(&app, &id).await, app.livekit.running()[0].id);
}

#[tokio::test]
async fn an_unanswered_start_fails_and_late_egresses_stop() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let cases = [
        (LiveKitError::NoSlot, FailureCause::NoFreeSlot),
        (LiveKitError::Refused(Reason("no".into())), FailureCause::EgressFailed { reason: "the capture engine refused it".into() }),
        (LiveKitError::Down(Reason("no".into())), FailureCause::EgressFailed { reason: "the capture engine does not answer".into() }),
        (lost(), FailureCause::EgressFailed { reason: "the capture engine does not answer".into() }),
    ];
    for (answer, expected) in cases {
        app.livekit.refuse([answer]);
        let id = app.start(&ada).await.session.session_id;
        let SessionState::Failed { cause, .. } = app.until(&id, "failed").await.state else { panic!("not failed") };
        assert_eq!(cause, expected);
        app.nothing_left(&id).await;
        // The engine did start it after all, long after.
        let page = format!(
            "http://127.0.0.1:3000/stream/overlay?sessionId={id}&generation=1&deployment={}&token=x",
            app.studio.config.deployment()
        );
        app.livekit.add_egress(&format!("EG_late_{id}"), &page);
        app.tick(2).await;
        app.nothing_left(&id).await;
    }
}

#[tokio::test]
async fn foreign_egresses_and_rooms_are_left_alone() {
    let app = TestApp::over(in_memory().await, FakeLiveKit::default());
    app.livekit.add_egress("EG_other", "https://elsewhere.example/stream/overlay?sessionId=01x&generation=1&deployment=abcdef&token=x");
    app.livekit.add_egress("EG_plain", "https://elsewhere.example/page");
    app.livekit.create_room("stream-01foreign", std::time::Duration::ZERO, std::time::Duration::ZERO).await.expect("a room");
    for _ in 0..70 {
        app.tick(2).await;
    }
    assert_eq!(app.livekit.running().len(), 2);
    assert_eq!(app.livekit.rooms().await.expect("up").len(), 1);
}

#[tokio::test]
async fn a_silent_egress_is_replaced_and_its_token_revoked() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let first = current(&app, &id).await;
    let page = |app: &TestApp| url::Url::parse(&app.livekit.running().last().expect("one").page_url).expect("an address");
    let token = |url: &url::Url| url.query_pairs().find(|(name, _)| name == "token").expect("a token").1.into_owned();
    let old = token(&page(&app));
    assert!(app.studio.overlay.viewer(&old).await.is_ok());
    app.livekit.set_phase(&first, EgressPhase::Active, None);
    for _ in 0..7 {
        app.hear(&id, None, 10_000).await;
        app.clock.advance(2000);
    }
    let session = app.session(&id).await;
    assert_eq!((session.generation, session.state.name()), (Generation(2), "live"));
    assert_eq!(app.livekit.running().len(), 2, "make before break");
    assert!(session.health.contains(&HealthIssue::NoComposite), "{:?}", session.health);
    app.play(&id, 12_000).await;
    app.tick(1).await;
    assert_eq!(app.livekit.running().iter().map(|of| of.id.clone()).collect::<Vec<_>>(), vec![current(&app, &id).await]);
    assert!(app.studio.overlay.viewer(&old).await.is_err(), "the old overlay's token");
    assert!(app.studio.overlay.viewer(&token(&page(&app))).await.is_ok());
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    assert!(app.studio.sessions.room_access(&ada, &id).await.is_err());
    app.nothing_left(&id).await;
}

#[tokio::test]
async fn replacement_without_a_slot_and_the_loss_limit() {
    let app = TestApp::over(in_memory().await, FakeLiveKit::with_slots(1));
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    for round in 2..=4 {
        for _ in 0..7 {
            app.hear(&id, None, 10_000).await;
            app.clock.advance(2000);
        }
        assert_eq!(app.session(&id).await.generation, Generation(round));
        assert_eq!(app.livekit.running().len(), 1);
        app.play(&id, 12_000).await;
    }
    let last = current(&app, &id).await;
    app.livekit.set_phase(&last, EgressPhase::Over, Some("the browser crashed"));
    app.tick(2).await;
    let SessionState::Failed { cause, .. } = app.until(&id, "failed").await.state else { panic!("not failed") };
    assert_eq!(cause, FailureCause::EgressKeptFailing { reason: "the browser crashed".into() });
    app.nothing_left(&id).await;
}

#[tokio::test]
async fn a_forgetful_relay_is_put_again_and_uptime_continues() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.play(&id, 40_000).await;
    app.relay.forget();
    app.tick(2).await;
    assert_eq!(app.relay.known(), vec![id.clone()]);
    app.play(&id, 3_000).await;
    let ended = app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    assert_eq!((ended.destinations[0].uptime_ms, ended.destinations[0].reconnects), (43_000, 1));
    assert!(matches!(ended.destinations[0].state, DestinationState::Finished { .. }));
}

#[tokio::test]
async fn lost_rooms_are_created_again() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.livekit.forget_rooms();
    app.tick(2).await;
    assert_eq!(app.livekit.rooms().await.expect("up"), vec![room_name(&id)]);
    assert!(matches!(app.session(&id).await.host, HostPresence::Away { .. }));
    app.livekit.join(&room_name(&id), &host_identity(&id));
    app.tick(2).await;
    assert_eq!(app.session(&id).await.host, HostPresence::Here);
}

#[tokio::test]
async fn the_grace_period_continues_over_a_restart() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.livekit.leave(&room_name(&id), &host_identity(&id));
    app.tick(2).await;
    app.clock.advance(60_000);
    let app = app.restarted();
    app.hear(&id, Some(Generation::FIRST), 60_000).await;
    assert_eq!(app.session(&id).await.state.name(), "live");
    app.clock.advance(16_000);
    app.hear(&id, Some(Generation::FIRST), 76_000).await;
    app.tick(2).await;
    let ended = app.until(&id, "ended").await;
    assert!(matches!(ended.state, SessionState::Ended { reason: EndReason::HostLeft, .. }));
    assert_eq!(ended.results[0].uptime_ms, 76_000);
    let ends: Vec<_> = app.timeline(&id).await.into_iter().filter(|line| line.state.is_ending()).collect();
    assert_eq!(ends.iter().map(|line| line.actor).collect::<Vec<_>>(), [Actor::Watchdog]);
    app.nothing_left(&id).await;
}

#[tokio::test]
async fn a_session_stops_from_every_state_idempotently() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    for live in [false, true] {
        let id = if live { app.live(&ada).await } else { app.start(&ada).await.session.session_id };
        let first = app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
        app.until(&id, "ended").await;
        let revision = app.session(&id).await.revision;
        let second = app.studio.sessions.stop(&ada, &id, Some("again".into())).await.expect("stopped");
        assert_eq!((second.end_reason, app.session(&id).await.revision), (Some("stopped".into()), revision), "{first:?}");
        app.nothing_left(&id).await;
    }
}

#[tokio::test]
async fn an_end_goes_on_while_the_relay_is_away() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.relay.set_down(true);
    app.livekit.set_down(true);
    let stopping = app.clone();
    let (caller, of) = (ada.clone(), id.clone());
    let stopped = tokio::spawn(async move { stopping.studio.sessions.stop(&caller, &of, None).await });
    app.until(&id, "ending").await;
    app.livekit.set_down(false);
    app.tick(2).await;
    assert_eq!(app.livekit.running(), Vec::new(), "the capture ends without the relay");
    assert_eq!(app.session(&id).await.state.name(), "ending");
    app.relay.set_down(false);
    app.tick(2).await;
    app.until(&id, "ended").await;
    app.nothing_left(&id).await;
    stopped.await.expect("no panic").expect("stopped");
}
