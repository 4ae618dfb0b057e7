//! Streams that name no destination, and video that a destination's platform does not take.

use super::{
    harness::{TestApp, show},
    starts::typed,
};
use footlight::{
    api::{
        accounts::{NewAgent, OwnerDefaults},
        error::ErrorCode,
        sessions::{DestinationInput, NewSession, VideoChoice},
    },
    domain::{agent::AutoStart, destination::Platform, session::StreamType, video::VideoFormat},
    server::auth::origin::Origin,
};

#[tokio::test]
async fn the_owners_list_counts_only_while_auto_start_is_on() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let nyx = app.studio.agents.make(&ada, &NewAgent { name: "Nyx".into() }, &Origin::default()).await.expect("an agent").id;
    let kept = DestinationInput { save_as: Some("Main".into()), ..typed(Platform::Twitch, "live_0123456789ab") };
    let id = app.studio.destinations.save(&ada, None, kept).await.expect("kept").destination.id;
    for (agent, stream_type) in [(None, StreamType::User), (Some(&nyx), StreamType::Agent)] {
        let nowhere = || NewSession { stream_type, agent_id: agent.cloned(), destinations: Vec::new(), ..show() };
        for on in [false, true, false] {
            let auto_start = AutoStart { on, destinations: vec![id.clone()], ..AutoStart::default() };
            let defaults = OwnerDefaults { auto_start, ..OwnerDefaults::default() };
            app.studio.sessions.set_defaults(&ada, agent, defaults).await.expect("stored");
            match app.studio.sessions.start(&ada, nowhere()).await {
                Ok(started) => {
                    assert!(on, "{stream_type:?}: the list was used although auto-start is off");
                    assert_eq!(started.session.destinations[0].destination.id, id);
                    app.studio.sessions.stop(&ada, &started.session.session_id, None).await.expect("stopped");
                    app.until(&started.session.session_id, "ended").await;
                }
                Err(error) => {
                    let error = error.into_api_error();
                    assert!(!on && error.message.contains("auto-start"), "{stream_type:?} {on}: {error:?}");
                    assert_eq!((error.code, &error.detail["field"]), (ErrorCode::Invalid, &"destinations".into()));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_bitrate_beyond_the_platforms_limit_is_refused_with_what_to_choose() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let video = |bitrate_kbps| Some(VideoChoice::Format(VideoFormat { width: 1280, height: 720, framerate: 30, bitrate_kbps }));
    let refused = app.studio.sessions.start(&ada, NewSession { video: video(6_001), ..show() }).await.expect_err("Twitch takes 6000");
    let refused = refused.into_api_error();
    assert_eq!((refused.code, &refused.detail["field"]), (ErrorCode::Invalid, &"bitrateKbps".into()));
    for part in ["Twitch", "6000", "6001", "1280x720"] {
        assert!(refused.message.contains(part), "{part}: {}", refused.message);
    }
    assert_eq!(app.store.active_sessions().await.expect("read").len(), 0);
    // YouTube only recommends less.
    let youtube = NewSession { video: video(7_000), destinations: vec![typed(Platform::Youtube, "abcd-efgh-ijkl")], ..show() };
    let started = app.studio.sessions.start(&ada, youtube).await.expect("it is taken");
    assert!(started.warnings.len() == 1 && started.warnings[0].contains("YouTube recommends at most 4000"), "{:?}", started.warnings);
    let id = started.session.session_id;
    let added = app.studio.sessions.change_destinations(&ada, &id, &[], vec![typed(Platform::Twitch, "live_0123456789ab")], &[]).await;
    assert!(added.expect_err("it sends 7000").into_api_error().message.contains("Twitch takes at most 6000"));
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    app.until(&id, "ended").await;
    let started = app.studio.sessions.start(&ada, NewSession { video: video(6_000), ..show() }).await.expect("up to the limit");
    assert_eq!(started.warnings, [] as [String; 0]);
}

#[tokio::test]
async fn a_saved_destination_is_added_while_live() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let kept = DestinationInput { save_as: Some("Main".into()), ..typed(Platform::Youtube, "abcd-efgh-ijkl") };
    let saved = app.studio.destinations.save(&ada, None, kept).await.expect("kept").destination.id;
    let id = app.live(&ada).await;
    let rehearsal = vec![typed(Platform::Rehearsal, "")];
    let view = app.studio.sessions.change_destinations(&ada, &id, std::slice::from_ref(&saved), rehearsal, &[]).await.expect("added");
    let platforms: Vec<_> = view.destinations.iter().map(|of| of.destination.platform).collect();
    assert_eq!(platforms, [Platform::Twitch, Platform::Youtube, Platform::Rehearsal]);
    assert_eq!(app.relay.desired(&id).map(|desired| desired.destinations.len()), Some(3), "with its key");
}
