//! The HTTP API under 200 clients, compared with a Node token server of ten lines without authentication.

#[path = "api/server_process.rs"]
mod server_process;
#[path = "api/wrk.rs"]
mod wrk;

use super::percentile;
use axum::http::Method;
use futures::{StreamExt, future::join_all};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use server_process::ServerProcess;
use std::time::{Duration, Instant};
use wrk::wrk;

const CLIENTS: u32 = 200;
const FOR: Duration = Duration::from_secs(5);
/// Unmeasured warm-up before each run, for JIT compilers.
const WARM_UP_S: u64 = 1;
const LISTENERS: usize = 500;

fn client() -> Client {
    Client::builder().tls_backend_preconfigured(footlight::net::tls::client()).build().expect("a client")
}

async fn answered(name: &str, request: RequestBuilder) -> Duration {
    let asked = Instant::now();
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{name}: {}", answer.status());
    answer.bytes().await.expect("a body");
    asked.elapsed()
}

/// Prints calls per second, calls per second of the server's CPU time (what one core carries), and the p50 and p99
/// latencies. Returns the second of these.
async fn load(name: &str, server: &ServerProcess, request: RequestBuilder) -> f64 {
    let request = request.build().expect("a request");
    wrk(&request, CLIENTS, WARM_UP_S).await;
    let spent = server.spent();
    let run = wrk(&request, CLIENTS, FOR.as_secs()).await;
    let each_core = run.calls / server.spent().saturating_sub(spent).as_secs_f64();
    let each_second = run.calls / run.took.as_secs_f64();
    print_latency(&format!("{name:<28} {each_second:>8.0} /s {each_core:>8.0} /s per core"), run.p50_ms, run.p99_ms);
    each_core
}

/// All owners start a session at the same time.
async fn starts(server: &ServerProcess, http: &Client) {
    let url = format!("{}/api/streaming/start", server.info("origin"));
    let show = json!({ "streamType": "agent", "platform": "rehearsal" });
    let (begun, spent) = (Instant::now(), server.spent());
    let one = |key| answered("start", http.post(&url).header("authorization", key).json(&show));
    let took = join_all(server.starters().map(one)).await;
    let each_second = f64::from(CLIENTS) / begun.elapsed().as_secs_f64();
    let each_core = f64::from(CLIENTS) / server.spent().saturating_sub(spent).as_secs_f64();
    print_latencies(&format!("{:<28} {each_second:>8.0} /s {each_core:>8.0} /s per core", "start, all at once"), took);
}

/// The same clients, each calling once a second: the latency when the machine is not saturated.
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
    let took = join_all(clients).await.into_iter().flatten().collect();
    print_latencies(&format!("{name:<28} {CLIENTS:>8} /s                  "), took);
}

fn print_latencies(line: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    print_latency(line, percentile(&took, 50), percentile(&took, 99));
}

fn print_latency(line: &str, p50_ms: f64, p99_ms: f64) {
    println!("{line}   p50 {p50_ms:>7.2} ms   p99 {p99_ms:>7.2} ms");
}

fn call(server: &ServerProcess, method: Method, path: &str, body: Option<Value>) -> impl Fn(&Client) -> RequestBuilder + Sync + use<> {
    let (url, key) = (format!("{}{path}", server.info("origin")), server.info("key").to_owned());
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
    let (server, node, http) = (ServerProcess::footlight(CLIENTS).await, ServerProcess::node().await, client());
    let id = server.info("show");
    let token = call(&server, Method::POST, "/api/streaming/room", Some(json!({ "sessionId": id })));
    let status = call(&server, Method::GET, &format!("/api/streaming/status?sessionId={id}"), None);
    let list = call(&server, Method::GET, "/api/streaming/sessions?limit=20", None);
    let event = json!({ "sessionId": id, "events": [{ "kind": "stat", "label": "Cards left", "value": "12" }] });
    let event = call(&server, Method::POST, "/api/streaming/events", Some(event));
    println!("200 clients, 5 s each after a warm-up; they share the cores with the server, so the figure for one core is the fair one");
    let ours = load("room token", &server, token(&http)).await;
    let theirs = load("node: token, no questions", &node, http.get(node.info("origin"))).await;
    println!("tokens per core, beside node: {:.2}", ours / theirs);
    load("status", &server, status(&http)).await;
    load("list", &server, list(&http)).await;
    load("one event", &server, event(&http)).await;
    println!("the same clients, each once a second");
    paced("status", &http, status).await;
    println!("memory: {} MB, node {} MB", server.resident_mb(), node.resident_mb());
    starts(&server, &http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_latency_to_five_hundred_listeners() {
    let (server, http) = (ServerProcess::footlight(0).await, client());
    let (origin, key, id) = (server.info("origin"), server.info("agentKey"), server.info("agentShow"));
    let feed = || http.get(format!("{origin}/api/streaming/feed?sessionId={id}")).header("authorization", key).send();
    let feeds = join_all((0..LISTENERS).map(|_| feed())).await;
    let mut feeds: Vec<_> = feeds.into_iter().map(|answer| answer.expect("a feed").bytes_stream()).collect();
    // Each feed sends the current state first.
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
    print_latencies(&format!("one event to {LISTENERS} listeners, from the call to the byte read:"), took);
    println!("memory of the server: {} MB", server.resident_mb());
}
