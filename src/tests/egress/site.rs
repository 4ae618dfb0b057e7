//! A page server and webhook receiver: serves the test pages, and stores or refuses webhooks.

use super::harness::{KEY, SECRET};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

/// The received webhooks, and how to respond to the next ones.
#[derive(Default)]
pub struct Site {
    hooks: Mutex<Vec<(Instant, Value)>>,
    /// Ids of all webhook attempts in order, refused ones included.
    tried: Mutex<Vec<(Instant, String)>>,
    /// How many of the next webhooks get this status.
    refuse: Mutex<(u32, u16)>,
}

impl Site {
    /// The site and its address.
    pub async fn open() -> (Arc<Self>, String) {
        let site = Arc::<Self>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(axum::serve(listener, Router::new().fallback(answer).with_state(Arc::clone(&site))).into_future());
        (site, address)
    }

    pub fn taken(&self) -> Vec<(Instant, Value)> {
        self.hooks.lock().expect("whole").clone()
    }

    pub fn forget(&self) {
        self.hooks.lock().expect("whole").clear();
    }

    pub fn refuse(&self, count: u32, status: u16) {
        *self.refuse.lock().expect("whole") = (count, status);
    }

    pub fn tried(&self) -> Vec<(Instant, String)> {
        self.tried.lock().expect("whole").clone()
    }
}

async fn answer(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if uri.path() == "/hook" {
        check_signature(&headers, &body);
        let hook: Value = serde_json::from_slice(&body).expect("JSON");
        site.tried.lock().expect("whole").push((Instant::now(), hook["id"].as_str().expect("an id").to_owned()));
        let mut refuse = site.refuse.lock().expect("whole");
        if refuse.0 > 0 {
            refuse.0 -= 1;
            return StatusCode::from_u16(refuse.1).expect("a status").into_response();
        }
        site.hooks.lock().expect("whole").push((Instant::now(), hook));
        return StatusCode::OK.into_response();
    }
    if uri.path() == "/hang" {
        std::future::pending::<()>().await;
    }
    if uri.path() == "/away" {
        return axum::response::Redirect::temporary("http://127.0.0.1:1/elsewhere").into_response();
    }
    super::pages::of(uri.path().trim_start_matches('/'))
        .map_or_else(|| StatusCode::NOT_FOUND.into_response(), |page| Html(page).into_response())
}

fn check_signature(headers: &HeaderMap, body: &[u8]) {
    assert_eq!(headers["content-type"], "application/webhook+json");
    let token = headers["authorization"].to_str().expect("text");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    rules.set_issuer(&[KEY]);
    let key = jsonwebtoken::DecodingKey::from_secret(SECRET.as_bytes());
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).expect("signed with our key").claims;
    assert_eq!(claims["sha256"], BASE64_STANDARD.encode(Sha256::digest(body)));
    assert_eq!(claims["exp"].as_i64().expect("exp") - claims["nbf"].as_i64().expect("nbf"), 300);
}
