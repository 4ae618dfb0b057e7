//! The real relay, over its control API.

use super::{Relay, RelayError, RelayEvent};
use crate::{
    api::relay_control::{ConnectionTrial, DesiredSession, SessionReport, TrialResult},
    config::serve::RelayClientConfig,
    domain::ids::{DestinationId, SessionId},
};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use sse_stream::{Sse, SseByteStream};
use std::{io, sync::Arc, time::Duration};

const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// A recording of a long session has thousands of files.
const DELETE_TIMEOUT: Duration = Duration::from_secs(30);
/// The relay tries a server for 5 s.
const TEST_TIMEOUT: Duration = Duration::from_secs(7);
/// The relay writes at least a comment this often; silence beyond it is a dead connection.
const EVENTS_SILENCE: Duration = Duration::from_secs(30);

/// A relay over HTTP.
#[derive(Debug, Clone)]
pub struct RelayClient {
    http: reqwest::Client,
    config: Arc<RelayClientConfig>,
}

impl RelayClient {
    /// A client; no request is made yet.
    pub fn new(config: RelayClientConfig, http: reqwest::Client) -> Self {
        Self { http, config: Arc::new(config) }
    }

    /// A request with the shared secret, to be sent by the caller (recordings and thumbnails pass through).
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.config.url)).bearer_auth(self.config.secret.expose())
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, RelayError> {
        let answer = request.timeout(CALL_TIMEOUT).send().await.map_err(lost)?;
        accepted(answer).await
    }
}

#[async_trait]
impl Relay for RelayClient {
    async fn put(&self, session: &DesiredSession) -> Result<SessionReport, RelayError> {
        let request = self.request(Method::PUT, &format!("/shows/{}", session.session_id)).json(session);
        read(self.send(request).await?).await
    }

    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        self.send(self.request(Method::DELETE, &format!("/shows/{session}"))).await.map(|_| ())
    }

    async fn retry(&self, session: &SessionId, destination: &DestinationId) -> Result<(), RelayError> {
        let path = format!("/shows/{session}/destinations/{destination}/retry");
        self.send(self.request(Method::POST, &path)).await.map(|_| ())
    }

    async fn delete_recording(&self, session: &SessionId) -> Result<bool, RelayError> {
        let request = self.request(Method::DELETE, &format!("/recordings/{session}")).timeout(DELETE_TIMEOUT);
        let answer = request.send().await.map_err(lost)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        accepted(answer).await.map(|_| true)
    }

    async fn test(&self, trial: &ConnectionTrial) -> Result<TrialResult, RelayError> {
        let request = self.request(Method::POST, "/test").json(trial).timeout(TEST_TIMEOUT);
        read(accepted(request.send().await.map_err(lost)?).await?).await
    }

    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError> {
        read(self.send(self.request(Method::GET, "/shows")).await?).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        let answer = accepted(self.request(Method::GET, "/events").send().await.map_err(lost)?).await?;
        // The limit is on bytes rather than events, because the relay's comments are no events.
        let bytes = tokio_stream::StreamExt::timeout(answer.bytes_stream(), EVENTS_SILENCE);
        let bytes = bytes.map(|chunk| chunk.map_err(io::Error::other)?.map_err(io::Error::other));
        Ok(SseByteStream::new(bytes).filter_map(async |block| read_event(&block.ok()?)).boxed())
    }
}

/// An event that this version knows.
fn read_event(event: &Sse) -> Option<RelayEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Gone {
        session_id: SessionId,
    }
    let data = event.data.as_deref()?;
    match event.event.as_deref()? {
        "show" => serde_json::from_str(data).ok().map(|report| RelayEvent::Session(Box::new(report))),
        "gone" => serde_json::from_str(data).ok().map(|Gone { session_id }| RelayEvent::Gone(session_id)),
        _ => None,
    }
}

async fn accepted(answer: Response) -> Result<Response, RelayError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let words: String = answer.text().await.unwrap_or_default().chars().take(300).collect();
    match status {
        StatusCode::UNAUTHORIZED => Err(RelayError::Refused("FOOTLIGHT_RELAY_SECRET is not the relay's".into())),
        _ => Err(RelayError::Refused(format!("{status} {words}"))),
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, RelayError> {
    answer.json().await.map_err(lost)
}

fn lost(error: reqwest::Error) -> RelayError {
    RelayError::Unreachable(error.without_url().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_events_are_read_and_anything_else_is_passed_over() {
        let gone = read_event(&Sse::default().event("gone").data("{\"sessionId\":\"s1\"}"));
        assert_eq!(gone, Some(RelayEvent::Gone("s1".parse().expect("an id"))));
        assert_eq!(read_event(&Sse::default().event("later").data("{}")), None);
        assert_eq!(read_event(&Sse::default().event("show").data("not json")), None);
        assert_eq!(read_event(&Sse::default().data("{}")), None);
    }
}
