//! A new master key takes over, through interruptions, and the old one may go only when nothing needs it.

use super::harness::{TestApp, config, in_memory, show};
use crate::support::{crash_budget::CrashBudget, livekit::FakeLiveKit};
use footlight::{
    api::{admin_socket::KeyRotation, sessions::DestinationInput},
    domain::{
        destination::{Platform, StreamKey},
        ids::SessionId,
    },
    server::{auth::caller::Caller, studio::Studio, vault::Vault, viewers::Credential},
};

const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];
const KEY: &str = "live_0123456789abcdef";

/// A process over the same world, with these master keys.
fn with(app: &TestApp, current: [u8; 32], old: &[[u8; 32]], budget: Option<&CrashBudget>) -> Studio {
    let (config, vault) = (config(&[]), Vault::new(current, old.to_vec()));
    match budget {
        Some(budget) => app.crashing(config, vault, budget).studio,
        None => app.process(config, vault).studio,
    }
}

/// Three kept destinations and a running session, all sealed under the old key.
async fn world() -> (TestApp, Caller, SessionId) {
    let app = TestApp::over(in_memory().await, FakeLiveKit::with_slots(1));
    let caller = app.caller("ada").await;
    let before = with(&app, OLD, &[], None);
    for name in ["One", "Two", "Three"] {
        let typed = DestinationInput {
            platform: Platform::Twitch,
            custom_rtmp_url: None,
            stream_key: StreamKey::new(format!("{KEY}{name}")),
            save_as: Some(name.to_owned()),
            channel: None,
        };
        before.destinations.save(&caller, None, typed).await.expect("kept");
    }
    let id = before.sessions.start(&caller, show()).await.expect("started").session.session_id;
    app.until(&id, "starting").await;
    (app, caller, id)
}

/// Whether a process that knows only the new master key can use what was kept.
async fn opens_without_the_old(app: &TestApp, caller: &Caller) -> bool {
    let after = with(app, NEW, &[], None);
    let places = after.destinations.list(caller, None).await.expect("a list");
    assert_eq!(places.len(), 3);
    let ids = places.into_iter().map(|place| place.destination.id).collect();
    let started = after
        .sessions
        .start(caller, footlight::api::sessions::NewSession { destination_ids: ids, destinations: Vec::new(), replace: true, ..show() })
        .await;
    let Ok(started) = started else { return false };
    let id = started.session.session_id;
    let wanted = serde_json::to_string(&app.relay.desired(&id).expect("the relay was put it")).expect("text");
    assert_eq!(wanted.matches(KEY).count(), 3, "each key arrives at the relay");
    after.sessions.stop(caller, &id, None).await.expect("stopped");
    true
}

#[tokio::test]
async fn after_rotation_the_old_master_key_is_unneeded() {
    let (app, caller, _) = world().await;
    assert!(!opens_without_the_old(&app, &caller).await, "the new key alone does not open it yet");
    let lone = with(&app, NEW, &[], None).commands.rotate_keys().await.expect("answered");
    assert_eq!((lone.resealed, lone.is_complete()), (0, false), "what does not open stays as it is");
    let both = with(&app, NEW, &[OLD], None);
    let credential = Credential { id: "app".into(), secret: KEY.into() };
    let old = Vault::new(OLD, Vec::new()).seal_credential(Platform::Twitch, &credential).expect("sealed");
    app.store.set_credential("twitch", Some(&old)).await.expect("stored");
    let done = both.commands.rotate_keys().await.expect("rotated");
    assert!(done.resealed >= 5 && done.is_complete(), "{done:?}");
    let kept = app.store.credential("twitch").await.expect("the store").expect("kept");
    assert_eq!(Vault::new(NEW, Vec::new()).open_credential(Platform::Twitch, &kept), Ok(credential));
    assert_eq!(both.commands.rotate_keys().await.expect("again"), KeyRotation { resealed: 0, unreadable: 0 });
    assert!(opens_without_the_old(&app, &caller).await);
}

#[tokio::test]
async fn a_rotation_killed_at_any_step_can_continue() {
    for calls in 1..12 {
        let (app, caller, _) = world().await;
        let budget = CrashBudget::of_calls(calls);
        let doomed = with(&app, NEW, &[OLD], Some(&budget));
        tokio::select! {
            done = doomed.commands.rotate_keys() => { done.expect("rotated"); }
            () = budget.exhausted() => {}
        }
        // Until it is complete, a process with both keys opens everything.
        let both = with(&app, NEW, &[OLD], None);
        assert!(both.commands.rotate_keys().await.expect("goes on").is_complete(), "after {calls} calls");
        assert!(opens_without_the_old(&app, &caller).await, "after {calls} calls");
    }
}
