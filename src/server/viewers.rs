//! The port to services that count viewers: each platform's own API, called with the operator's credentials.

pub mod twitch;
pub mod youtube;

use crate::{
    config::serve::ViewersConfig,
    domain::destination::Platform,
    net::{self, clock},
};
use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fmt, sync::Arc, time::Duration};
use url::Url;

/// Timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest response that is read.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// The longest wait that a service may request, in seconds.
const LONGEST_WAIT: u64 = 24 * 3600;
const AGENT: &str = concat!("Footlight/", env!("CARGO_PKG_VERSION"));

/// Credentials for a service. Sealed in the vault; masked by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The application's public name at the service; empty where there is none.
    pub id: String,
    pub secret: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}, ••••)", self.id)
    }
}

/// Why viewers could not be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewerCountError {
    /// The service refused the credentials; its message.
    #[error("{0}")]
    Refused(String),
    /// Rate-limited, with the wait if the service names one.
    #[error("it was asked too often")]
    Busy(Option<Duration>),
    /// No response, or an undocumented one.
    #[error("{0}")]
    Unavailable(String),
}

/// A service that counts viewers.
#[async_trait]
pub trait ViewerCounter: Send + Sync + 'static {
    /// The platform whose viewers it counts.
    fn platform(&self) -> Platform;
    async fn check(&self, credential: &Credential) -> Result<(), ViewerCountError>;
    /// Viewers of each of these channels that is live now, as `domain::viewers` writes channels; others are left out.
    async fn viewers(&self, credential: &Credential, channels: &[String]) -> Result<Vec<(String, u64)>, ViewerCountError>;
}

/// Sends a request and returns the response unless it is rate-limited or a server error.
async fn ask(request: RequestBuilder) -> Result<Response, ViewerCountError> {
    let answer = request.timeout(TIMEOUT).header("user-agent", AGENT).send().await;
    let answer = answer.map_err(|error| ViewerCountError::Unavailable(format!("no answer: {}", error.without_url())))?;
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => Err(ViewerCountError::Busy(wait(answer.headers()))),
        status if status.is_server_error() => Err(ViewerCountError::Unavailable(format!("it answers {}", status.as_u16()))),
        _ => Ok(answer),
    }
}

async fn read<T: DeserializeOwned>(mut answer: Response) -> Result<T, ViewerCountError> {
    let broken = |error: reqwest::Error| ViewerCountError::Unavailable(format!("half an answer: {}", error.without_url()));
    let mut body = Vec::new();
    while let Some(some) = answer.chunk().await.map_err(broken)? {
        body.extend_from_slice(&some);
        if body.len() > LARGEST_ANSWER {
            return Err(ViewerCountError::Unavailable("its answer is too large".into()));
        }
    }
    // Without the parser's message: it can repeat the input.
    serde_json::from_slice(&body).map_err(|_| ViewerCountError::Unavailable("its answer is not in the documented shape".into()))
}

/// The wait that the service requests: `Retry-After` in seconds, or Twitch's `Ratelimit-Reset`, a second of Unix time.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |name: &str| text(name)?.parse::<u64>().ok();
    // The service's own clock: this machine's may be wrong.
    let now = text("date").and_then(clock::of_http_date).unwrap_or_else(clock::wall);
    let now = u64::try_from(now.as_millis() / 1000).unwrap_or_default();
    let wait = seconds("retry-after").or_else(|| seconds("ratelimit-reset").map(|at| at.saturating_sub(now)))?;
    Some(Duration::from_secs(wait.min(LONGEST_WAIT)))
}

/// The address of one call.
fn below(base: &Url, path: &str) -> Url {
    let mut address = base.clone();
    address.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    address
}

/// Every service at its address, over one client without redirects: credentials go nowhere else.
///
/// # Errors
/// The client cannot be made.
pub fn services(config: &ViewersConfig) -> Result<Vec<Arc<dyn ViewerCounter>>, reqwest::Error> {
    let builder = Client::builder().tls_backend_preconfigured(net::tls::client());
    let (http, of) = (builder.redirect(reqwest::redirect::Policy::none()).build()?, config.clone());
    let twitch = twitch::Twitch::new(http.clone(), of.twitch, of.twitch_sign_in);
    Ok(vec![Arc::new(twitch), Arc::new(youtube::YouTube::new(http, of.youtube))])
}
