//! A test server with its router, users and keys.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use footlight::{
    api::accounts::{Credentials, NewAgent, NewApiKey},
    config::{env::Env, serve::ServeConfig},
    domain::{agent::Agent, ids::SessionId, key::Scope, timestamp::Timestamp},
    net::{clock::Clock, tls},
    serve::router,
    server::{
        auth::{caller::Caller, origin::Origin},
        livekit::fake::FakeLiveKit,
        relay::{client::RelayClient, fake::FakeRelay},
        state::AppState,
        store::surreal::SurrealStore,
        studio::{Ports, Studio},
        vault::{Vault, parse_master_key},
        viewers,
    },
};
use http_body_util::BodyExt;
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

pub const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);
pub const RELAY_SECRET: &str = "another long enough secret";
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The whole application over the fakes.
pub struct TestServer {
    pub router: Router,
    pub studio: Studio,
    pub clock: Clock,
    pub livekit: FakeLiveKit,
    pub relay: FakeRelay,
}

/// A signed-in user.
pub struct Person {
    pub cookie: String,
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(extra: &[(&str, &str)]) -> Self {
        Self::over(SurrealStore::open("mem://", None).await.expect("a store"), extra)
    }

    pub fn over(store: SurrealStore, extra: &[(&str, &str)]) -> Self {
        // What was logged, for whoever looks for a fault: RUST_LOG=info.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_test_writer().try_init();
        let mut pairs = vec![
            ("HOME", "/nonexistent"),
            ("LIVEKIT_API_KEY", "devkey"),
            ("LIVEKIT_API_SECRET", SECRET),
            ("STREAM_KEY_ENCRYPTION_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
            ("STREAMING_JWT_SECRET", "a secret that is long enough to sign"),
            ("FOOTLIGHT_RELAY_SECRET", RELAY_SECRET),
            ("FOOTLIGHT_RELAY_URL", "http://127.0.0.1:9"),
            ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", "127.0.0.1:1935"),
            ("FOOTLIGHT_CORS_ORIGINS", "https://game.example"),
        ];
        pairs.extend_from_slice(extra);
        let config = ServeConfig::from_env(&Env::of_pairs(pairs)).expect("a configuration");
        let master = parse_master_key(config.master_keys[0].expose()).expect("a key");
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
        let relay = RelayClient::new(config.relay.clone(), http);
        let (clock, livekit, relay_shows) = (Clock::fixed(NOW), FakeLiveKit::default(), FakeRelay::default());
        let studio = Studio::new(Ports {
            clock: clock.clone(),
            store: Arc::new(store),
            livekit: Arc::new(livekit.clone()),
            relay: Arc::new(relay_shows.clone()),
            viewers: viewers::services(&config.viewers).expect("a client"),
            vault: Vault::new(master, Vec::new()),
            allow: config.allow_private.parse().expect("a list"),
            config,
        });
        let leptos = LeptosOptions::builder().output_name("footlight").site_root("/nonexistent").build();
        let router = router(AppState::new(studio.clone(), relay, leptos));
        Self { router, studio, clock, livekit, relay: relay_shows }
    }

    /// Signs a streamer up.
    pub async fn streamer(&self, name: &str) -> Person {
        let credentials = Credentials { name: name.to_owned(), password: "correct horse".to_owned() };
        let signed_in = self.studio.sign_up(&credentials, &Origin::default()).await.expect("signed up");
        Person { cookie: format!("footlight={}", signed_in.token) }
    }

    /// The administrator, by the first link.
    pub async fn admin(&self) -> Person {
        let link = self.studio.first_sign_in(None).await.expect("a link").expect("the first start");
        let token = link.split_once("token=").expect("a token").1.to_owned();
        let signed_in = self.studio.sign_in_once(&token, &Origin::default()).await.expect("signed in");
        Person { cookie: format!("footlight={}", signed_in.token) }
    }

    /// The caller behind a person's cookie, for use cases that have no call.
    pub async fn caller(&self, person: &Person) -> Caller {
        let headers = [("cookie".parse().expect("a name"), person.cookie.parse().expect("a value"))].into_iter().collect();
        Caller::of(&headers, &self.studio).await.expect("the store").expect("signed in")
    }

    pub async fn agent(&self, person: &Person, name: &str) -> Agent {
        let caller = self.caller(person).await;
        self.studio.make_agent(&caller, &NewAgent { name: name.to_owned() }, &Origin::default()).await.expect("an agent")
    }

    /// A key as it stands in `Authorization`.
    pub async fn key(&self, person: &Person, agent: Option<&Agent>, scopes: &[Scope]) -> String {
        let wish = NewApiKey {
            name: "test".into(),
            agent_id: agent.map(|agent| agent.id.clone()),
            scopes: scopes.to_vec(),
            expires_at: Some(NOW.plus_millis(3_600_000)),
        };
        let caller = self.caller(person).await;
        format!("Bearer {}", self.studio.make_key(&caller, &wish, &Origin::default()).await.expect("a key").text)
    }

    /// Starts a rehearsal of the agent behind a key.
    pub async fn agent_show(&self, key: &str) -> SessionId {
        let body = json!({ "streamType": "agent", "destinations": [{ "platform": "rehearsal" }] });
        let reply = self.call(Method::POST, "/api/streaming/start", &[("authorization", key)], Some(body)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
        serde_json::from_value(reply.body["sessionId"].clone()).expect("an id")
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a form of a page, as a browser does.
    pub async fn form(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let endless = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if endless { axum::body::Bytes::default() } else { body.collect().await.expect("a body").to_bytes() };
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Reply {
        self.call(Method::POST, path, &[("authorization", key)], Some(body)).await
    }

    pub async fn get(&self, path: &str, key: &str) -> Reply {
        self.call(Method::GET, path, &[("authorization", key)], None).await
    }
}
