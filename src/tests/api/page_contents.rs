//! What pages say, as the server renders them.

use super::{
    feeds::OpenFeed,
    harness::{Person, TestServer},
};
use crate::support::wait::until;
use axum::http::{Method, StatusCode};
use footlight::{
    api::{
        accounts::OwnerDefaults,
        sessions::{DestinationInput, SavedDestinationView},
    },
    domain::{
        agent::AutoStart,
        destination::{Platform, StreamKey},
        ids::SessionId,
        key::Scope,
        overlay::{OverlayPatch, PipCorner, PipSize, Theme},
    },
};
use serde_json::{Value, json};

async fn open(server: &TestServer, person: &Person, path: &str) -> String {
    let reply = server.call(Method::GET, path, &[("cookie", &person.cookie)], None).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
    reply.body.as_str().expect("a page").to_owned()
}

async fn save(server: &TestServer, person: &Person, name: &str) -> SavedDestinationView {
    let typed = DestinationInput {
        platform: Platform::Twitch,
        custom_rtmp_url: None,
        stream_key: StreamKey::new(format!("live_of_{}", name.to_lowercase())),
        save_as: Some(name.to_owned()),
        channel: None,
    };
    server.studio.destinations.save(&server.caller(person).await, None, typed).await.expect("saved")
}

/// Starts a session and gives its id.
async fn start(server: &TestServer, key: &str, body: Value) -> SessionId {
    let reply = server.post("/api/streaming/start", key, body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
    serde_json::from_value(reply.body["sessionId"].clone()).expect("an id")
}

/// The picture of a session reaches the relay and is taken there, until the studio has heard of it.
async fn live(server: &TestServer, id: &SessionId) {
    let look = async || {
        let session = server.store.session(id).await.expect("the store").expect("a session");
        let waits = session.state.name() == "pending";
        if !waits && let Some(report) = server.relay.play(id, Some(session.generation), 0, server.clock.now()) {
            server.studio.reconciler.handle_report(report).await;
        }
        server.studio.reconciler.reconcile_all().await.expect("a round");
        (session.state.name() == "live").then_some(())
    };
    until("live", 15, look).await;
}

/// The opening tag of the first element that has this in it.
fn tag<'a>(html: &'a str, part: &str) -> &'a str {
    let tag = html.split('<').find(|tag| tag.split('>').next().is_some_and(|opening| opening.contains(part)));
    tag.and_then(|tag| tag.split('>').next()).unwrap_or_else(|| panic!("{part} is nowhere in {html}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn going_live_begins_with_the_owners_defaults() {
    for (video, shape, chosen) in [
        ("720p30", "wide", "1280×720, 30 fps"),
        ("portrait", "portrait", "720×1280, 30 fps, portrait"),
        ("640x360@15/800", "wide", "640×360, 15 fps"),
    ] {
        let server = TestServer::with(&[("FOOTLIGHT_VIDEO", video)]).await;
        let ada = server.streamer("Ada").await;
        let html = open(&server, &ada, "/go-live").await;
        let scene = tag(&html, r#"class="scene""#);
        assert!(scene.contains(r#"data-corner="bottom-right""#) && scene.contains(r#"data-theme="dark""#), "{scene}");
        let preview = tag(&html, r#"class="preview""#);
        assert!(preview.contains(&format!(r#"data-shape="{shape}""#)), "{video}: {preview}");
        let selected = html.split("<option").filter(|option| option.split('>').next().is_some_and(|tag| tag.contains("selected")));
        let formats: Vec<_> = selected.filter_map(|option| option.split("</option>").next()).filter(|text| text.contains(" fps")).collect();
        assert!(matches!(formats[..], [format] if format.contains(chosen)), "{video}: {formats:?}");

        let overlay = OverlayPatch {
            pip_corner: Some(PipCorner::TopLeft),
            pip_size: Some(PipSize::Large),
            theme: Some(Theme::Light),
            ..OverlayPatch::default()
        };
        let defaults = OwnerDefaults { overlay, auto_start: AutoStart::default() };
        server.studio.sessions.set_defaults(&server.caller(&ada).await, None, defaults).await.expect("stored");
        save(&server, &ada, "Main").await;
        let html = open(&server, &ada, "/go-live").await;
        let scene = tag(&html, r#"class="scene""#);
        for part in [r#"data-corner="top-left""#, r#"data-size="large""#, r#"data-theme="light""#] {
            assert!(scene.contains(part), "{part}: {scene}");
        }
        assert!(html.contains("<b>Main<") && html.contains("Twitch, key ends in main"), "what is saved can be chosen: {html}");
        assert!(!html.contains("live_of_main"), "and its key is not in the page");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_have_corner_and_size_of_the_webcam() {
    let server = TestServer::new().await;
    let ada = server.streamer("Ada").await;
    let overlay = OverlayPatch { pip_corner: Some(PipCorner::TopRight), ..OverlayPatch::default() };
    let defaults = OwnerDefaults { overlay, auto_start: AutoStart::default() };
    server.studio.sessions.set_defaults(&server.caller(&ada).await, None, defaults).await.expect("stored");
    let html = open(&server, &ada, "/settings").await;
    for (row, chosen) in [("Webcam corner", "Top right"), ("Webcam size", "Medium")] {
        let row = html.split(&format!(r#"aria-label="{row}""#)).nth(1).unwrap_or_else(|| panic!("no {row}: {html}"));
        let pressed = row.split(r#"aria-pressed="true""#).nth(1).expect("one is chosen");
        let button = pressed.split("</button>").next().expect("its content");
        assert!(button.contains(chosen), "{chosen}: {button}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_is_offered_only_to_the_host_of_a_session() {
    let server = TestServer::new().await;
    let (admin, ada) = (server.admin().await, server.streamer("Ada").await);
    let agent = server.agent(&ada, "Nyx").await;
    let key = server.key(&ada, Some(&agent), &Scope::ALL).await;
    let of_agent = server.agent_show(&key).await;
    let page = open(&server, &ada, &format!("/sessions/{of_agent}")).await;
    assert!(!page.contains("Open the studio"), "it would lead to a stream of Ada's own");
    let link = tag(&page, "/stream/overlay?sessionId=");
    assert!(link.contains(of_agent.as_str()), "the page leads to the overlay of this very session: {link}");
    let home = open(&server, &ada, "/").await;
    assert!(home.contains("Your running stream") && !home.contains("Back to the studio"), "{home}");
    assert!(tag(&home, r#"data-kind="go""#).contains("/go-live"), "a stream of Ada's own can start meanwhile");

    let own = server.key(&ada, None, &Scope::ALL).await;
    let own = start(&server, &own, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    let page = open(&server, &ada, &format!("/sessions/{own}")).await;
    assert!(page.contains("Open the studio") && !page.contains("Watch the overlay"), "{page}");
    assert!(open(&server, &ada, "/").await.contains("Back to the studio"));

    let page = open(&server, &admin, &format!("/sessions/{own}")).await;
    assert!(!page.contains("Open the studio") && page.contains("Watch the overlay"), "an administrator hosts nothing here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_live_keeps_its_picture_and_the_reason_of_its_end() {
    let server = TestServer::new().await;
    let ada = server.streamer("Ada").await;
    let key = server.key(&ada, None, &Scope::ALL).await;
    let rehearsal = || json!({ "streamType": "agent", "platform": "rehearsal" });
    let picture = |id: &SessionId| format!("/api/streaming/thumbnails/{id}");
    let never = start(&server, &key, rehearsal()).await;
    server.post("/api/streaming/stop", &key, json!({ "sessionId": never })).await;
    let page = open(&server, &ada, &format!("/sessions/{never}")).await;
    assert!(!page.contains(&picture(&never)), "it never had one");

    let id = start(&server, &key, rehearsal()).await;
    live(&server, &id).await;
    let event = json!({ "sessionId": id, "events": [{ "kind": "decision", "title": "Attack" }, { "kind": "event", "text": "A hit" }] });
    assert_eq!(server.post("/api/streaming/events", &key, event).await.status, StatusCode::OK);
    server.post("/api/streaming/stop", &key, json!({ "sessionId": id, "reason": "The power went out" })).await;
    let page = open(&server, &ada, &format!("/sessions/{id}")).await;
    assert!(tag(&page, &picture(&id)).contains("The end of the stream as viewers saw it"), "{page}");
    let [reason, timeline] = [r#"class="end-reason"#, r#"class="timeline""#].map(|part| page.split(part).nth(1).expect(part));
    assert!(reason.split("</p>").next().expect("its text").contains("The power went out"), "{page}");
    assert!(timeline.contains("The power went out"), "{timeline}");
    assert!(page.contains("2 overlay events, 1 of them decisions."), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_destinations_and_a_rehearsal_are_added_during_a_stream() {
    let server = TestServer::new().await;
    let ada = server.streamer("Ada").await;
    let saved = save(&server, &ada, "Main").await.destination.id;
    let key = server.key(&ada, None, &Scope::ALL).await;
    let twitch = json!({ "platform": "twitch", "streamKey": "live_another0123" });
    let id = start(&server, &key, json!({ "streamType": "user", "destinations": [twitch] })).await;
    let change = async |body: Value| {
        let headers = [("origin", "http://127.0.0.1:3000"), ("cookie", ada.cookie.as_str())];
        server.call(Method::POST, "/rpc/sessions/destinations", &headers, Some(body)).await
    };
    let added = change(json!({ "id": id, "add": [{ "platform": "rehearsal" }], "remove": [], "saved": [saved] })).await;
    assert_eq!(added.status, StatusCode::OK, "{added:?}");
    let places: Vec<_> = added.body["destinations"].as_array().expect("a list").iter().map(|of| of["platform"].clone()).collect();
    assert_eq!(places, ["twitch", "twitch", "rehearsal"]);
    assert_eq!(added.body["destinations"][1]["id"], json!(saved), "under its own id, so that the page no longer offers it");
    let again = change(json!({ "id": id, "add": [], "remove": [], "saved": [saved] })).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_info_bar_names_the_platforms_of_a_session() {
    let server = TestServer::new().await;
    let ada = server.streamer("Ada").await;
    let agent = server.agent(&ada, "Nyx").await;
    let key = server.key(&ada, Some(&agent), &Scope::ALL).await;
    let destinations = json!([
        { "platform": "twitch", "streamKey": "live_0123456789" },
        { "platform": "rehearsal" },
        { "platform": "youtube", "streamKey": "abcd-efgh-ijkl" },
    ]);
    let id = start(&server, &key, json!({ "streamType": "agent", "streamTitle": "Ladder night", "destinations": destinations })).await;
    let html = open(&server, &ada, &format!("/stream/overlay?sessionId={id}&preview=1")).await;
    let bar = html.split(r#"class="scene-info""#).nth(1).expect("the info bar");
    assert!(bar.contains("Twitch · YouTube · Ladder night"), "{html}");
    let page = until("an egress", 10, async || server.livekit.running().last().map(|egress| egress.page_url.clone())).await;
    let cookie = format!("footlight-overlay={}", page.rsplit_once("token=").expect("a token").1);
    let mut feed = OpenFeed::open(&server, &format!("/api/streaming/feed?sessionId={id}"), ("cookie", &cookie)).await;
    let session = feed.next().await.expect("the state").data;
    assert_eq!(session["platforms"], json!(["twitch", "rehearsal", "youtube"]), "and hears of every change");
    assert_eq!(session["destinations"], json!([]), "but of nothing else about them");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gallery_takes_its_settings_from_the_address_and_needs_no_program() {
    let server = TestServer::new().await;
    let ada = server.streamer("Ada").await;
    let overlay = OverlayPatch { pip_corner: Some(PipCorner::TopLeft), theme: Some(Theme::Light), ..OverlayPatch::default() };
    let defaults = OwnerDefaults { overlay, auto_start: AutoStart::default() };
    server.studio.sessions.set_defaults(&server.caller(&ada).await, None, defaults).await.expect("stored");
    let chosen = |html: &str| {
        let selected = html.split("<option").filter(|option| option.split('>').next().is_some_and(|tag| tag.contains("selected")));
        selected.filter_map(|option| Some(option.split_once('>')?.1.split('<').next()?.to_owned())).collect::<Vec<_>>()
    };
    let shown = |html: &str, parts: &[&str]| {
        let scenes: Vec<_> = html.split('<').filter(|tag| tag.contains(r#"class="scene""#)).map(str::to_owned).collect();
        assert!(scenes.len() > 5, "every scene: {html}");
        for scene in scenes {
            assert!(parts.iter().all(|part| scene.contains(part)), "{parts:?}: {scene}");
        }
    };

    let html = open(&server, &ada, "/gallery").await;
    shown(&html, &[r#"data-corner="top-left""#, r#"data-theme="light""#, r#"data-border="yes""#]);
    assert_eq!(chosen(&html), [""; 0], "one's own settings hold");
    assert!(tag(&html, r#"class="gallery-frames""#).contains(r#"data-shape="wide""#));
    assert!(!html.contains(r#"type="module""#) && !html.contains("modulepreload"), "{html}");

    let address = "/gallery?theme=dark&format=portrait&accent=teal&motion=reduced&pipCorner=&pipSize=large&pipShape=circle&pipBorder=false";
    let html = open(&server, &ada, address).await;
    let parts =
        [("theme", "dark"), ("accent", "teal"), ("motion", "reduced"), ("corner", "top-left"), ("size", "large"), ("shape", "circle")];
    let parts: Vec<_> = parts.iter().map(|(name, value)| format!(r#"data-{name}="{value}""#)).collect();
    shown(&html, &parts.iter().map(String::as_str).chain([r#"data-border="no""#]).collect::<Vec<_>>());
    assert_eq!(chosen(&html), ["Dark", "Portrait", "Teal", "Off", "Large", "Circle", "None"]);
    assert!(tag(&html, r#"class="gallery-frames""#).contains(r#"data-shape="portrait""#));
    assert!(tag(&html, "preview=agent").contains("pipShape=circle"), "the scene opens under the same settings");

    let html = open(&server, &ada, "/gallery?theme=blue&pipSize=").await;
    shown(&html, &[r#"data-theme="light""#, r#"data-size="medium""#]);
    assert_eq!(chosen(&html), [""; 0], "a value that is not known is as if it was not set");
}
