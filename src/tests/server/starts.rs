//! Starts that race, are repeated, replace a session or are refused: nobody's session ends for nothing, and nothing is left behind.

use super::harness::{TestApp, code_of, config, in_memory, show, vault};
use crate::support::{crash_budget::CrashBudget, livekit::FakeLiveKit};
use footlight::{
    api::{
        accounts::{NewAgent, OwnerDefaults},
        error::ErrorCode,
        sessions::{DestinationInput, NewSession, VideoChoice},
    },
    domain::{
        agent::AutoStart,
        destination::{Platform, StreamKey},
        ids::SessionId,
        session::{EndReason, SessionState, StreamType},
        video::VideoFormat,
    },
    server::{auth::origin::Origin, error::StudioError},
};
use futures::future::join_all;
use std::time::Duration;

pub fn typed(platform: Platform, key: &str) -> DestinationInput {
    DestinationInput { platform, custom_rtmp_url: None, stream_key: StreamKey::new(key.to_owned()), save_as: None, channel: None }
}

fn replacing(key: Option<&str>) -> NewSession {
    NewSession { replace: true, idempotency_key: key.map(str::to_owned), ..show() }
}

async fn state(app: &TestApp, id: &SessionId) -> &'static str {
    app.session(id).await.state.name()
}

/// The error as its caller reads it.
fn refusal(error: StudioError) -> (ErrorCode, serde_json::Value) {
    let error = error.into_api_error();
    (error.code, error.detail)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retried_replacement_never_ends_its_own_session() {
    for calls in 0.. {
        let app = TestApp::over(in_memory().await, FakeLiveKit::with_slots(2));
        let ada = app.caller("ada").await;
        let earlier = app.start(&ada).await.session.session_id;
        app.until(&earlier, "starting").await;
        // The first one is slow: it stands still at one of its calls, while the caller sends the same again.
        let budget = CrashBudget::of_calls(calls);
        let slow = app.crashing(config(&[]), vault(), &budget).studio;
        let caller = ada.clone();
        let mut first = tokio::spawn(async move { slow.sessions.start(&caller, replacing(Some("k"))).await });
        tokio::select! {
            () = budget.exhausted() => {}
            done = &mut first => {
                done.expect("no panic").expect("started");
                assert!(calls > 10, "only {calls} calls in a whole start");
                return;
            }
        }
        let (again, caller) = (app.studio.clone(), ada.clone());
        let mut second = tokio::spawn(async move { again.sessions.start(&caller, replacing(Some("k"))).await });
        let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
        budget.refill();
        let second = match early {
            Ok(done) => done,
            Err(_) => second.await,
        };
        let second = second.expect("no panic").expect("the same");
        let first = first.await.expect("no panic").expect("the same");
        let id = first.session.session_id;
        assert_eq!(second.session.session_id, id, "after {calls} calls");
        assert!(app.session(&id).await.state.is_open(), "after {calls} calls: {:?}", app.session(&id).await.state);
        assert!(matches!(app.session(&earlier).await.state, SessionState::Ended { reason: EndReason::Replaced, .. }));
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let keyed = || NewSession { idempotency_key: Some("k".into()), ..show() };
    let id = app.studio.sessions.start(&ada, keyed()).await.expect("started").session.session_id;
    let again = app.studio.sessions.start(&ada, keyed()).await.expect("the same");
    assert!(again.repeated && again.session.session_id == id);
    let elsewhere = NewSession { destinations: vec![typed(Platform::Youtube, "abcd-efgh-ijkl")], ..keyed() };
    let other_key = NewSession { destinations: vec![typed(Platform::Twitch, "live_another0123456")], ..keyed() };
    for other in [elsewhere, other_key, NewSession { stream_title: "Another".into(), ..keyed() }, NewSession { replace: true, ..keyed() }] {
        let (code, detail) = refusal(app.studio.sessions.start(&ada, other).await.expect_err("another request"));
        assert_eq!((code, &detail["field"]), (ErrorCode::Invalid, &"Idempotency-Key".into()));
    }
    assert_eq!(app.studio.sessions.mine(&ada, None).await.expect("a list").sessions.len(), 1);
    for unusable in [String::new(), "k".repeat(100_000), "a\nb".into()] {
        let refused = app.studio.sessions.start(&ada, NewSession { idempotency_key: Some(unusable), ..show() }).await;
        assert_eq!(refusal(refused.expect_err("no key")), (ErrorCode::Invalid, serde_json::json!({ "field": "Idempotency-Key" })));
    }
}

#[tokio::test]
async fn a_replacement_that_cannot_start_ends_nothing() {
    let app = TestApp::over(in_memory().await, FakeLiveKit::with_slots(1));
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let refused = async |show: NewSession| code_of(app.studio.sessions.start(&ada, show).await.expect_err("refused"));
    let format = |width, height| Some(VideoChoice::Format(VideoFormat { width, height, framerate: 30, bitrate_kbps: 3000 }));
    assert_eq!(refused(NewSession { video: format(1920, 1920), ..replacing(None) }).await, ErrorCode::Invalid);
    app.relay.set_down(true);
    assert_eq!(refused(replacing(None)).await, ErrorCode::Unavailable);
    app.relay.set_down(false);
    app.livekit.set_down(true);
    assert_eq!(refused(replacing(None)).await, ErrorCode::Unavailable);
    app.livekit.set_down(false);
    // Somebody else's egress fills the engine beside the one that would become free.
    app.livekit.add_egress("EG_other", "https://elsewhere.example/page");
    assert_eq!(refused(replacing(None)).await, ErrorCode::Unavailable);
    app.livekit.set_phase(&"EG_other".parse().expect("an id"), footlight::server::livekit::EgressPhase::Over, None);
    for number in 0..50 {
        let kept =
            DestinationInput { save_as: Some(format!("Place {number}")), ..typed(Platform::Twitch, &format!("live_place{number:04}")) };
        app.studio.destinations.save(&ada, None, kept).await.expect("kept");
    }
    let one_more = DestinationInput { save_as: Some("One more".into()), ..typed(Platform::Twitch, "live_onemore01234") };
    assert_eq!(refused(NewSession { destinations: vec![one_more], ..replacing(None) }).await, ErrorCode::Conflict);
    assert_eq!(state(&app, &id).await, "live", "after all of them");
    let next = app.studio.sessions.start(&ada, replacing(None)).await.expect("nothing is held against it").session.session_id;
    app.until(&next, "starting").await;
    assert_eq!(state(&app, &id).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_slot_goes_to_the_replacement() {
    let app = TestApp::over(in_memory().await, FakeLiveKit::with_slots(1));
    let (ada, bob) = (app.caller("ada").await, app.caller("bob").await);
    let mut id = app.live(&ada).await;
    for round in 0..5 {
        let others = app.clone();
        let bob = bob.clone();
        let waiting = tokio::spawn(async move {
            loop {
                let refused = others.studio.sessions.start(&bob, show()).await.expect_err("there is no slot");
                assert_eq!(code_of(refused), ErrorCode::Unavailable);
            }
        });
        let next = app.studio.sessions.start(&ada, replacing(None)).await.expect("in its place").session.session_id;
        app.until(&next, "starting").await;
        assert!(!waiting.is_finished(), "round {round}: somebody else took the slot");
        waiting.abort();
        assert_eq!(state(&app, &id).await, "ended");
        id = next;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_outlasts_a_slow_end_or_says_so() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    // The relay does not confirm the end: nobody is asked to end the stream that is ending.
    app.relay.set_holding(true);
    let (code, detail) = refusal(app.studio.sessions.start(&ada, replacing(Some("k"))).await.expect_err("not in time"));
    assert_eq!((code, &detail["sessionId"], &detail["retryAfter"]), (ErrorCode::Unavailable, &id.to_string().into(), &5.into()));
    assert_eq!(state(&app, &id).await, "ending");
    let (starting, caller) = (app.clone(), ada.clone());
    let next = tokio::spawn(async move { starting.studio.sessions.start(&caller, replacing(Some("k"))).await });
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(!next.is_finished(), "it is waited for");
    app.relay.set_holding(false);
    let next = next.await.expect("no panic").expect("started when the end was confirmed");
    assert!(app.session(&next.session.session_id).await.state.is_open() && !next.repeated);
    assert_eq!(state(&app, &id).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_at_once_stay_within_the_accounts_limit() {
    let limited = config(&[("FOOTLIGHT_SHOWS_PER_ACCOUNT", "3")]);
    let app = TestApp::with(in_memory().await, FakeLiveKit::default(), limited);
    let ada = app.caller("ada").await;
    let names = (0..12).map(|number| NewAgent { name: format!("Agent {number}") });
    let agents = join_all(names.map(|new| {
        let (app, ada) = (app.clone(), ada.clone());
        async move { app.studio.agents.make(&ada, &new, &Origin::default()).await.expect("an agent") }
    }));
    let starts = agents.await.into_iter().map(|agent| {
        let show = NewSession { stream_type: StreamType::Agent, agent_id: Some(agent.id), ..show() };
        app.studio.sessions.start(&ada, show)
    });
    let (started, refused): (Vec<_>, Vec<_>) = join_all(starts).await.into_iter().partition(Result::is_ok);
    assert_eq!(started.len(), 3);
    let codes: Vec<_> = refused.into_iter().map(|end| code_of(end.expect_err("refused"))).collect();
    assert_eq!(codes, [ErrorCode::Conflict; 9]);
    assert_eq!(app.store.active_sessions().await.expect("read").len(), 3);
}

#[tokio::test]
async fn destinations_are_saved_once_their_start_is_accepted() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let saving = |name: &str| DestinationInput { save_as: Some(name.into()), ..typed(Platform::Youtube, "abcd-efgh-ijkl") };
    let with = |name: &str| NewSession { destinations: vec![saving(name)], ..show() };
    let saved = async || app.studio.destinations.list(&ada, None).await.expect("a list");
    app.relay.set_down(true);
    app.studio.sessions.start(&ada, with("No relay")).await.expect_err("it cannot be prepared");
    app.relay.set_down(false);
    app.tick(120).await;
    let id = app.live(&ada).await;
    for _ in 0..5 {
        assert_eq!(code_of(app.studio.sessions.start(&ada, with("Refused")).await.expect_err("one is running")), ErrorCode::Conflict);
    }
    assert_eq!(saved().await, [], "refused starts save nothing");
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    let id = app.studio.sessions.start(&ada, with("Accepted")).await.expect("started").session.session_id;
    assert_eq!(saved().await.iter().map(|one| one.destination.name.clone()).collect::<Vec<_>>(), ["Accepted"]);
    app.studio
        .sessions
        .change_destinations(
            &ada,
            &id,
            &[],
            vec![DestinationInput { save_as: Some("Added".into()), ..typed(Platform::Twitch, "live_added0123456") }],
            &[],
        )
        .await
        .expect("added");
    assert_eq!(saved().await.len(), 2);
}

#[tokio::test]
async fn usual_destinations_are_few_and_each_once() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let kept = DestinationInput { save_as: Some("Main".into()), ..typed(Platform::Twitch, "live_0123456789ab") };
    let id = app.studio.destinations.save(&ada, None, kept).await.expect("kept").destination.id;
    let wanted = |times: usize| OwnerDefaults {
        auto_start: AutoStart { on: true, destinations: vec![id.clone(); times], ..AutoStart::default() },
        ..OwnerDefaults::default()
    };
    let (code, detail) = refusal(app.studio.sessions.set_defaults(&ada, None, wanted(4_000)).await.expect_err("too many"));
    assert_eq!((code, &detail["field"]), (ErrorCode::Invalid, &"autoStart.destinations".into()));
    let stored = app.studio.sessions.set_defaults(&ada, None, wanted(3)).await.expect("stored");
    assert_eq!(stored.auto_start.destinations, std::slice::from_ref(&id));
    assert_eq!(app.studio.sessions.defaults(&ada, None).await.expect("read"), stored);
}
