//! Monitoring: metrics, the dashboard and alerts over them, JSON logs, spans.

use super::harness::TestApp;
use axum::{Router, body::Bytes, extract::State, routing::post};
use footlight::{
    config::{env::Env, telemetry::TelemetryConfig},
    server::metrics::{Kind, METRICS, handle},
    telemetry,
};
use std::{
    collections::BTreeSet,
    io::Write,
    sync::{Arc, Mutex},
};

const DASHBOARD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/grafana/footlight.json"));
const ALERTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/prometheus/footlight.rules.yml"));
/// Where label values come from.
const WORDS: [&str; 5] = [
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/metrics.rs")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/error.rs")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/reconcile/plan.rs")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/server/sessions/start.rs")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/session/state.rs")),
];

/// Words of a query that begin as our metrics do.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("footlight_")).collect()
}

/// As a histogram is asked for, or by the plain name.
fn known(name: &str) -> bool {
    METRICS.iter().any(|(metric, kind, _)| match kind {
        Kind::Histogram => name.strip_prefix(metric).is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest)),
        Kind::Counter | Kind::Gauge => name == *metric,
    })
}

/// The values that a query compares the labels of our metrics with.
fn values(text: &str) -> Vec<&str> {
    let selectors = text.match_indices("footlight_").filter_map(|(at, _)| {
        let rest = &text[at..];
        let open = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        rest[open..].strip_prefix('{')?.split('}').next()
    });
    let quoted = selectors.flat_map(|selector| selector.split('"').skip(1).step_by(2));
    quoted.flat_map(|value| value.trim_end_matches('\\').split('|')).collect()
}

#[test]
fn dashboard_and_alerts_use_only_existing_metrics() {
    let board: serde_json::Value = serde_json::from_str(DASHBOARD).expect("the dashboard is JSON");
    let panels = board["panels"].as_array().expect("panels");
    let queries: Vec<_> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"))
        .map(|target| target["expr"].as_str().expect("a query"))
        .collect();
    assert!(panels.iter().all(|panel| panel["description"].as_str().is_some_and(|words| !words.is_empty())));
    for text in queries.iter().copied().chain([ALERTS]) {
        let unknown: Vec<_> = named(text).into_iter().filter(|name| !known(name)).collect();
        assert!(unknown.is_empty(), "nobody tells {unknown:?}: {text}");
        let never: Vec<_> =
            values(text).into_iter().filter(|value| !WORDS.iter().any(|source| source.contains(&format!("\"{value}\"")))).collect();
        assert!(never.is_empty(), "no label has the value {never:?}: {text}");
    }
    let shown: BTreeSet<_> = queries.iter().flat_map(|query| named(query)).collect();
    let unseen: Vec<_> = METRICS.iter().filter(|(metric, ..)| !shown.iter().any(|name| name.starts_with(metric))).collect();
    assert!(unseen.is_empty(), "told and on no panel: {unseen:?}");
    assert!(known("footlight_starts_total") && !known("footlight_starts"), "the check can fail");
    assert_eq!(values(r#"x{a="no"} + footlight_sessions{state=~"live|over", kind="x"}"#), ["live", "over", "x"]);
}

#[tokio::test]
async fn a_session_moves_the_metrics_and_all_are_described() {
    handle();
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    app.live(&ada).await;
    let text = app.studio.monitoring.metrics().await;
    let sample = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{text}"));
        line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a number")
    };
    // Other tests of this process count into the same.
    assert!(sample(r#"footlight_starts_total{outcome="started"}"#) >= 1.0);
    assert!(sample(r#"footlight_reconciler_actions_total{action="go_live"}"#) >= 1.0);
    assert!(sample("footlight_click_to_live_seconds_count") >= 1.0);
    assert!(sample("footlight_store_seconds_count") >= 1.0);
    assert!(sample(r#"footlight_sessions{state="live"}"#) >= 1.0);
    assert!(sample(r#"footlight_deliveries_total{outcome="refused"}"#) >= 0.0, "counters stand at nothing from the first scrape on");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let untold: BTreeSet<_> = samples.flat_map(named).filter(|name| !known(name)).collect();
    assert!(untold.is_empty(), "{untold:?} stand in no list");
    for word in ["ada", "live_0123456789abcdef"] {
        assert!(!text.contains(&format!("\"{word}\"")), "{word}: no names, no keys");
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no holder panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

type Batches = Arc<Mutex<Vec<Bytes>>>;

async fn keep(State(batches): State<Batches>, body: Bytes) {
    batches.lock().expect("no holder panics").push(body);
}

#[test]
fn logs_are_json_and_spans_reach_a_collector() {
    let batches = Batches::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let address = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().route("/v1/traces", post(keep)).with_state(batches.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    });
    let endpoint = format!("http://{address}");
    let env = Env::of_pairs([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("FOOTLIGHT_LOG_FORMAT", "json")]);
    let config = TelemetryConfig::from_env(&env, "serve").expect("well-formed");
    let lines = Lines::default();
    let log = lines.clone();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (subscriber, telemetry) = telemetry::subscriber(&config, "info".into(), move || log.clone()).expect("an exporter");
    tracing::subscriber::with_default(subscriber, || {
        let _span = tracing::info_span!(target: "footlight::serve", "request", request_id = "r-1").entered();
        tracing::info!(target: "footlight::server", session = "s-1", "session started");
        tracing::info_span!(target: "hyper::client", "somebody else's").in_scope(|| ());
    });
    drop(telemetry);
    let written = String::from_utf8(lines.0.lock().expect("no holder panics").clone()).expect("text");
    let line: serde_json::Value = serde_json::from_str(written.trim()).expect("one JSON object");
    assert_eq!((&line["message"], &line["session"]), (&"session started".into(), &"s-1".into()), "{line}");
    assert_eq!(line["span"]["request_id"], "r-1", "{line}");
    let sent = batches.lock().expect("no holder panics").concat();
    let holds = |word: &str| sent.windows(word.len()).any(|part| part == word.as_bytes());
    assert!(holds("footlight-serve") && holds("request") && holds("r-1"), "{} bytes", sent.len());
    assert!(!holds("somebody else's"), "only our own spans");
}
