//! Twitch, by Helix. Source: Twitch API reference, "Get Streams"; Authentication, "Client credentials grant flow"; Guide,
//! "Twitch rate limits" (`Ratelimit-Reset` is a time in seconds of Unix).

use super::{Credential, ViewerCountError, ViewerCounter, ask, below, read};
use crate::domain::destination::Platform;
use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded::Serializer};

/// Logins in one request, at most.
const AT_ONCE: usize = 100;

/// Helix at its address, and the token that it accepts at present.
pub struct Twitch {
    http: Client,
    api: Url,
    sign_in: Url,
    token: Mutex<Option<(Credential, String)>>,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Streams {
    data: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    user_login: String,
    #[serde(rename = "type")]
    kind: String,
    viewer_count: u64,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    message: String,
}

impl Twitch {
    /// Over the API's address (`https://api.twitch.tv/helix/`) and that of the sign-in (`https://id.twitch.tv/oauth2/`).
    pub fn new(http: Client, api: Url, sign_in: Url) -> Self {
        Self { http, api, sign_in, token: Mutex::default() }
    }

    async fn token(&self, credential: &Credential) -> Result<String, ViewerCountError> {
        let mut held = self.token.lock().await;
        if let Some((for_whom, token)) = held.as_ref()
            && for_whom == credential
        {
            return Ok(token.clone());
        }
        let body = Serializer::new(String::new())
            .append_pair("client_id", &credential.id)
            .append_pair("client_secret", &credential.secret)
            .append_pair("grant_type", "client_credentials")
            .finish();
        let request = self.http.post(below(&self.sign_in, "token")).header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = ask(request).await?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        let Token { access_token } = read(answer).await?;
        *held = Some((credential.clone(), access_token.clone()));
        Ok(access_token)
    }

    async fn streams(&self, credential: &Credential, logins: &[String]) -> Result<Streams, ViewerCountError> {
        let mut address = below(&self.api, "streams");
        address.query_pairs_mut().append_pair("first", "100").extend_pairs(logins.iter().map(|login| ("user_login", login)));
        let mut again = true;
        loop {
            let token = self.token(credential).await?;
            let answer = ask(self.http.get(address.clone()).bearer_auth(&token).header("client-id", &credential.id)).await?;
            match answer.status() {
                status if status.is_success() => return read(answer).await,
                // Tokens expire and can be revoked.
                StatusCode::UNAUTHORIZED if again => {
                    again = false;
                    self.token.lock().await.take_if(|(_, held)| *held == token);
                }
                _ => return Err(refused(answer).await),
            }
        }
    }
}

#[async_trait]
impl ViewerCounter for Twitch {
    fn platform(&self) -> Platform {
        Platform::Twitch
    }

    async fn check(&self, credential: &Credential) -> Result<(), ViewerCountError> {
        self.token.lock().await.take();
        self.token(credential).await.map(drop)
    }

    async fn viewers(&self, credential: &Credential, channels: &[String]) -> Result<Vec<(String, u64)>, ViewerCountError> {
        let mut found = Vec::new();
        for some in channels.chunks(AT_ONCE) {
            let live = self.streams(credential, some).await?.data.into_iter().filter(|stream| stream.kind == "live");
            found.extend(live.map(|stream| (stream.user_login.to_ascii_lowercase(), stream.viewer_count)));
        }
        Ok(found)
    }
}

async fn refused(answer: Response) -> ViewerCountError {
    let status = answer.status();
    let words = read::<Fault>(answer).await.map(|fault| fault.message).unwrap_or_default();
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ViewerCountError::Refused(format!(
            "Twitch refuses the credentials: {}",
            if words.is_empty() { "no reason given" } else { &words }
        )),
        status => ViewerCountError::Unavailable(format!("it answers {}", status.as_u16())),
    }
}
