//! A client for the Chrome DevTools Protocol over a pipe: calls with responses, and events in order. Knows no page.

use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe,
    sync::{mpsc, oneshot},
};

#[derive(Debug, Clone, thiserror::Error)]
pub enum CdpError {
    /// The browser refused the call, with this message.
    #[error("{0}")]
    Refused(String),
    #[error("the browser is gone")]
    Closed,
}

/// An event from the browser.
#[derive(Debug)]
pub struct CdpEvent {
    /// `Domain.event`.
    pub method: String,
    pub params: Value,
    /// The session of the page; empty for the browser itself.
    pub session: String,
}

/// The callers that wait for a response; `None` once the browser is gone, so that none waits for ever.
type Waiting = Mutex<Option<HashMap<u64, oneshot::Sender<Result<Value, CdpError>>>>>;

pub struct CdpClient {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Arc<Waiting>,
    next: AtomicU64,
}

impl CdpClient {
    /// Connects over the browser's pipes.
    pub fn connect(mut writer: pipe::Sender, reader: pipe::Receiver) -> (Arc<Self>, mpsc::UnboundedReceiver<CdpEvent>) {
        let (outgoing, mut to_send) = mpsc::unbounded_channel::<Vec<u8>>();
        let (cdp_events, received) = mpsc::unbounded_channel();
        let waiting: Arc<Waiting> = Arc::new(Mutex::new(Some(HashMap::new())));
        tokio::spawn(async move {
            while let Some(message) = to_send.recv().await {
                if writer.write_all(&message).await.is_err() {
                    return;
                }
            }
        });
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            let mut reader = BufReader::new(reader);
            let mut message = Vec::new();
            while reader.read_until(0, &mut message).await.is_ok_and(|read| read > 0) {
                message.pop();
                if let Ok(value) = serde_json::from_slice::<Value>(&message) {
                    dispatch(value, &answers, &cdp_events);
                }
                message.clear();
            }
            let left = answers.lock().take();
            for (_, waiter) in left.into_iter().flatten() {
                // The caller may have given up.
                let _ = waiter.send(Err(CdpError::Closed));
            }
        });
        (Arc::new(Self { outgoing, waiting, next: AtomicU64::new(1) }), received)
    }

    /// Calls a method, of the browser (`session` empty) or of a page.
    ///
    /// # Errors
    /// The browser refuses the call or has exited.
    pub async fn call(&self, session: &str, method: &str, params: &Value) -> Result<Value, CdpError> {
        let (waiter, answer) = oneshot::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting.lock().as_mut().ok_or(CdpError::Closed)?.insert(id, waiter);
        self.write(id, session, method, params)?;
        answer.await.unwrap_or(Err(CdpError::Closed))
    }

    /// Calls a method and ignores the response.
    pub fn send(&self, session: &str, method: &str, params: &Value) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // An exited browser is noticed elsewhere.
        let _ = self.write(id, session, method, params);
    }

    fn write(&self, id: u64, session: &str, method: &str, params: &Value) -> Result<(), CdpError> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.outgoing.send(bytes).map_err(|_| CdpError::Closed)
    }
}

fn dispatch(mut message: Value, waiting: &Waiting, cdp_events: &mpsc::UnboundedSender<CdpEvent>) {
    if let Some(id) = message["id"].as_u64() {
        let waiter = waiting.lock().as_mut().and_then(|waiting| waiting.remove(&id));
        if let Some(waiter) = waiter {
            let answer = match message["error"]["message"].as_str() {
                Some(message_text) => Err(CdpError::Refused(message_text.to_owned())),
                None => Ok(message["result"].take()),
            };
            // The caller may have given up.
            let _ = waiter.send(answer);
        }
        return;
    }
    if let Some(method) = message["method"].as_str().map(str::to_owned) {
        let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
        // There is no receiver after the egress has ended.
        let _ = cdp_events.send(CdpEvent { method, params: message["params"].take(), session });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn call_to_a_browser_that_is_gone_does_not_wait() {
        let (ours_out, theirs_in) = pipe::pipe().expect("a pipe");
        let (theirs_out, ours_in) = pipe::pipe().expect("a pipe");
        let (cdp, mut events) = CdpClient::connect(ours_out, ours_in);
        let (calling, params) = (Arc::clone(&cdp), json!({}));
        let before = tokio::spawn(async move { calling.call("", "Browser.getVersion", &params).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(theirs_out);
        assert!(events.recv().await.is_none(), "the browser has closed its pipe");
        let before = tokio::time::timeout(Duration::from_secs(2), before).await;
        assert!(matches!(before.expect("in time").expect("no panic"), Err(CdpError::Closed)));
        let params = json!({});
        let after = tokio::time::timeout(Duration::from_secs(2), cdp.call("", "Browser.getVersion", &params)).await;
        assert!(matches!(after.expect("in time"), Err(CdpError::Closed)));
        drop(theirs_in);
    }
}
