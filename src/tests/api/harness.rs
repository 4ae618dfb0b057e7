//! A test server with its router, users and keys.

pub use crate::support::app::{API_SECRET as SECRET, NOW};
use crate::support::{
    app::{self, TestApp, in_memory},
    livekit::FakeLiveKit,
    relay::FakeRelay,
};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode},
};
use footlight::{
    api::accounts::{Credentials, NewAgent, NewApiKey},
    domain::{agent::Agent, ids::SessionId, key::Scope},
    net::{clock::Clock, tls},
    serve::router,
    server::{
        auth::{caller::Caller, origin::Origin},
        cookies::sign_in_cookies,
        http::extract::signed_in,
        relay::client::RelayClient,
        state::AppState,
        store::Store,
        studio::Studio,
    },
};
use http_body_util::BodyExt;
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};
use tower::ServiceExt;

/// The whole application over the fakes.
pub struct TestServer {
    pub router: Router,
    pub studio: Studio,
    pub store: Arc<dyn Store>,
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
        Self::over(in_memory().await, extra)
    }

    pub fn over(store: Arc<dyn Store>, extra: &[(&str, &str)]) -> Self {
        // What was logged, for whoever looks for a fault: RUST_LOG=info.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_test_writer().try_init();
        let pairs = [
            ("FOOTLIGHT_RELAY_URL", "http://127.0.0.1:9"),
            ("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS", "127.0.0.1:1935"),
            ("FOOTLIGHT_CORS_ORIGINS", "https://game.example"),
        ];
        let config = app::config(&[&pairs, extra].concat());
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
        let recordings = RelayClient::new(config.relay.clone(), http);
        let TestApp { studio, store, livekit, relay, clock } = TestApp::with(store, FakeLiveKit::default(), config);
        let leptos = LeptosOptions::builder().output_name("footlight").site_root("/nonexistent").build();
        let router = router(AppState::new(studio.clone(), recordings, leptos));
        Self { router, studio, store, clock, livekit, relay }
    }

    /// Whoever has this sign-in token.
    fn person(&self, token: String) -> Person {
        let cookie = sign_in_cookies(token, 1, &self.studio.config).remove(0);
        Person { cookie: cookie.split(';').next().unwrap_or_default().to_owned() }
    }

    /// Signs a streamer up.
    pub async fn streamer(&self, name: &str) -> Person {
        let credentials = Credentials { name: name.to_owned(), password: "correct horse".to_owned() };
        let signed_in = self.studio.accounts.sign_up(&credentials, &Origin::default()).await.expect("signed up");
        self.person(signed_in.token)
    }

    /// The administrator, by the first link.
    pub async fn admin(&self) -> Person {
        let link = self.studio.accounts.first_sign_in(None).await.expect("a link").expect("the first start");
        let token = link.split_once("token=").expect("a token").1.to_owned();
        let signed_in = self.studio.accounts.sign_in_once(&token, &Origin::default()).await.expect("signed in");
        self.person(signed_in.token)
    }

    /// The caller behind a person's cookie, for use cases that have no call.
    pub async fn caller(&self, person: &Person) -> Caller {
        let headers = [("cookie".parse().expect("a name"), person.cookie.parse().expect("a value"))].into_iter().collect();
        signed_in(&headers, &self.studio.accounts).await.expect("the store").expect("signed in")
    }

    pub async fn agent(&self, person: &Person, name: &str) -> Agent {
        let caller = self.caller(person).await;
        self.studio.agents.make(&caller, &NewAgent { name: name.to_owned() }, &Origin::default()).await.expect("an agent")
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
        format!("Bearer {}", self.studio.api_keys.make(&caller, &wish, &Origin::default()).await.expect("a key").text)
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

    /// Sends a body as it is.
    pub async fn call_text(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// Asks from a network address.
    pub async fn call_from(&self, peer: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().uri(path).extension(ConnectInfo(peer));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
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
