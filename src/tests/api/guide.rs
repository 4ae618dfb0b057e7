//! `docs/API.md` and `docs/MONITORING.md` name calls, errors and metrics that exist, and all of the errors and metrics.

use super::harness::TestServer;
use axum::http::Method;
use footlight::{
    api::error::{ApiError, ErrorCode},
    server::{metrics::METRICS, operations::doctor::Extent},
};
use std::collections::BTreeSet;

const GUIDE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/API.md"));
const MONITORING: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/MONITORING.md"));
const CODES: [ErrorCode; 11] = [
    ErrorCode::BadRequest,
    ErrorCode::Unauthenticated,
    ErrorCode::Forbidden,
    ErrorCode::NotFound,
    ErrorCode::MethodNotAllowed,
    ErrorCode::Conflict,
    ErrorCode::TooLarge,
    ErrorCode::Invalid,
    ErrorCode::TooManyRequests,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
];

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_names_calls_that_exist() {
    let server = TestServer::new().await;
    let document = server.call(Method::GET, "/api/openapi.json", &[], None).await.body;
    let paths = document["paths"].as_object().expect("paths");
    let named: BTreeSet<&str> = GUIDE
        .match_indices("/api/streaming/")
        .map(|(at, _)| GUIDE[at..].split(|c: char| !(c.is_ascii_alphanumeric() || "/-_{}".contains(c))).next().unwrap_or_default())
        .collect();
    assert!(named.len() > 7, "{named:?}");
    let unknown: Vec<_> = named.iter().filter(|path| !paths.contains_key(**path)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_guide_has_every_error() {
    for code in CODES {
        let name = serde_json::to_value(code).expect("a name");
        let line = format!("| {} | `{}` |", ApiError::new(code, "").status(), name.as_str().expect("text"));
        assert!(GUIDE.contains(&line), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_monitoring_has_every_metric_and_check() {
    for (name, ..) in METRICS {
        assert!(MONITORING.contains(&format!("`{name}`")), "{name}");
    }
    let server = TestServer::new().await;
    // Every line, but nothing that leaves this machine: the capture ends at once, because no relay is there.
    server.relay.set_down(true);
    let report = server.studio.doctor.run(Extent { quick: false, offline: true }).await.expect("a report");
    for check in report.checks {
        assert!(MONITORING.contains(&format!("| `{}` |", check.name)), "{}", check.name);
    }
}
