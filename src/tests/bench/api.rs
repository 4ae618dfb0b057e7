//! The HTTP API under 200 clients, beside a token server of ten lines that asks nobody who they are.

use super::house::House;
use axum::http::Method;
use footlight::domain::key::Scope;
use futures::{StreamExt, future::join_all};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{io::AsyncBufReadExt, net::TcpListener};

const CLIENTS: usize = 200;
const FOR: Duration = Duration::from_secs(5);
const LISTENERS: usize = 500;
const NODE: &str = "import { createServer } from 'node:http'; import { AccessToken } from 'livekit-server-sdk';\
    createServer(async (_, out) => { const token = new AccessToken('devkey', '0123456789abcdef0123456789abcdef', { identity: 'host' });\
    token.addGrant({ roomJoin: true, room: 'r' }); out.end(JSON.stringify({ token: await token.toJwt() })); })\
    .listen(0, '127.0.0.1', function () { console.log(this.address().port); });";

/// Calls per second and the latencies' p50 and p99, by so many clients at once.
async fn load(name: &str, http: &reqwest::Client, make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder + Sync) {
    let until = Instant::now() + FOR;
    let clients = (0..CLIENTS).map(|_| async {
        let mut took = Vec::new();
        while Instant::now() < until {
            let begun = Instant::now();
            let answer = make(http).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{name}: {}", answer.status());
            answer.bytes().await.expect("a body");
            took.push(begun.elapsed());
        }
        took
    });
    let begun = Instant::now();
    let mut took: Vec<Duration> = join_all(clients).await.into_iter().flatten().collect();
    let each_second = f64::from(u32::try_from(took.len()).expect("few")) / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    println!("{name:<28} {each_second:>8.0} /s   p50 {:>7.2} ms   p99 {:>7.2} ms", at(&took, 50), at(&took, 99));
}

/// The same clients, each asking once a second: how long an answer takes where the machine is not full.
async fn paced(name: &str, http: &reqwest::Client, make: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder + Sync) {
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|turn| {
        let make = &make;
        async move {
            let mut took = Vec::new();
            let mut next = begun + Duration::from_secs(1) * u32::try_from(turn).expect("few") / u32::try_from(CLIENTS).expect("few");
            while next < begun + FOR {
                tokio::time::sleep_until(next.into()).await;
                let asked = Instant::now();
                let answer = make(http).send().await.expect("an answer");
                assert!(answer.status().is_success(), "{name}: {}", answer.status());
                answer.bytes().await.expect("a body");
                took.push(asked.elapsed());
                next += Duration::from_secs(1);
            }
            took
        }
    });
    let mut took: Vec<Duration> = join_all(clients).await.into_iter().flatten().collect();
    took.sort_unstable();
    println!("{name:<28} {CLIENTS:>8} /s   p50 {:>7.2} ms   p99 {:>7.2} ms", at(&took, 50), at(&took, 99));
}

/// A percentile in milliseconds.
fn at(took: &[Duration], percent: usize) -> f64 {
    took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1000.0
}

/// Processor time and memory of this process: clients and server alike.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn served(house: &House) -> (String, reqwest::Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let service = house.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let http = reqwest::Client::builder().tls_backend_preconfigured(footlight::server::security::tls()).build().expect("a client");
    (origin, http)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_under_load() {
    let house = House::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
    let owner = house.streamer("Owner").await;
    let key = house.key(&owner, None, &Scope::ALL).await;
    let started = house.post("/api/streaming/start", &key, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    let id = started.body["sessionId"].as_str().expect("an id").to_owned();
    let (origin, http) = served(&house).await;
    let call = |method: Method, path: String, body: Option<Value>| {
        let (origin, key) = (origin.clone(), key.clone());
        move |http: &reqwest::Client| {
            let request = http.request(method.clone(), format!("{origin}{path}")).header("authorization", &key);
            match &body {
                Some(body) => request.json(body),
                None => request,
            }
        }
    };
    println!("200 clients, 5 s each; clients and server share this machine's cores");
    load("room token", &http, call(Method::POST, "/api/streaming/room".into(), Some(json!({ "sessionId": id })))).await;
    load("status", &http, call(Method::GET, format!("/api/streaming/status?sessionId={id}"), None)).await;
    load("list", &http, call(Method::GET, "/api/streaming/sessions?limit=20".into(), None)).await;
    let event = json!({ "sessionId": id, "events": [{ "kind": "stat", "label": "Cards left", "value": "12" }] });
    load("one event", &http, call(Method::POST, "/api/streaming/events".into(), Some(event))).await;
    println!("the same clients, each once a second");
    paced("status", &http, call(Method::GET, format!("/api/streaming/status?sessionId={id}"), None)).await;
    println!("memory of clients and server {:>8} MB", resident_mb());
    node(&http).await;
}

async fn node(http: &reqwest::Client) {
    let mut node = tokio::process::Command::new("node")
        .args(["--input-type=module", "-e", NODE])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/end2end"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut lines = tokio::io::BufReader::new(node.stdout.take().expect("piped")).lines();
    let port = lines.next_line().await.expect("a line").expect("a port");
    load("node: token, no questions", http, |http| http.get(format!("http://127.0.0.1:{port}/"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_to_five_hundred_listeners() {
    let house = House::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
    let owner = house.streamer("Owner").await;
    let key = house.key(&owner, None, &Scope::ALL).await;
    let id = house.agent_show(&key).await;
    let (origin, http) = served(&house).await;
    let feeds =
        (0..LISTENERS).map(|_| http.get(format!("{origin}/api/streaming/feed?sessionId={id}")).header("authorization", &key).send());
    let mut feeds: Vec<_> = join_all(feeds).await.into_iter().map(|answer| answer.expect("a feed").bytes_stream()).collect();
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
        let (all, sent) = tokio::join!(join_all(told), house.post("/api/streaming/events", &key, event));
        assert!(sent.status.is_success());
        took.extend(all);
    }
    took.sort_unstable();
    println!(
        "one event to {LISTENERS} listeners: p50 {:.1} ms, p99 {:.1} ms, from the call to the byte read",
        at(&took, 50),
        at(&took, 99)
    );
}
