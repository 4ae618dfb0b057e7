//! Destinations of a running session: changed at once from several sides, repeated, the same twice, without a key.

use super::{
    harness::{TestApp, code_of, config, in_memory, show},
    starts::typed,
};
use crate::support::livekit::FakeLiveKit;
use footlight::{
    api::{
        error::ErrorCode,
        public_http::ChangeDestinations,
        relay_control::DestinationState,
        sessions::{DestinationInput, NewSession, SessionView},
    },
    domain::{
        destination::{Destination, Platform},
        ids::SessionId,
        session::Session,
    },
    server::{auth::caller::Caller, livekit::LiveKitError},
};
use futures::future::join_all;
use serde_json::json;

async fn add(app: &TestApp, caller: &Caller, id: &SessionId, new: Vec<DestinationInput>) -> Result<SessionView, ErrorCode> {
    app.studio.sessions.change_destinations(caller, id, &[], new, &[]).await.map_err(code_of)
}

fn wanted_by_relay(app: &TestApp, id: &SessionId) -> usize {
    app.relay.desired(id).map_or(0, |desired| desired.destinations.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_at_once_leave_no_destination_without_its_key() {
    for round in 0..8 {
        let app = TestApp::new().await;
        let ada = app.caller("ada").await;
        let id = app.live(&ada).await;
        let new =
            [typed(Platform::Youtube, "abcd-efgh-ijkl"), typed(Platform::Twitch, "live_second0123456"), typed(Platform::Rehearsal, "")];
        let done = join_all(new.map(|one| add(&app, &ada, &id, vec![one]))).await;
        assert!(done.iter().all(Result::is_ok), "round {round}: {done:?}");
        let session = app.session(&id).await;
        let keys = app.store.session_keys(&id).await.expect("read");
        let keyed = |of: &&Destination| keys.iter().any(|(id, _)| id == &of.id);
        assert_eq!((session.destinations.len(), session.destinations.iter().filter(keyed).count()), (4, 4), "round {round}");
        // Whatever is put from now on has all of them.
        app.relay.forget();
        app.tick(2).await;
        assert_eq!(wanted_by_relay(&app, &id), 4, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_at_once_stay_within_the_most() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let some = |from: usize, count: usize| {
        (from..from + count).map(|n| typed(Platform::Twitch, &format!("live_number{n:06}"))).collect::<Vec<_>>()
    };
    add(&app, &ada, &id, some(0, 5)).await.expect("six");
    let done = join_all([add(&app, &ada, &id, some(10, 4)), add(&app, &ada, &id, some(20, 4))]).await;
    let refused: Vec<_> = done.iter().filter_map(|end| end.as_ref().err()).collect();
    assert_eq!(refused, [&ErrorCode::Invalid]);
    assert_eq!(app.session(&id).await.destinations.len(), 10);
    let gone = app.session(&id).await.destinations[1].id.clone();
    app.studio.sessions.change_destinations(&ada, &id, &[], Vec::new(), &[gone]).await.expect("one can be removed");
}

#[tokio::test]
async fn a_destination_without_its_key_fails_alone() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let mut session = app.session(&id).await;
    let lost = Destination { id: "lost".parse().expect("an id"), name: "Lost".into(), ..session.destinations[0].clone() };
    session.destinations.push(lost.clone());
    let session = Session { revision: session.revision + 1, ..session };
    app.store.update_session(&session, None, &[]).await.expect("stored as an earlier version did");
    app.relay.forget();
    app.tick(2).await;
    app.play(&id, 1_000).await;
    assert_eq!(wanted_by_relay(&app, &id), 1, "the others go on");
    let view = app.studio.sessions.session(&ada, &id).await.expect("a view");
    assert_eq!(view.status.as_str(), "live");
    assert!(
        matches!(&view.destinations[1].state, DestinationState::Failed { reason, .. } if reason.contains("stream key is missing")),
        "{view:?}"
    );
    assert!(view.health.iter().any(|issue| format!("{issue:?}").contains("Lost")), "{:?}", view.health);
    let puts = app.relay.puts();
    app.tick(2).await;
    assert_eq!(app.relay.puts(), puts, "it is not put again and again");
    add(&app, &ada, &id, vec![typed(Platform::Youtube, "abcd-efgh-ijkl")]).await.expect("others can be added");
    let view = app.studio.sessions.change_destinations(&ada, &id, &[], Vec::new(), &[lost.id]).await.expect("and it can be removed");
    assert!(view.destinations.iter().all(|of| !matches!(of.state, DestinationState::Failed { .. })), "{view:?}");
    assert_eq!(wanted_by_relay(&app, &id), 2);
}

#[tokio::test]
async fn the_same_place_is_taken_once() {
    let local = config(&[("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", "127.0.0.1:1935")]);
    let app = TestApp::with(in_memory().await, FakeLiveKit::default(), local);
    let ada = app.caller("ada").await;
    let custom = |address: &str, key: &str| DestinationInput { custom_rtmp_url: Some(address.into()), ..typed(Platform::Custom, key) };
    let kept = DestinationInput { save_as: Some("Main".into()), ..typed(Platform::Twitch, "live_main0123456789") };
    let kept = app.studio.destinations.save(&ada, None, kept).await.expect("kept").destination.id;
    let twice = [
        NewSession { destinations: vec![typed(Platform::Rehearsal, ""), typed(Platform::Rehearsal, "")], ..show() },
        NewSession { destinations: Vec::new(), destination_ids: vec![kept.clone(), kept.clone()], ..show() },
        NewSession { destinations: vec![typed(Platform::Twitch, "live_main0123456789")], destination_ids: vec![kept.clone()], ..show() },
        NewSession { destinations: vec![custom("rtmp://127.0.0.1/live", "a"), custom("RTMP://127.0.0.1:1935/live/", "a")], ..show() },
    ];
    for show in twice {
        assert_eq!(app.studio.sessions.start(&ada, show).await.map_err(code_of).map(|_| ()), Err(ErrorCode::Invalid));
    }
    let places = vec![typed(Platform::Rehearsal, ""), custom("rtmp://127.0.0.1/live", "a"), custom("rtmp://127.0.0.1/live", "b")];
    let show = NewSession { destinations: places, destination_ids: vec![kept.clone()], ..show() };
    let id = app.studio.sessions.start(&ada, show).await.expect("four places").session.session_id;
    app.until(&id, "starting").await;
    for again in [typed(Platform::Rehearsal, ""), typed(Platform::Twitch, "live_main0123456789"), custom("rtmp://127.0.0.1:1935/live", "b")]
    {
        assert_eq!(add(&app, &ada, &id, vec![again]).await.map(|_| ()), Err(ErrorCode::Conflict));
    }
    let change = ChangeDestinations {
        session_id: id.clone(),
        add: vec![
            json!({ "destinationId": kept }),
            json!({ "platform": "rehearsal" }),
            json!({ "platform": "twitch", "streamKey": "live_other0123456" }),
        ],
        remove: Vec::new(),
    };
    let done = app.studio.sessions.alter_destinations(&ada, change, None).await.expect("each on its own");
    let codes: Vec<_> = done.results.iter().map(|one| one.error.as_ref().map(|error| error.code)).collect();
    assert_eq!(codes, [Some(ErrorCode::Conflict), Some(ErrorCode::Conflict), None]);
    // In place of itself it may come again.
    let rehearsal = app.session(&id).await.destinations.iter().find(|of| of.platform == Platform::Rehearsal).expect("there").id.clone();
    app.studio.sessions.change_destinations(&ada, &id, &[], vec![typed(Platform::Rehearsal, "")], &[rehearsal]).await.expect("replaced");
    let racing = join_all((0..6).map(|_| add(&app, &ada, &id, vec![typed(Platform::Youtube, "abcd-efgh-ijkl")]))).await;
    assert_eq!(racing.iter().filter(|end| end.is_ok()).count(), 1, "{racing:?}");
    assert_eq!(app.session(&id).await.destinations.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_change_is_made_once() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let change = |key: &str| ChangeDestinations {
        session_id: id.clone(),
        add: vec![json!({ "platform": "youtube", "streamKey": key }), json!({ "platform": "nowhere" })],
        remove: Vec::new(),
    };
    let alter = async |key: &str| app.studio.sessions.alter_destinations(&ada, change(key), Some("k".into())).await;
    let first = join_all((0..6).map(|_| alter("abcd-efgh-ijkl"))).await;
    let first: Vec<_> = first.into_iter().map(|end| end.expect("the same")).collect();
    assert!(first.iter().all(|one| one.results == first[0].results && one.results[0].success && !one.results[1].success), "{first:?}");
    assert_eq!(app.session(&id).await.destinations.len(), 2);
    let again = alter("abcd-efgh-ijkl").await.expect("the same");
    assert_eq!((again.results, again.destinations.len()), (first[0].results.clone(), 2));
    assert_eq!(alter("abcd-other-key1").await.map_err(code_of).map(|_| ()), Err(ErrorCode::Invalid));
    assert_eq!(app.session(&id).await.destinations.len(), 2);
}

#[tokio::test]
async fn a_stored_change_is_carried_out_when_the_relay_answers_again() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.relay.set_down(true);
    let view = add(&app, &ada, &id, vec![typed(Platform::Youtube, "abcd-efgh-ijkl")]).await.expect("it is stored");
    assert_eq!(view.destinations.len(), 2);
    app.relay.set_down(false);
    assert_eq!(wanted_by_relay(&app, &id), 1);
    app.tick(2).await;
    assert_eq!(wanted_by_relay(&app, &id), 2);
    app.play(&id, 1_000).await;
    app.relay.set_down(true);
    app.studio
        .sessions
        .change_destinations(&ada, &id, &[], Vec::new(), &[view.destinations[0].destination.id.clone()])
        .await
        .expect("it is stored");
    app.relay.set_down(false);
    app.tick(2).await;
    assert_eq!(wanted_by_relay(&app, &id), 1);
}

#[tokio::test]
async fn keys_go_with_the_end_and_an_ending_session_takes_no_destination() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    assert_eq!(app.store.session_keys(&id).await.expect("read").len(), 1);
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    assert_eq!(app.store.session_keys(&id).await.expect("read"), []);
    assert_eq!(app.studio.commands.rotate_keys().await.expect("rotated").resealed, 0);
    assert_eq!(add(&app, &ada, &id, vec![typed(Platform::Rehearsal, "")]).await.map(|_| ()), Err(ErrorCode::Conflict));
    app.livekit.refuse([LiveKitError::NoSlot]);
    let failed = app.start(&ada).await.session.session_id;
    app.until(&failed, "failed").await;
    assert_eq!(app.store.session_keys(&failed).await.expect("read"), [], "however it ends");
}
