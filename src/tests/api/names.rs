//! Names and titles: none that imitates another or hides what it is, and none refused for its script.

use super::harness::{NOW, Person, TestServer};
use axum::http::{Method, StatusCode};
use footlight::{
    api::accounts::Credentials,
    domain::{
        account::{Role, User},
        key::Scope,
    },
    server::{auth::origin::Origin, error::StudioError},
};
use serde_json::json;

const PASSWORD: &str = "correct horse";

async fn sign_up(server: &TestServer, name: &str) -> Result<String, String> {
    let credentials = Credentials { name: name.to_owned(), password: PASSWORD.to_owned() };
    match server.studio.accounts.sign_up(&credentials, &Origin::default()).await {
        Ok(signed_in) => Ok(signed_in.me.name),
        Err(StudioError::Refused(error)) if error.detail["field"] == "name" => Err(error.message),
        Err(other) => panic!("{name}: {other}"),
    }
}

async fn sign_in(server: &TestServer, name: &str) -> Option<String> {
    let credentials = Credentials { name: name.to_owned(), password: PASSWORD.to_owned() };
    server.studio.accounts.sign_in(&credentials, &Origin::default()).await.ok().map(|signed_in| signed_in.me.name)
}

fn roomy() -> [(&'static str, &'static str); 1] {
    [("FOOTLIGHT_RATE_FACTOR", "1000")]
}

#[tokio::test]
async fn an_account_cannot_look_like_another() {
    let server = TestServer::with(&roomy()).await;
    let _ = server.admin().await;
    sign_up(&server, "Capa").await.expect("free");
    for (name, words) in [
        ("\u{430}dmin", "several scripts"),
        ("adm\u{131}n\u{200d}\u{202e}", "U+202E"),
        ("Admin", "taken"),
        ("\u{ff21}dmin", "taken"),
        ("ad\u{200b}min", "taken"),
        ("adrnin", "reads like"),
        ("\u{421}\u{430}\u{440}\u{430}", "reads like"),
    ] {
        let message = sign_up(&server, name).await.expect_err(name);
        assert!(message.contains(words), "{name:?}: {message}");
    }
    // The command line is no way round.
    assert!(matches!(server.studio.commands.create_user("adrnin", Role::Streamer).await, Err(StudioError::Refused(_))));
}

#[tokio::test]
async fn names_of_every_script_sign_up_and_in() {
    let server = TestServer::with(&roomy()).await;
    for (name, typed_later) in [
        ("\u{928}\u{930}\u{947}\u{928}\u{94d}\u{926}\u{94d}\u{930}", "\u{928}\u{930}\u{947}\u{928}\u{94d}\u{926}\u{94d}\u{930}"),
        ("\u{e2a}\u{e21}\u{e0a}\u{e32}\u{e22} \u{e19}\u{e49}\u{e33}", "\u{e2a}\u{e21}\u{e0a}\u{e32}\u{e22} \u{e19}\u{e49}\u{e33}"),
        ("\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}", "\u{639}\u{644}\u{6cc}\u{631}\u{636}\u{627}"),
        ("Zoe\u{308} Stra\u{df}e", "ZO\u{cb} STRASSE"),
    ] {
        let shown = sign_up(&server, name).await.expect(name);
        assert_eq!(sign_in(&server, typed_later).await, Some(shown.clone()), "{name}");
        assert_eq!(sign_in(&server, &shown).await, Some(shown), "{name}");
    }
}

#[tokio::test]
async fn accounts_from_before_sign_in_under_their_stored_key() {
    let server = TestServer::with(&roomy()).await;
    for (number, name) in ["Stra\u{df}e", "\u{430}dmin", "Zoe\u{308}l"].into_iter().enumerate() {
        // A hash made by the studio itself, from a throwaway account.
        let donor = format!("donor {number}");
        sign_up(&server, &donor).await.expect("free");
        let hash = server.store.user_by_name(&donor).await.expect("the store").expect("there").1;
        let id = format!("before-{number}").parse().expect("an id");
        let user = User { id, name: name.to_owned(), role: Role::Streamer, created_at: NOW };
        server.store.insert_user(&user, &name.to_lowercase(), hash.as_deref()).await.expect("inserted");
        assert_eq!(sign_in(&server, name).await.as_deref(), Some(name), "{name}");
        assert!(sign_up(&server, name).await.is_err(), "{name} is taken, whichever key it has");
    }
    sign_up(&server, "STRASSE").await.expect_err("the same name by today's key");
}

#[tokio::test]
async fn titles_and_names_hide_nothing() {
    let server = TestServer::with(&roomy()).await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let start = async |field: &str, text: &str| {
        let body = json!({ "streamType": "agent", "platform": "rehearsal", "replace": true, field: text });
        server.post("/api/streaming/start", &key, body).await
    };
    for field in ["streamTitle", "entityName", "currentLobbyId"] {
        let refused = start(field, "Live \u{202e}fdp.exe").await;
        assert_eq!((refused.status, &refused.body["detail"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{refused:?}");
        let message = refused.body["message"].as_str().expect("words");
        assert!(message.contains("U+202E") && message.contains("remove it"), "{message}");
    }
    let taken = start("streamTitle", "La\u{200b}dder \u{feff}night \u{1f469}\u{200d}\u{1f4bb}").await;
    assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
    let status = server.get(&format!("/api/streaming/status?sessionId={}", taken.body["sessionId"].as_str().expect("an id")), &key).await;
    assert!(status.body.to_string().contains("Ladder night \u{1f469}\u{200d}\u{1f4bb}"), "{status:?}");
    let events = json!({ "sessionId": taken.body["sessionId"], "events": [{ "kind": "event", "text": "a\u{2067}b" }] });
    let told = server.post("/api/streaming/events", &key, events).await;
    assert_eq!(told.body["results"][0]["error"]["field"], json!("text"), "{told:?}");
    let rpc = async |path: &str, body: serde_json::Value| {
        let Person { cookie } = &owner;
        server.call(Method::POST, path, &[("origin", "http://127.0.0.1:3000"), ("cookie", cookie)], Some(body)).await
    };
    let bad = "Nyx\u{202e}4";
    for (path, body, field) in [
        ("/rpc/settings/make-agent", json!({ "wish": { "name": bad } }), "name"),
        ("/rpc/settings/make-key", json!({ "wish": { "name": bad, "scopes": ["read"] } }), "name"),
        (
            "/rpc/settings/keep",
            json!({ "agent": null, "typed": { "platform": "twitch", "streamKey": "live_1234_abcd6f2a", "saveAs": bad } }),
            "saveAs",
        ),
    ] {
        let refused = rpc(path, body).await;
        assert_eq!(
            (refused.status, &refused.body["detail"]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{path}: {refused:?}"
        );
    }
}
