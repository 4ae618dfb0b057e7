//! The port to those who count viewers: a platform's own service, asked with the credentials of whoever runs this studio.

pub mod twitch;
pub mod youtube;

use crate::{config::serve::ViewersConfig, domain::destination::Platform};
use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use url::Url;

/// A service that takes longer does not answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read: fifty of anything are far smaller.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// A day, in seconds: whatever a service says, it is asked again then.
const LONGEST_WAIT: u64 = 24 * 3600;
const AGENT: &str = concat!("Footlight/", env!("CARGO_PKG_VERSION"));

/// What a service is asked with. Sealed in the vault; masked by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The application's public name at the service; empty where there is none.
    pub id: String,
    /// What proves it.
    pub secret: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}, ••••)", self.id)
    }
}

/// Why nothing was counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewerCountError {
    /// The credentials are refused, in the service's words.
    #[error("{0}")]
    Refused(String),
    /// It was asked too often; it may say when it can be asked again.
    #[error("it was asked too often")]
    Busy(Option<Duration>),
    /// It does not answer, or not as its documentation says.
    #[error("{0}")]
    Unavailable(String),
}

/// A service that tells how many watch.
#[async_trait]
pub trait ViewerCounter: Send + Sync + 'static {
    /// Whose viewers it counts.
    fn platform(&self) -> Platform;
    /// Whether it takes these credentials.
    async fn check(&self, credential: &Credential) -> Result<(), ViewerCountError>;
    /// Viewers of each of these channels that is live now, as `domain::viewers` writes channels; others are left out.
    async fn viewers(&self, credential: &Credential, channels: &[String]) -> Result<Vec<(String, u64)>, ViewerCountError>;
}

/// Sends a request and gives the answer back if it is no refusal of a general kind.
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
    // Without the parser's words: they can repeat what was read.
    serde_json::from_slice(&body).map_err(|_| ViewerCountError::Unavailable("its answer is not in the documented shape".into()))
}

/// How long it wants to be left alone: `Retry-After` in seconds, or Twitch's `Ratelimit-Reset`, a second of Unix time.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
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
    let builder = Client::builder().tls_backend_preconfigured(super::security::tls());
    let (http, of) = (builder.redirect(reqwest::redirect::Policy::none()).build()?, config.clone());
    let twitch = twitch::Twitch::new(http.clone(), of.twitch, of.twitch_sign_in);
    Ok(vec![Arc::new(twitch), Arc::new(youtube::YouTube::new(http, of.youtube))])
}
