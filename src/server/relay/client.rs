//! The real relay, over its control API.

use super::{Relay, RelayError, RelayEvent};
use crate::{
    api::relay_control::{DesiredSession, SessionReport},
    config::serve::RelayClientConfig,
    domain::ids::{DestinationId, SessionId},
};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};

const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The relay writes at least a comment this often; silence beyond it is a dead connection.
const EVENTS_SILENCE: Duration = Duration::from_secs(30);
/// One event is one report of a few kilobytes.
const LONGEST_EVENT: usize = 256 * 1024;

/// A relay over HTTP.
#[derive(Debug, Clone)]
pub struct RelayClient {
    http: reqwest::Client,
    config: Arc<RelayClientConfig>,
}

impl RelayClient {
    /// A client; nothing is asked yet.
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

    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError> {
        read(self.send(self.request(Method::GET, "/shows")).await?).await
    }

    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        let answer = accepted(self.request(Method::GET, "/events").send().await.map_err(lost)?).await?;
        let mut bytes = answer.bytes_stream();
        let events = async_stream(move |out| async move {
            let mut buffer = Vec::new();
            while let Ok(Some(Ok(chunk))) = tokio::time::timeout(EVENTS_SILENCE, bytes.next()).await {
                buffer.extend_from_slice(&chunk);
                while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                    let block: Vec<u8> = buffer.drain(..end + 2).collect();
                    let event = parse(&String::from_utf8_lossy(&block));
                    if let Some(event) = event
                        && out.send(event).await.is_err()
                    {
                        return;
                    }
                }
                if buffer.len() > LONGEST_EVENT {
                    return;
                }
            }
        });
        Ok(events)
    }
}

/// A stream fed by a task; the task ends with the stream.
fn async_stream<F, Fut>(feed: F) -> BoxStream<'static, RelayEvent>
where
    F: FnOnce(tokio::sync::mpsc::Sender<RelayEvent>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    tokio::spawn(feed(sender));
    tokio_stream::wrappers::ReceiverStream::new(receiver).boxed()
}

/// One block of a server-sent event stream; comments and unknown events are none.
fn parse(block: &str) -> Option<RelayEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Gone {
        session_id: SessionId,
    }
    let field = |name: &str| {
        block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_start).collect::<Vec<_>>().join("\n")
    };
    match field("event").as_str() {
        "show" => serde_json::from_str(&field("data")).ok().map(|report| RelayEvent::Session(Box::new(report))),
        "gone" => serde_json::from_str(&field("data")).ok().map(|Gone { session_id }| RelayEvent::Gone(session_id)),
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
    fn an_event_block_is_read_and_anything_else_is_passed_over() {
        let gone = parse("event: gone\ndata: {\"sessionId\":\"s1\"}\n\n");
        assert_eq!(gone, Some(RelayEvent::Gone("s1".parse().expect("an id"))));
        assert_eq!(parse(": keep alive\n\n"), None);
        assert_eq!(parse("event: later\ndata: {}\n\n"), None);
        assert_eq!(parse("event: show\ndata: not json\n\n"), None);
    }
}
