//! Event feeds as their readers get them: resumed from a number, read as fast as the client takes them, limited in number and
//! in lines.

use super::harness::{NOW, TestServer};
use crate::support::{app::in_memory, crash_budget::CrashBudget, crashing_store::CrashingStore};
use axum::{
    body::{Body, BodyDataStream},
    http::{Method, Request, StatusCode},
};
use footlight::{
    domain::{ids::SessionId, key::Scope, overlay_state::OverlayState},
    server::{
        feed::history::RESUMED,
        store::{FeedEntry, NewLine, Store},
    },
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tower::ServiceExt;

/// An open feed.
pub struct OpenFeed {
    body: BodyDataStream,
    text: String,
    read: VecDeque<Message>,
}

/// One event of a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub event: String,
    pub id: Option<u64>,
    pub data: Value,
}

impl Message {
    fn of(text: &str) -> Self {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        Self {
            event: field("event").unwrap_or_default().to_owned(),
            id: field("id").and_then(|id| id.parse().ok()),
            data: field("data").and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default(),
        }
    }
}

impl OpenFeed {
    /// Opens a feed, which must be admitted.
    pub async fn open(server: &TestServer, path: &str, header: (&str, &str)) -> Self {
        let request = Request::builder().uri(path).header(header.0, header.1).body(Body::empty()).expect("a request");
        let response = server.router.clone().oneshot(request).await.expect("the router answers");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Self { body: response.into_body().into_data_stream(), text: String::new(), read: VecDeque::new() }
    }

    /// The next event; `None` at the end of the feed. Panics if neither comes within a few seconds.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.read.pop_front() {
                return Some(message);
            }
            let part = tokio::time::timeout(Duration::from_secs(8), self.body.next()).await.expect("an event or the end");
            self.text.push_str(std::str::from_utf8(&part?.expect("bytes")).expect("text"));
            while let Some(end) = self.text.find("\n\n") {
                let message = Message::of(&self.text[..end]);
                self.text.drain(..end + 2);
                // The comment for proxies is no event.
                if !message.event.is_empty() {
                    self.read.push_back(message);
                }
            }
        }
    }

    /// The next line of the session's feed.
    async fn line(&mut self) -> Message {
        loop {
            let message = self.next().await.expect("the feed goes on");
            if message.event == "show" {
                return message;
            }
        }
    }
}

fn event(number: u64) -> Value {
    match number % 3 {
        0 => json!({ "kind": "stat", "label": format!("stat {}", number % 17), "value": number.to_string() }),
        1 => json!({ "kind": "event", "text": format!("line {number}") }),
        _ => json!({ "kind": "decision", "title": format!("choice {number}") }),
    }
}

/// A server over a store whose calls are counted, with an agent's session.
struct Counted {
    server: TestServer,
    store: Arc<dyn Store>,
    budget: CrashBudget,
    key: String,
    id: SessionId,
}

impl Counted {
    /// Puts events into the feed, beside every limit.
    async fn fill(&self, numbers: std::ops::RangeInclusive<u64>) {
        let new: Vec<_> = numbers.map(|number| NewLine { kind: "show", id: None, data: event(number) }).collect();
        for batch in new.chunks(500) {
            self.store.append_lines(&self.id, NOW, batch).await.expect("appended");
        }
    }
}

/// One in whose session so much has happened.
async fn with_lines(lines: u64) -> Counted {
    let budget = CrashBudget::of_calls(usize::MAX);
    let store: Arc<dyn Store> = Arc::new(CrashingStore(in_memory().await, budget.clone()));
    let server = TestServer::over(store.clone(), &[]);
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let counted = Counted { server, store, budget, key, id };
    counted.fill(1..=lines).await;
    counted
}

fn path(id: &SessionId, after: u64) -> String {
    format!("/api/streaming/feed?sessionId={id}&after={after}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_missed_much_gets_what_shows_and_the_latest_lines() {
    let counted = with_lines(3_000).await;
    let Counted { server, key, id, .. } = &counted;
    let mut feed = OpenFeed::open(server, &path(id, 0), ("authorization", key)).await;
    let (mut numbers, mut state) = (Vec::new(), OverlayState::default());
    while numbers.last() != Some(&3_000) {
        let line = feed.line().await;
        let seq = line.id.expect("a number");
        state.apply(seq, serde_json::from_value(line.data).expect("an event"), NOW);
        numbers.push(seq);
    }
    assert!(numbers.is_sorted_by(|one, next| one < next), "in order, none twice");
    let full: Vec<u64> = (3_000 - RESUMED + 1..=3_000).collect();
    assert!(numbers.ends_with(&full), "the latest in full");
    assert!(numbers.len() < full.len() + 60, "{} older ones", numbers.len() - full.len());
    let mut whole = OverlayState::default();
    (1..=3_000).for_each(|seq| whole.apply(seq, serde_json::from_value(event(seq)).expect("an event"), NOW));
    assert_eq!(state, whole, "the picture is as if every line had come");
    // Who missed less gets everything.
    let mut feed = OpenFeed::open(server, &path(id, 2_500), ("authorization", key)).await;
    for seq in 2_501..=3_000 {
        assert_eq!(feed.line().await.id, Some(seq));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_latest_settings_come_however_long_ago_they_were_made() {
    let counted = with_lines(0).await;
    let Counted { server, key, id, .. } = &counted;
    for theme in ["light", "dark"] {
        let change = json!({ "sessionId": id, "theme": theme });
        let changed = server.call(Method::PATCH, "/api/streaming/overlay", &[("authorization", key)], Some(change)).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    }
    let last = counted.store.feed_end(id).await.expect("read");
    counted.fill(last + 1..=RESUMED * 2).await;
    let mut feed = OpenFeed::open(server, &path(id, 0), ("authorization", key)).await;
    assert_eq!(feed.next().await.expect("the state").event, "session");
    let first = feed.next().await.expect("the oldest that shows");
    assert_eq!((first.event.as_str(), first.id, &first.data["theme"]), ("overlay", Some(last), &json!("dark")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_read_as_the_client_takes_them() {
    let Counted { server, budget, key, id, .. } = with_lines(RESUMED).await;
    let before = budget.calls("feed_after");
    let mut feed = OpenFeed::open(&server, &path(&id, 0), ("authorization", &key)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(budget.calls("feed_after") - before, 1, "nothing is read ahead of a client that reads nothing");
    for seq in 1..=RESUMED {
        assert_eq!(feed.line().await.id, Some(seq));
    }
    assert!((2..=3).contains(&(budget.calls("feed_after") - before)), "{}", budget.calls("feed_after") - before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_noisy_session_makes_no_other_reader_read_the_store() {
    let Counted { server, budget, key, id: quiet, .. } = with_lines(0).await;
    let mut feed = OpenFeed::open(&server, &path(&quiet, 0), ("authorization", &key)).await;
    assert_eq!(feed.next().await.expect("the state").event, "session");
    let end = async || tokio::time::sleep(Duration::from_millis(200)).await;
    end().await;
    let before = budget.calls("feed_after");
    let noisy: SessionId = "noisy".parse().expect("an id");
    let line = |seq| FeedEntry { seq, at: NOW, kind: "show".into(), id: None, data: event(seq) };
    (1..=5_000).for_each(|seq| server.studio.feed.entry(&noisy, line(seq)));
    let sent = server.post("/api/streaming/events", &key, json!({ "sessionId": quiet, "events": [event(1)] })).await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    assert_eq!(feed.line().await.id, Some(1));
    assert_eq!(budget.calls("feed_after"), before, "it did not lag");
    // A gap is read from the store: here a line that was stored and never announced.
    server.studio.feed.entry(&quiet, line(9));
    end().await;
    assert!(budget.calls("feed_after") > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_feeds_are_limited_per_caller_and_in_all() {
    let server = TestServer::with(&[("FOOTLIGHT_MOST_FEEDS", "25")]).await;
    let (owner, other) = (server.streamer("Owner").await, server.streamer("Other").await);
    let (key, others) = (server.key(&owner, None, &Scope::ALL).await, server.key(&other, None, &Scope::ALL).await);
    let (id, others_id) = (server.agent_show(&key).await, server.agent_show(&others).await);
    let mut open = Vec::new();
    for _ in 0..24 {
        open.push(OpenFeed::open(&server, &path(&id, 0), ("authorization", &key)).await);
    }
    let refused = server.get(&path(&id, 0), &key).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_requests")), "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    open.push(OpenFeed::open(&server, &path(&others_id, 0), ("authorization", &others)).await);
    let full = server.get(&path(&others_id, 0), &others).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE, "{full:?}");
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(server.studio.feed.open_feeds().count(), 25);
    open.truncate(23);
    assert_eq!(server.studio.feed.open_feeds().count(), 23, "a closed one makes room at once");
    OpenFeed::open(&server, &path(&id, 0), ("authorization", &key)).await;
}

#[tokio::test]
async fn a_full_feed_refuses_events_and_takes_settings() {
    let server = TestServer::with(&[("FOOTLIGHT_LINES_PER_SHOW", "150")]).await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let id = server.agent_show(&key).await;
    let batch = json!({ "sessionId": id, "events": (1..=100).map(event).collect::<Vec<_>>() });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(server.post("/api/streaming/events", &key, batch.clone()).await);
    }
    assert_eq!(statuses.iter().map(|reply| reply.status.as_u16()).collect::<Vec<_>>(), [200, 200, 409]);
    let refused = &statuses[2].body;
    assert_eq!((&refused["code"], &refused["detail"]["limit"]), (&json!("conflict"), &json!(150)));
    assert!(refused["message"].as_str().is_some_and(|words| words.contains("150") && words.contains("FOOTLIGHT_LINES_PER_SHOW")));
    let change = json!({ "sessionId": id, "showEventFeed": false });
    let changed = server.call(Method::PATCH, "/api/streaming/overlay", &[("authorization", &key)], Some(change)).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    // Another process counts from what is stored, not from nothing.
    assert_eq!(server.studio.feed_history.page(&id, 0).await.expect("read").len(), 201);
}

#[tokio::test]
async fn lines_are_limited_by_the_minute_and_per_session() {
    let server = TestServer::with(&[("FOOTLIGHT_LINES_PER_MINUTE", "100")]).await;
    let owner = server.streamer("Owner").await;
    let mut keys = Vec::new();
    for name in ["Nyx", "Blaze"] {
        let agent = server.agent(&owner, name).await;
        keys.push(server.key(&owner, Some(&agent), &Scope::ALL).await);
    }
    let (id, other) = (server.agent_show(&keys[0]).await, server.agent_show(&keys[1]).await);
    let batch = |id: &SessionId| json!({ "sessionId": id, "events": (1..=100).map(event).collect::<Vec<_>>() });
    assert_eq!(server.post("/api/streaming/events", &keys[0], batch(&id)).await.status, StatusCode::OK);
    let refused = server.post("/api/streaming/events", &keys[0], batch(&id)).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_requests")), "{refused:?}");
    let wait: u64 = refused.headers["retry-after"].to_str().ok().and_then(|wait| wait.parse().ok()).expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(server.post("/api/streaming/events", &keys[1], batch(&other)).await.status, StatusCode::OK, "another session");
}
