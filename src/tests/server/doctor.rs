//! The checks of `footlight doctor`: each line green, and red for its own reason.

use super::harness::{TestApp, config, in_memory, vault};
use crate::support::{crash_budget::CrashBudget, livekit::FakeLiveKit, wait::until};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::State,
    http::{Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use footlight::{
    api::{
        doctor::{CheckLine, Outcome, Report},
        relay_control::{DesiredSession, IngestState},
    },
    domain::{
        ids::{Generation, SessionId},
        room::check_stream,
        timestamp::Timestamp,
        video::VideoFormat,
    },
    net::tls,
    serve::router,
    server::{
        livekit::{EgressPhase, LiveKit, Sandbox},
        operations::doctor::Extent,
        relay::{Relay, client::RelayClient},
        state::AppState,
    },
};
use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tower::ServiceExt;

const QUICK: Extent = Extent { quick: true, offline: true };
const WHOLE: Extent = Extent { quick: false, offline: true };

/// What stands for LiveKit, relay, egress and the proxy in front of the studio, as far as they are asked by HTTP.
struct World {
    /// Milliseconds by which its clock is ahead.
    ahead: i64,
    font_problems: Vec<&'static str>,
    webhook: StatusCode,
}

type SharedWorld = Arc<Mutex<World>>;

async fn answer(State((world, now)): State<(SharedWorld, Timestamp)>, request: Request<Body>) -> Response {
    let world = world.lock().expect("no holder panics");
    let at = OffsetDateTime::from_unix_timestamp((now.as_millis() + world.ahead) / 1000).expect("a time");
    // As servers write it (RFC 9110): the zone by its name.
    let date = at.format(&Rfc2822).expect("written").replace("+0000", "GMT");
    let status = if request.uri().path() == "/api/webhooks/livekit" { world.webhook } else { StatusCode::OK };
    (status, [(header::DATE, date)], Json(json!({ "problems": world.font_problems }))).into_response()
}

/// An app whose parts are where the world answers.
async fn app() -> (TestApp, SharedWorld, tempfile::TempDir) {
    let world = Arc::new(Mutex::new(World { ahead: 0, font_problems: Vec::new(), webhook: StatusCode::OK }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let data = tempfile::tempdir().expect("a folder");
    let settings = config(&[
        ("PUBLIC_APP_URL", &url),
        ("LIVEKIT_URL", &url.replace("http", "ws")),
        ("FOOTLIGHT_RELAY_URL", &url),
        ("FOOTLIGHT_EGRESS_URL", &url),
        ("FOOTLIGHT_DATA", data.path().to_str().expect("text")),
    ]);
    let livekit = FakeLiveKit::default();
    livekit.set_engine(2, Sandbox::On);
    let app = TestApp::with(in_memory().await, livekit, settings);
    let routes = Router::new().fallback(any(answer)).with_state((world.clone(), app.clock.now()));
    tokio::spawn(axum::serve(listener, routes).into_future());
    (app, world, data)
}

fn line<'a>(report: &'a Report, name: &str) -> &'a CheckLine {
    report.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no line {name}: {report:?}"))
}

async fn run(app: &TestApp, extent: Extent) -> Report {
    app.studio.doctor.run(extent).await.expect("a report")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_green_when_all_is_well() {
    let (app, _world, _data) = app().await;
    let report = run(&app, QUICK).await;
    let names: Vec<_> = report.checks.iter().map(|check| check.name.as_str()).collect();
    let parts = ["store", "livekit", "relay", "egress slot", "sandbox", "fonts", "webhook", "clock", "certificate"];
    assert_eq!(names, [&parts[..], &["disk", "open files", "names"]].concat());
    for name in parts.iter().chain(&["names"]) {
        let line = line(&report, name);
        assert_eq!((line.outcome, line.advice.as_str()), (Outcome::Ok, ""), "{line:?}");
    }
    assert!(report.quick && report.at == app.clock.now());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_red_for_its_own_reason() {
    type Break = fn(&TestApp, &mut World);
    let cases: [(&str, Outcome, &str, Break); 12] = [
        ("livekit", Outcome::Fail, "does not answer", |app, _| app.livekit.set_down(true)),
        ("egress slot", Outcome::Fail, "the egress does not answer", |app, _| app.livekit.set_down(true)),
        ("egress slot", Outcome::Warn, "all 1 are used", |app, _| {
            app.livekit.set_engine(1, Sandbox::On);
            app.livekit.add_egress("EG_other", "http://127.0.0.1/elsewhere");
        }),
        ("relay", Outcome::Fail, "the relay does not answer", |app, _| app.relay.set_down(true)),
        ("sandbox", Outcome::Fail, "does not work", |app, _| app.livekit.set_engine(2, Sandbox::Missing)),
        ("sandbox", Outcome::Warn, "turned off", |app, _| app.livekit.set_engine(2, Sandbox::Off)),
        ("sandbox", Outcome::Warn, "not known", |app, _| app.livekit.set_engine(2, Sandbox::Unknown)),
        ("fonts", Outcome::Warn, "no Japanese", |_, world| world.font_problems = vec!["no Japanese"]),
        ("webhook", Outcome::Fail, "answers 401", |_, world| world.webhook = StatusCode::UNAUTHORIZED),
        ("webhook", Outcome::Fail, "answers 502", |_, world| world.webhook = StatusCode::BAD_GATEWAY),
        ("clock", Outcome::Warn, "differs by", |_, world| world.ahead = 20_000),
        ("clock", Outcome::Fail, "differs by", |_, world| world.ahead = -120_000),
    ];
    for (name, outcome, words, damage) in cases {
        let (app, world, _data) = app().await;
        damage(&app, &mut world.lock().expect("no holder panics"));
        let report = run(&app, QUICK).await;
        let line = line(&report, name);
        assert_eq!(line.outcome, outcome, "{line:?}");
        assert!(line.found.contains(words), "{line:?}");
        assert!(!line.advice.is_empty() || line.found.contains("not known"), "{line:?}");
        assert_eq!(report.is_healthy(), !report.checks.iter().any(|check| check.outcome == Outcome::Fail));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_never_answers_holds_up_nobody() {
    let (app, _world, _data) = app().await;
    let hanging = app.crashing((*app.studio.config).clone(), vault(), &CrashBudget::of_calls(0));
    let report = run(&hanging, QUICK).await;
    for name in ["store", "livekit", "relay", "egress slot"] {
        let line = line(&report, name);
        assert_eq!((line.outcome, line.found.as_str()), (Outcome::Fail, "no result within 10 s"), "{name}");
    }
    assert_eq!(line(&report, "clock").outcome, Outcome::Ok, "the others were asked at the same time");
}

/// The real routes over the app.
fn routes(app: &TestApp) -> Router {
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
    let relay = RelayClient::new(app.studio.config.relay.clone(), http);
    router(AppState::new(app.studio.clone(), relay, LeptosOptions::builder().output_name("footlight").build()))
}

async fn call(routes: &Router, method: Method, path: &str, body: Option<Value>) -> (StatusCode, String, String) {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = routes.clone().oneshot(request.body(body).expect("a request")).await.expect("an answer");
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok()).unwrap_or_default();
    let (status, policy) = (response.status(), policy.to_owned());
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, String::from_utf8_lossy(&bytes).into_owned(), policy)
}

/// Runs everything, and plays the egress: opens the page that was asked for, and reports as its program does.
async fn captured(app: &TestApp, media: Value, arrives: bool) -> Report {
    let (own, routes) = (app.clone(), routes(app));
    let running = tokio::spawn(async move { run(&own, WHOLE).await });
    let egress = until("a capture", 20, async || app.livekit.running().pop()).await;
    let path = egress.page_url.split_once("/stream/").map(|(_, rest)| format!("/stream/{rest}")).expect("the check page");
    let (status, document, policy) = call(&routes, Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK);
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
    assert!(document.contains(&format!("nonce=\"{nonce}\"")) && document.contains("START_RECORDING"), "{document}");
    let address = app.studio.config.livekit.public_url.as_str();
    let origin = address.strip_suffix("/livekit").expect("below the studio's own address");
    assert!(document.contains(address) && policy.contains(origin), "{policy}");
    assert_eq!(call(&routes, Method::POST, &path, Some(media.clone())).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call(&routes, Method::POST, &path, Some(media)).await.0, StatusCode::NOT_FOUND, "once");
    // No reconciler takes it for an orphan.
    app.studio.reconciler.reconcile_all().await.expect("a round");
    let stream = app.relay.known().pop().expect("a stream on the relay");
    let output = app.livekit.output_of(&egress.id).expect("an output");
    let desired = app.relay.desired(&stream).expect("put");
    assert!(output.ends_with(&format!("/{stream}.1.{}", desired.ingests[0].token)) && desired.destinations.is_empty());
    if arrives {
        let (since, at) = (app.clock.now(), app.clock.now().plus_millis(2500));
        app.relay.measure(&stream, at, |report| {
            report.ingest.state = IngestState::Receiving { generation: Generation(1), since };
            (report.ingest.fps, report.ingest.audio) = (15.0, true);
        });
    } else {
        app.livekit.set_phase(&egress.id, EgressPhase::Over, Some("chromium was killed"));
    }
    let report = running.await.expect("no panic");
    assert_eq!(app.livekit.running(), Vec::new(), "egresses");
    assert_eq!(app.livekit.rooms().await.expect("up"), Vec::<String>::new(), "rooms");
    assert_eq!(app.relay.known(), Vec::new(), "streams on the relay");
    assert_eq!(call(&routes, Method::GET, &path, None).await.0, StatusCode::NOT_FOUND, "the page is closed");
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_shows_that_frames_and_media_get_through() {
    let (app, _world, _data) = app().await;
    let report = captured(&app, json!({ "result": "open", "path": "udp 192.0.2.1:7882" }), true).await;
    let (capture, media) = (line(&report, "capture"), line(&report, "media"));
    assert_eq!(capture.outcome, Outcome::Ok, "{capture:?}");
    assert!(capture.found.contains("15 frames a second, with sound"), "{capture:?}");
    assert_eq!(media.outcome, Outcome::Ok, "{media:?}");
    assert!(media.found.contains("udp 192.0.2.1:7882"), "{media:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_do_not_get_through_are_told_from_a_server_that_is_away() {
    for (result, path, outcome, words, advice) in [
        ("open", "tcp 192.0.2.1:7881", Outcome::Warn, "over TCP only", "UDP 7882"),
        ("blocked", "", Outcome::Fail, "no media come through", "UDP 7882 and TCP 7881"),
        ("unreachable", "", Outcome::Fail, "does not reach LiveKit", "FOOTLIGHT_LIVEKIT_PUBLIC_URL"),
    ] {
        let (app, _world, _data) = app().await;
        let report = captured(&app, json!({ "result": result, "path": path }), true).await;
        let media = line(&report, "media");
        assert_eq!(media.outcome, outcome, "{media:?}");
        assert!(media.found.contains(words) && media.advice.contains(advice), "{media:?}");
        assert_eq!(line(&report, "capture").outcome, Outcome::Ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_fails_says_why() {
    let (app, _world, _data) = app().await;
    let report = captured(&app, json!({ "result": "open" }), false).await;
    let capture = line(&report, "capture");
    assert_eq!((capture.outcome, capture.found.as_str()), (Outcome::Fail, "chromium was killed"));
    app.relay.set_down(true);
    let report = run(&app, WHOLE).await;
    assert_eq!(line(&report, "capture").outcome, Outcome::Fail);
    assert_eq!(line(&report, "media").found, "not tried: it needs a capture");
    app.relay.set_down(false);
    app.livekit.set_engine(1, Sandbox::On);
    app.livekit.add_egress("EG_other", "http://127.0.0.1/elsewhere");
    let report = run(&app, WHOLE).await;
    assert_eq!((line(&report, "capture").outcome, line(&report, "media").outcome), (Outcome::Warn, Outcome::Warn));
}

#[tokio::test]
async fn what_a_check_left_on_the_relay_is_removed() {
    let app = TestApp::new().await;
    let id: SessionId = "01kb3n5q4r6s7t8v9w0x1y2z3a".parse().expect("an id");
    let left = |session_id: SessionId| DesiredSession {
        session_id,
        ingests: Vec::new(),
        destinations: Vec::new(),
        account: None,
        video: VideoFormat { width: 640, height: 360, framerate: 15, bitrate_kbps: 800 },
        slate: false,
    };
    let made_at = ulid::Ulid::from_string(&id.as_str().to_ascii_uppercase()).expect("a ULID").timestamp_ms();
    let age = app.clock.now().as_millis() - i64::try_from(made_at).expect("in this era");
    // From the moment at which it was made.
    app.clock.advance(-age);
    app.relay.put(&left(check_stream(&id))).await.expect("up");
    app.tick(60).await;
    assert_eq!(app.relay.known(), [check_stream(&id)], "it may still run");
    app.tick(60).await;
    assert_eq!(app.relay.known(), Vec::new());
}
