//! The HTTP API under 200 clients, beside a token server of ten lines that asks nobody who they are.

#[path = "api/apart.rs"]
mod apart;

use apart::Apart;
use axum::http::Method;
use futures::{StreamExt, future::join_all};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CLIENTS: u32 = 200;
const FOR: Duration = Duration::from_secs(5);
const LISTENERS: usize = 500;

fn client() -> Client {
    Client::builder().tls_backend_preconfigured(footlight::server::security::tls()).build().expect("a client")
}

async fn answered(name: &str, request: RequestBuilder) -> Duration {
    let asked = Instant::now();
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{name}: {}", answer.status());
    answer.bytes().await.expect("a body");
    asked.elapsed()
}

/// Calls per second, by so many clients at once; per second of the server's own processor time, which is what one core
/// carries; and the latencies' p50 and p99. Answers with the second of these.
async fn load(name: &str, server: &Apart, http: &Client, make: impl Fn(&Client) -> RequestBuilder + Sync) -> f64 {
    let until = Instant::now() + FOR;
    let clients = (0..CLIENTS).map(|_| async {
        let mut took = Vec::new();
        while Instant::now() < until {
            took.push(answered(name, make(http)).await);
        }
        took
    });
    let (begun, spent) = (Instant::now(), server.spent());
    let took: Vec<Duration> = join_all(clients).await.into_iter().flatten().collect();
    let calls = f64::from(u32::try_from(took.len()).expect("few"));
    let each_core = calls / server.spent().saturating_sub(spent).as_secs_f64();
    let each_second = calls / begun.elapsed().as_secs_f64();
    tell(&format!("{name:<28} {each_second:>8.0} /s {each_core:>8.0} /s per core"), took);
    each_core
}

/// The same clients, each asking once a second: how long an answer takes where the machine is not full.
async fn paced(name: &str, http: &Client, make: impl Fn(&Client) -> RequestBuilder + Sync) {
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|turn| {
        let make = &make;
        async move {
            let mut took = Vec::new();
            let mut next = begun + Duration::from_secs(1) * turn / CLIENTS;
            while next < begun + FOR {
                tokio::time::sleep_until(next.into()).await;
                took.push(answered(name, make(http)).await);
                next += Duration::from_secs(1);
            }
            took
        }
    });
    tell(&format!("{name:<28} {CLIENTS:>8} /s                  "), join_all(clients).await.into_iter().flatten().collect());
}

fn tell(line: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    println!("{line}   p50 {:>7.2} ms   p99 {:>7.2} ms", at(&took, 50), at(&took, 99));
}

/// A percentile in milliseconds.
fn at(took: &[Duration], percent: usize) -> f64 {
    took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1000.0
}

fn call(house: &Apart, method: Method, path: &str, body: Option<Value>) -> impl Fn(&Client) -> RequestBuilder + Sync + use<> {
    let (url, key) = (format!("{}{path}", house.said("origin")), house.said("key").to_owned());
    move |http| {
        let request = http.request(method.clone(), &url).header("authorization", &key);
        match &body {
            Some(body) => request.json(body),
            None => request,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_under_load() {
    let (house, node, http) = (Apart::footlight().await, Apart::node().await, client());
    let id = house.said("show");
    let token = call(&house, Method::POST, "/api/streaming/room", Some(json!({ "sessionId": id })));
    let status = call(&house, Method::GET, &format!("/api/streaming/status?sessionId={id}"), None);
    let list = call(&house, Method::GET, "/api/streaming/sessions?limit=20", None);
    let event = json!({ "sessionId": id, "events": [{ "kind": "stat", "label": "Cards left", "value": "12" }] });
    let event = call(&house, Method::POST, "/api/streaming/events", Some(event));
    println!("200 clients, 5 s each; they share this machine's cores with the server, so the figure for one core is the fair one");
    let ours = load("room token", &house, &http, token).await;
    let origin = node.said("origin").to_owned();
    let theirs = load("node: token, no questions", &node, &http, |http| http.get(&origin)).await;
    println!("tokens per core, beside node: {:.2}", ours / theirs);
    load("status", &house, &http, &status).await;
    load("list", &house, &http, list).await;
    load("one event", &house, &http, event).await;
    println!("the same clients, each once a second");
    paced("status", &http, status).await;
    println!("memory: {} MB, node {} MB", house.resident_mb(), node.resident_mb());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_to_five_hundred_listeners() {
    let (house, http) = (Apart::footlight().await, client());
    let (origin, key, id) = (house.said("origin"), house.said("agentKey"), house.said("agentShow"));
    let feed = || http.get(format!("{origin}/api/streaming/feed?sessionId={id}")).header("authorization", key).send();
    let feeds = join_all((0..LISTENERS).map(|_| feed())).await;
    let mut feeds: Vec<_> = feeds.into_iter().map(|answer| answer.expect("a feed").bytes_stream()).collect();
    // Each tells how the show stands before it tells news.
    join_all(feeds.iter_mut().map(StreamExt::next)).await;
    let mut took = Vec::new();
    for round in 0..20 {
        let mark = format!("round-{round}-");
        let begun = Instant::now();
        let told = feeds.iter_mut().map(|feed| async {
            loop {
                let part = feed.next().await.expect("goes on").expect("bytes");
                if String::from_utf8_lossy(&part).contains(&mark) {
                    return begun.elapsed();
                }
            }
        });
        let event = json!({ "sessionId": id, "events": [{ "kind": "event", "text": mark.clone() }] });
        let event = http.post(format!("{origin}/api/streaming/events")).header("authorization", key).json(&event).send();
        let (all, sent) = tokio::join!(join_all(told), event);
        assert!(sent.expect("an answer").status().is_success());
        took.extend(all);
    }
    tell(&format!("one event to {LISTENERS} listeners, from the call to the byte read:"), took);
    println!("memory of the server: {} MB", house.resident_mb());
}
