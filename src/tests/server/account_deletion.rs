//! An account is deleted with everything that is its: also while it streams, and through interruptions.

use super::{
    harness::{TestApp, code_of, show},
    retention::rehearsal,
};
use footlight::{
    api::error::ErrorCode,
    domain::{account::Role, audit::AuditAction},
    server::{
        auth::{caller::Caller, origin::Origin},
        operations::account_data::Deletion,
    },
};
use futures::TryStreamExt;
use serde_json::Value;

async fn delete(app: &TestApp, caller: &Caller) -> Result<Deletion, ErrorCode> {
    app.studio.account_data.delete_own(caller, "", &Origin::default()).await.map_err(code_of)
}

#[tokio::test(flavor = "multi_thread")]
async fn running_streams_end_and_the_audit_log_keeps_no_name() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.caller("ada").await, app.caller("bob").await);
    let recorded = app.studio.sessions.start(&ada, rehearsal()).await.expect("started").session.session_id;
    app.studio.sessions.stop(&ada, &recorded, None).await.expect("stopped");
    app.until(&recorded, "ended").await;
    app.relay.record(&recorded);
    let running = app.live(&ada).await;
    let others = app.start(&bob).await.session.session_id;
    app.studio.agents.make(&ada, &footlight::api::accounts::NewAgent { name: "Nyx".into() }, &Origin::default()).await.expect("an agent");
    assert_eq!(delete(&app, &ada).await, Ok(Deletion::Done));
    for id in [&recorded, &running] {
        assert_eq!(app.store.session(id).await.expect("the store"), None);
    }
    assert!(!app.relay.has_recording(&recorded) && app.relay.desired(&running).is_none());
    assert_eq!(app.store.user(&ada.user.id).await.expect("the store"), None);
    assert!(app.session(&others).await.state.is_active(), "another account's stream goes on");
    let lines = app.store.audit(None, 99).await.expect("the store");
    let named = |text: &str| lines.iter().any(|line| serde_json::to_string(line).expect("text").contains(text));
    assert!(!named("\"ada\"") && !named("Nyx"), "{lines:?}");
    let deleted: Vec<_> = lines.iter().filter(|line| line.action == AuditAction::AccountDeleted).collect();
    assert!(
        matches!(deleted.as_slice(), [line] if line.user.as_ref().is_some_and(|user| user.as_str().starts_with("deleted-"))),
        "{deleted:?}"
    );
    let late = app.studio.sessions.start(&ada, show()).await.map(drop).map_err(code_of);
    assert_eq!(late, Err(ErrorCode::NotFound), "a start that began before finds nothing to add to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_interrupted_is_finished_in_the_background() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let recorded = app.studio.sessions.start(&ada, rehearsal()).await.expect("started").session.session_id;
    app.studio.sessions.stop(&ada, &recorded, None).await.expect("stopped");
    app.until(&recorded, "ended").await;
    app.relay.set_down(true);
    assert_eq!(delete(&app, &ada).await, Ok(Deletion::UnderWay), "the recording cannot be deleted");
    assert_eq!(app.store.closed_accounts().await.expect("the store"), std::slice::from_ref(&ada.user.id));
    let other = app.restarted();
    assert_eq!(other.studio.retention.round().await.expect("a round").accounts, 0);
    app.relay.set_down(false);
    assert_eq!(other.studio.retention.round().await.expect("a round").accounts, 1);
    assert_eq!(app.store.user(&ada.user.id).await.expect("the store"), None);
    assert_eq!(app.store.session(&recorded).await.expect("the store"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_not_deleted() {
    let app = TestApp::new().await;
    let mut callers = Vec::new();
    for name in ["ada", "bob"] {
        let user = footlight::domain::account::User {
            id: name.parse().expect("an id"),
            name: name.to_owned(),
            role: Role::Admin,
            created_at: app.clock.now(),
        };
        app.store.insert_user(&user, name, None).await.expect("inserted");
        callers.push(Caller::signed_in(user, format!("cookie-{name}").parse().expect("an id")));
    }
    let streamer = app.caller("cem").await;
    let refused = app.studio.account_data.delete_any(&streamer, &callers[0].user.id, &Origin::default()).await.map_err(code_of);
    assert_eq!(refused, Err(ErrorCode::Forbidden));
    let data = &app.studio.account_data;
    assert_eq!(data.delete_any(&callers[0], &streamer.user.id, &Origin::default()).await.map_err(code_of), Ok(Deletion::Done));
    assert_eq!(delete(&app, &callers[1]).await, Ok(Deletion::Done));
    assert_eq!(delete(&app, &callers[0]).await, Err(ErrorCode::Conflict));
    assert!(app.store.user(&callers[0].user.id).await.expect("the store").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_one_document_of_everything_but_secrets() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let bob = app.start(&app.caller("bob").await).await.session.session_id;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let id = app.start(&ada).await.session.session_id;
        let text = serde_json::json!({ "kind": "event", "text": "ü \" \u{2028}" });
        for _ in 0..2 {
            let line = footlight::server::store::NewLine { kind: "show", id: None, data: text.clone() };
            app.store.append_lines(&id, app.clock.now(), &[line]).await.expect("appended");
        }
        app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
        app.until(&id, "ended").await;
        sessions.push(id);
    }
    let typed = show().destinations.remove(0);
    let typed = footlight::api::sessions::DestinationInput { save_as: Some("Main channel".into()), ..typed };
    app.studio.destinations.save(&ada, None, typed).await.expect("saved");
    let parts: Vec<bytes::Bytes> =
        app.studio.account_data.export(&ada, &Origin::default()).await.expect("an export").try_collect().await.expect("whole");
    let text = String::from_utf8(parts.concat()).expect("text");
    let document: Value = serde_json::from_str(&text).expect("one JSON document");
    assert_eq!(document["account"]["name"], "ada");
    let exported = document["sessions"].as_array().expect("sessions");
    let ids: Vec<_> = exported.iter().map(|one| one["session"]["sessionId"].as_str().expect("an id")).collect();
    assert_eq!(ids, sessions.iter().map(footlight::domain::ids::SessionId::as_str).collect::<Vec<_>>());
    for one in exported {
        assert_eq!(one["events"].as_array().map(Vec::len), Some(2));
        assert!(one["timeline"].as_array().is_some_and(|lines| lines.len() >= 2), "{one}");
    }
    assert_eq!(document["destinations"][0]["destination"]["name"], "Main channel");
    assert_eq!(document["audit"][0]["action"], "account_exported", "the account's lines of the audit log");
    for secret in ["0123456789abcdef", "keyId", "key_id", "passwordHash", bob.as_str()] {
        assert!(!text.contains(secret), "{secret} is in the export");
    }
}
