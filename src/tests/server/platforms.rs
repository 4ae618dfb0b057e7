//! Twitch and YouTube as a local server, in the shapes that they document, and an app that counts there.

use super::harness::{TestApp, config, show, vault};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use footlight::{
    api::sessions::SessionView,
    domain::{
        destination::Platform,
        room::{host_identity, room_name},
    },
    server::{
        operations::viewer_counts::Round,
        viewers::{Credential, ViewerCounter, services},
    },
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

pub const SECRET: &str = "canary-secret-of-the-application";

/// Status, body and a header of an answer that is given instead of the right one.
pub type Fault = (u16, Value, Option<(&'static str, String)>);

/// What the platforms would say, and what they were asked.
#[derive(Default)]
pub struct World {
    pub viewers: HashMap<&'static str, u64>,
    pub asked: Vec<String>,
    pub tokens: u32,
    pub fault: Option<Fault>,
}

pub type Platforms = Arc<Mutex<World>>;

fn streams(world: &World, query: &str) -> Value {
    let asked: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "user_login")
        .map(|(_, login)| login.into_owned())
        .collect();
    let live = asked.iter().filter_map(|login| Some((login, world.viewers.get(login.as_str())?)));
    let data: Vec<_> = live
        .map(|(login, viewers)| json!({ "id": "40952121085", "user_id": "101051819", "user_login": login, "user_name": login, "type": "live", "viewer_count": viewers, "started_at": "2026-11-26T12:00:00Z" }))
        .collect();
    json!({ "data": data, "pagination": {} })
}

fn videos(world: &World, query: &str) -> Value {
    let ids =
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id").map(|(_, ids)| ids.into_owned()).unwrap_or_default();
    let item = |id: &str| match world.viewers.get(id) {
        Some(viewers) => {
            json!({ "kind": "youtube#video", "id": id, "liveStreamingDetails": { "actualStartTime": "2026-11-26T12:00:00Z", "concurrentViewers": viewers.to_string() } })
        }
        None => {
            json!({ "kind": "youtube#video", "id": id, "liveStreamingDetails": { "actualStartTime": "2026-11-26T12:00:00Z", "actualEndTime": "2026-11-26T13:00:00Z" } })
        }
    };
    json!({ "kind": "youtube#videoListResponse", "items": ids.split(',').map(item).collect::<Vec<_>>() })
}

async fn answer(State(world): State<Platforms>, OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes) -> Response {
    let mut world = world.lock().expect("nobody panics with it");
    let query = uri.query().unwrap_or_default();
    world.asked.push(uri.to_string());
    if let Some((status, body, header)) = &world.fault {
        let status = StatusCode::from_u16(*status).expect("a status");
        return match header {
            Some((name, value)) => (status, [(*name, value.clone())], Json(body.clone())).into_response(),
            None => (status, Json(body.clone())).into_response(),
        };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match uri.path() {
        "/id/token" => {
            let form: HashMap<_, _> = url::form_urlencoded::parse(&body).into_owned().collect();
            if form.get("client_secret").map(String::as_str) != Some(SECRET) || form["grant_type"] != "client_credentials" {
                return (StatusCode::FORBIDDEN, Json(json!({ "status": 403, "message": "invalid client secret" }))).into_response();
            }
            world.tokens += 1;
            Json(json!({ "access_token": format!("token{}", world.tokens), "expires_in": 5_011_271, "token_type": "bearer" }))
                .into_response()
        }
        "/helix/streams" if header("authorization") == format!("Bearer token{}", world.tokens) && header("client-id") == "app" => {
            Json(streams(&world, query)).into_response()
        }
        "/helix/streams" => {
            (StatusCode::UNAUTHORIZED, Json(json!({ "error": "Unauthorized", "status": 401, "message": "Invalid OAuth token" })))
                .into_response()
        }
        _ if header("x-goog-api-key") != SECRET => {
            let message = "API key not valid. Please pass a valid API key.";
            (StatusCode::BAD_REQUEST, Json(json!({ "error": { "code": 400, "message": message, "errors": [{ "reason": "badRequest" }] } })))
                .into_response()
        }
        "/v3/channels" => Json(json!({ "items": [{ "kind": "youtube#channel", "id": "UCabcdefghijklmnopqrstuv" }] })).into_response(),
        "/v3/search" => {
            let live = world.viewers.keys().find(|id| id.len() == 11);
            let items: Vec<_> = live.map(|id| json!({ "id": { "kind": "youtube#video", "videoId": id } })).into_iter().collect();
            Json(json!({ "kind": "youtube#searchListResponse", "items": items })).into_response()
        }
        _ => Json(videos(&world, query)).into_response(),
    }
}

/// An app whose services are the local server's, and their credentials kept.
pub struct Counted {
    pub app: TestApp,
    pub world: Platforms,
    services: Vec<Arc<dyn ViewerCounter>>,
}

impl Counted {
    pub async fn new() -> Self {
        let world = Platforms::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Router::new().fallback(any(answer)).with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let app = TestApp::new().await;
        let addresses = [format!("{at}/helix"), format!("{at}/id"), format!("{at}/v3")];
        let names = ["FOOTLIGHT_TWITCH_API", "FOOTLIGHT_TWITCH_SIGN_IN", "FOOTLIGHT_YOUTUBE_API"];
        let extra: Vec<_> = names.into_iter().zip(addresses.iter().map(String::as_str)).collect();
        let config = config(&extra);
        let services = services(&config.viewers).expect("a client");
        let app = app.process(config, vault());
        for platform in [Platform::Twitch, Platform::Youtube] {
            let credential = Credential { id: "app".into(), secret: SECRET.into() };
            let words = app.studio.viewer_counts.set_credential(platform, &credential).await.expect("kept");
            assert!(words.contains("takes them"), "{words}");
        }
        Self { app, world, services }
    }

    /// A session on air for this owner, on Twitch and on YouTube.
    pub async fn live(&self, owner: &str, channels: [Option<&str>; 2]) -> SessionView {
        let caller = self.app.caller(owner).await;
        let mut wanted = show();
        let mut other = wanted.destinations[0].clone();
        other.platform = Platform::Youtube;
        wanted.destinations.push(other);
        for (place, channel) in wanted.destinations.iter_mut().zip(channels) {
            place.channel = channel.map(str::to_owned);
        }
        let id = self.app.studio.sessions.start(&caller, wanted).await.expect("started").session.session_id;
        self.app.until(&id, "starting").await;
        self.app.livekit.join(&room_name(&id), &host_identity(&id));
        self.app.play(&id, 0).await;
        self.app.until(&id, "live").await;
        self.view(owner).await
    }

    pub async fn view(&self, owner: &str) -> SessionView {
        self.app.studio.sessions.running(&self.app.caller(owner).await).await.expect("the store").expect("a stream")
    }

    pub async fn count(&self, platform: Platform) -> Round {
        let service = self.services.iter().find(|service| service.platform() == platform).expect("a service");
        self.app.studio.viewer_counts.count(&**service).await.expect("a round")
    }

    pub fn say(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().expect("nobody panics with it"));
    }

    pub fn asked(&self, path: &str) -> usize {
        self.world.lock().expect("nobody panics with it").asked.iter().filter(|uri| uri.starts_with(path)).count()
    }
}
