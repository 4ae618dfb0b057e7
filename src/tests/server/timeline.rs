//! What a session's timeline says of changes and of its end, and who it names.

use super::{
    harness::{NOW, TestApp, code_of, config, show, vault},
    starts::typed,
};
use footlight::{
    api::{
        error::ErrorCode,
        events::{ChangeOverlay, EventBatch},
        relay_control::DestinationState,
        sessions::NewSession,
    },
    domain::{
        account::{Role, User},
        destination::Platform,
        ids::SessionId,
        overlay::{OverlayPatch, PipCorner, Scene, Theme},
        session::{Actor, MOST_OVERLAY_LINES},
    },
    server::auth::caller::Caller,
};
use serde_json::json;

async fn admin(app: &TestApp) -> Caller {
    let user = User { id: "root".parse().expect("an id"), name: "Root".into(), role: Role::Admin, created_at: NOW };
    app.store.insert_user(&user, "root", None).await.expect("inserted");
    Caller::signed_in(user, "cookie-root".parse().expect("an id"))
}

/// The lines after the first ones of a start.
async fn after(app: &TestApp, id: &SessionId, known: usize) -> Vec<(Actor, String)> {
    app.timeline(id).await.into_iter().skip(known).map(|line| (line.actor, line.what)).collect()
}

fn change(id: &SessionId, patch: OverlayPatch, title: Option<&str>) -> ChangeOverlay {
    let mut change: ChangeOverlay = serde_json::from_value(json!({ "sessionId": id })).expect("a change");
    (change.patch, change.stream_title) = (patch, title.map(str::to_owned));
    change
}

#[tokio::test]
async fn the_reason_of_an_owners_stop_is_kept() {
    let mut app = TestApp::new().await;
    app.studio = app
        .process(
            config(&[("FOOTLIGHT_WEBHOOKS", "https://hooks.example/x"), ("FOOTLIGHT_WEBHOOK_SECRET", "a webhook secret of some length")]),
            vault(),
        )
        .studio;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let known = app.timeline(&id).await.len();
    for bad in ["x".repeat(301), "a\u{202e}b".to_owned(), "a\u{7}b".to_owned()] {
        let refused = app.studio.sessions.stop(&ada, &id, Some(bad)).await.expect_err("no reason").into_api_error();
        assert_eq!((refused.code, &refused.detail["field"]), (ErrorCode::Invalid, &"reason".into()));
    }
    assert_eq!(app.session(&id).await.state.name(), "live", "a refused stop ends nothing");
    let batch = EventBatch {
        session_id: id.clone(),
        events: vec![json!({ "kind": "event", "text": "x" }), json!({ "kind": "decision", "title": "Attack" })],
        broadcast_delay_ms: None,
    };
    app.studio.overlay.publish(&ada, batch).await.expect("taken");
    let view = app.studio.sessions.stop(&ada, &id, Some("  The match was\n called off ".into())).await.expect("stopped");
    app.until(&id, "ended").await;
    assert_eq!((view.end_reason.as_deref(), view.end_note.as_deref()), (Some("stopped"), Some("The match was called off")));
    assert_eq!(view.end_message.as_deref(), Some("The stream was ended: The match was called off"));
    assert_eq!((view.events_recorded, view.decisions_logged), (Some(2), Some(1)), "what the ended page shows");
    let lines = after(&app, &id, known).await;
    assert!(lines.contains(&(Actor::Host, "The stream was ended: The match was called off".to_owned())), "{lines:?}");
    let sent = app.store.deliveries(Some(&id), None, 10).await.expect("read");
    let bodies: Vec<serde_json::Value> =
        sent.iter().filter(|line| line.kind == "session.ended").map(|line| serde_json::from_str(&line.json).expect("json")).collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["session"]["endNote"], json!("The match was called off"));
    assert_eq!(bodies[0]["session"]["endReason"], json!("stopped"));
}

#[tokio::test]
async fn what_the_composite_shows_is_in_the_timeline_with_who_changed_it() {
    let app = TestApp::new().await;
    let (ada, root) = (app.caller("ada").await, admin(&app).await);
    let id = app.live(&ada).await;
    let known = app.timeline(&id).await.len();
    let scene = |scene| OverlayPatch { scene: Some(scene), ..OverlayPatch::default() };
    let set = async |caller: &Caller, patch: OverlayPatch, title: Option<&str>| {
        app.studio.overlay.change(caller, change(&id, patch, title)).await.expect("changed");
    };
    set(&ada, scene(Scene::BeRightBack), None).await;
    set(&ada, OverlayPatch::default(), Some("Finals")).await;
    set(&ada, OverlayPatch { pip_corner: Some(PipCorner::TopLeft), theme: Some(Theme::Light), ..OverlayPatch::default() }, None).await;
    set(&ada, OverlayPatch { theme: Some(Theme::Light), ..OverlayPatch::default() }, None).await;
    let together = (Actor::Host, "Scene: be right back. Title: Finals. Overlay changed: theme, webcam corner.".to_owned());
    assert_eq!(after(&app, &id, known).await, std::slice::from_ref(&together), "changes close together are one line");
    set(&root, scene(Scene::Ending), None).await;
    app.clock.advance(60_000);
    set(&ada, scene(Scene::Live), None).await;
    let lines = after(&app, &id, known).await;
    assert_eq!(lines, [together, (Actor::Admin, "Scene: ending.".to_owned()), (Actor::Host, "Scene: automatic.".to_owned())]);
    // However long somebody plays with it, the timeline stays readable.
    for turn in 0..MOST_OVERLAY_LINES + 20 {
        app.clock.advance(11_000);
        set(&ada, scene(if turn.is_multiple_of(2) { Scene::BeRightBack } else { Scene::Live }), None).await;
    }
    let lines: Vec<_> = after(&app, &id, known).await.into_iter().filter(|(_, what)| what.starts_with("Scene")).collect();
    assert_eq!(lines.len(), usize::try_from(MOST_OVERLAY_LINES).expect("small"));
    assert!(lines.last().is_some_and(|(_, what)| what.ends_with("Further changes of the overlay are not listed.")), "{lines:?}");
}

#[tokio::test]
async fn destinations_and_their_health_are_in_the_timeline() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let known = app.timeline(&id).await.len();
    let lost = async |reason: &str| {
        let at = app.clock.now();
        let report = app.relay.measure(&id, at, |report| {
            let retrying = DestinationState::Retrying { attempt: 1, since: at, next_at: at, reason: reason.to_owned() };
            report.destinations[0].state = retrying;
        });
        app.studio.reconciler.handle_report(report.expect("a stream")).await;
        app.studio.reconciler.reconcile_all().await.expect("a round");
    };
    lost("it hung up").await;
    lost("no answer").await;
    app.play(&id, 1_000).await;
    app.play(&id, 2_000).await;
    let expected = [
        (Actor::Relay, "Twitch does not receive the stream: it hung up.".to_owned()),
        (Actor::Relay, "Twitch receives the stream again.".to_owned()),
    ];
    assert_eq!(after(&app, &id, known).await, expected, "transitions only");
    let view = app.studio.sessions.change_destinations(&ada, &id, &[], vec![typed(Platform::Rehearsal, "")], &[]).await.expect("added");
    let twitch = view.destinations[0].destination.id.clone();
    app.studio.sessions.change_destinations(&ada, &id, &[], Vec::new(), &[twitch]).await.expect("removed");
    let lines = after(&app, &id, known + 2).await;
    let of = |what: &str| (Actor::Host, format!("Destinations changed. {what}"));
    assert_eq!(lines, [of("Added: Rehearsal."), of("Removed: Twitch.")]);
}

#[tokio::test]
async fn an_administrators_start_names_them_and_belongs_to_the_owner() {
    let app = TestApp::new().await;
    let (ada, root) = (app.caller("ada").await, admin(&app).await);
    let for_ada = || NewSession { user_id: Some(ada.user.id.clone()), ..show() };
    let id = app.studio.sessions.start(&root, for_ada()).await.expect("started").session.session_id;
    let session = app.session(&id).await;
    assert_eq!((&session.account, &session.owner, session.entity_name.as_str()), (&ada.user.id, &ada.owner(), "ada"));
    let first = app.timeline(&id).await.remove(0);
    assert_eq!((first.actor, first.what.as_str()), (Actor::Admin, "The stream was requested by the administrator Root."));
    let audit = app.store.audit(None, 10).await.expect("read");
    assert!(audit.iter().any(|line| line.user.as_ref() == Some(&root.user.id) && line.subject == format!("{id} was started")), "{audit:?}");
    assert_eq!(code_of(app.studio.sessions.start(&ada, show()).await.expect_err("hers is running")), ErrorCode::Conflict);
    app.studio.sessions.start(&root, show()).await.expect("the administrator's own is another");
    assert_eq!(app.studio.sessions.running(&ada).await.expect("read").map(|view| view.session_id), Some(id));
}
