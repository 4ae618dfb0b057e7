//! Clocks that are wrong by minutes, or set while a stream runs: the server's own, the relay's and LiveKit's.

use super::{
    harness::{NOW, TestApp, config, in_memory, show},
    webhooks::door,
};
use crate::support::livekit::FakeLiveKit;
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use footlight::{
    api::{admin::SessionQuery, overlay::Heartbeat, relay_control::DestinationState, sessions::SessionView},
    domain::{
        account::{Role, User},
        ids::{Generation, SessionId},
        room::{host_identity, room_name},
    },
    net::{clock, tls},
    server::{
        auth::caller::Caller,
        livekit::{
            LiveKit, LiveKitError,
            client::LiveKitClient,
            tokens::{check_access, host_access, overlay_access, preview_access},
        },
        overlay::OverlayViewer,
    },
};
use http_body_util::BodyExt;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tower::ServiceExt;

const TEN_MINUTES: i64 = 600_000;

async fn view(app: &TestApp, caller: &Caller, id: &SessionId) -> SessionView {
    app.studio.sessions.session(caller, id).await.expect("theirs")
}

/// Seconds on air, with everything that is measured meanwhile.
async fn pass(app: &TestApp, id: &SessionId, frames: u64, seconds: i64) {
    app.clock.advance(seconds * 1000);
    let viewer = OverlayViewer { session: id.clone(), generation: Generation::FIRST };
    app.studio.overlay.heartbeat(&viewer, Heartbeat { frames, screen: true, camera: true, audio: true, connected: true }).await;
    app.play(id, frames * 1000).await;
}

#[tokio::test]
async fn a_server_clock_that_is_set_while_live_ends_nothing_and_changes_no_duration() {
    for step in [TEN_MINUTES, -TEN_MINUTES] {
        // Longer than what runs here, shorter than the step.
        let config = config(&[("FOOTLIGHT_MAX_DURATION", "500")]);
        let app = TestApp::with(in_memory().await, FakeLiveKit::with_slots(2), config);
        let ada = app.caller("ada").await;
        let id = app.live(&ada).await;
        for frames in 1..=3 {
            pass(&app, &id, frames, 1).await;
        }
        app.clock.step(step);
        for frames in 4..=10_u32 {
            pass(&app, &id, frames.into(), 1).await;
            let seen = view(&app, &ada, &id).await;
            assert!(seen.on_air && seen.health.is_empty(), "{step}: {seen:?}");
            assert_eq!((seen.duration, seen.now), (u64::from(frames) * 1000, NOW.plus_millis(i64::from(frames) * 1000)), "{step}");
        }
        let session = app.session(&id).await;
        assert_eq!((session.state.name(), session.generation), ("live", Generation::FIRST), "{step}: {:?}", app.timeline(&id).await);

        // The deadlines still hold, by the time that really goes by.
        app.livekit.leave(&room_name(&id), &host_identity(&id));
        pass(&app, &id, 11, 1).await;
        app.clock.step(step);
        for frames in 12..36 {
            pass(&app, &id, frames, 3).await;
        }
        assert_eq!(app.session(&id).await.state.name(), "live", "{step}: 72 s of 75");
        for frames in 36..39 {
            pass(&app, &id, frames, 3).await;
        }
        assert_eq!(app.until(&id, "ended").await.state.name(), "ended", "{step}");
        let lines = app.timeline(&id).await;
        assert!(lines.is_sorted_by_key(|line| line.at), "{step}: {lines:?}");
    }
}

#[tokio::test]
async fn a_start_survives_a_clock_that_is_set_meanwhile() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.start(&ada).await.session.session_id;
    app.clock.step(TEN_MINUTES);
    app.until(&id, "starting").await;
    app.tick(2).await;
    assert_eq!(app.session(&id).await.state.name(), "starting", "no deadline has passed: {:?}", app.timeline(&id).await);
    for seconds in [61, 1, 1] {
        app.tick(seconds).await;
    }
    app.until(&id, "failed").await;
}

#[tokio::test]
async fn the_wall_clock_is_followed_when_no_stream_runs() {
    let app = TestApp::new().await;
    app.clock.step(TEN_MINUTES);
    app.tick(1).await;
    assert_eq!(app.clock.now(), app.clock.wall(), "nothing runs");
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    app.clock.step(-TEN_MINUTES);
    app.play(&id, 1000).await;
    assert_eq!(app.clock.now(), app.clock.wall().plus_millis(TEN_MINUTES), "it runs");
    let warning = warnings(&app).await.expect("administrators are told");
    assert!(warning.contains("This server's clock went 10 min back"), "{warning}");
    app.studio.sessions.stop(&ada, &id, None).await.expect("stopped");
    app.until(&id, "ended").await;
    app.tick(1).await;
    assert_eq!((app.clock.now(), warnings(&app).await), (app.clock.wall(), None));
    let started = app.studio.sessions.start(&ada, show()).await.expect("started");
    assert_eq!(started.session.created_at, app.clock.wall());
}

async fn warnings(app: &TestApp) -> Option<String> {
    let user = User { id: "root".parse().expect("an id"), name: "root".into(), role: Role::Admin, created_at: NOW };
    let admin = Caller::signed_in(user, "cookie-root".parse().expect("an id"));
    let overview = app.studio.session_admin.overview(&admin, &SessionQuery::default()).await.expect("an administrator");
    overview.capacity.expect("slots").warning
}

#[tokio::test]
async fn a_relay_whose_clock_is_wrong_or_set_gives_evidence_all_the_same() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    // Its clock is right, ten minutes ahead, ten minutes behind, and set while it runs.
    for wrong in [0, TEN_MINUTES, TEN_MINUTES, -TEN_MINUTES, -TEN_MINUTES, 0] {
        app.clock.advance(1000);
        let now = app.clock.now();
        let report = app.relay.measure(&id, now.plus_millis(wrong), |report| {
            for destination in &mut report.destinations {
                destination.state = DestinationState::Live { since: now.plus_millis(wrong - 9_000) };
                destination.last_progress_at = Some(now.plus_millis(wrong - 800));
            }
        });
        app.studio.reconciler.handle_report(report.expect("known")).await;
        let seen = view(&app, &ada, &id).await;
        assert!(seen.on_air, "{wrong}");
        assert_eq!(seen.destinations[0].last_progress_at, Some(now.plus_millis(-800)), "{wrong}");
        assert_eq!(seen.destinations[0].state, DestinationState::Live { since: now.plus_millis(-9_000) }, "{wrong}");
    }
    // Bytes that were taken 6 s ago are no evidence, whatever the relay calls that moment.
    for wrong in [TEN_MINUTES, -TEN_MINUTES] {
        let now = app.clock.now();
        let report = app.relay.measure(&id, now.plus_millis(wrong), |report| {
            report.destinations[0].last_progress_at = Some(now.plus_millis(wrong - 6_000));
        });
        app.studio.reconciler.handle_report(report.expect("known")).await;
        assert!(!view(&app, &ada, &id).await.on_air, "{wrong}");
        let report = app.relay.measure(&id, now.plus_millis(wrong), |report| {
            let (since, next_at) = (now.plus_millis(wrong - 2_000), now.plus_millis(wrong + 3_000));
            report.destinations[0].state = DestinationState::Retrying { attempt: 1, since, next_at, reason: "refused".into() };
        });
        app.studio.reconciler.handle_report(report.expect("known")).await;
        let state = view(&app, &ada, &id).await.destinations[0].state.clone();
        assert!(matches!(state, DestinationState::Retrying { next_at, .. } if next_at == now.plus_millis(3_000)), "{wrong}: {state:?}");
    }
}

#[tokio::test]
async fn reports_that_take_different_times_to_arrive_do_not_move_moments() {
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let id = app.live(&ada).await;
    let live = NOW.plus_millis(-60_000);
    let mut moments = Vec::new();
    for late in [0, 40, 300, 5, 1_500] {
        app.clock.advance(1000);
        let at = app.clock.now().plus_millis(-late);
        let report = app.relay.measure(&id, at, |report| report.destinations[0].state = DestinationState::Live { since: live });
        app.studio.reconciler.handle_report(report.expect("known")).await;
        moments.push(view(&app, &ada, &id).await.destinations[0].state.clone());
    }
    assert!(moments.iter().all(|state| state == &DestinationState::Live { since: live }), "{moments:?}");
}

/// Answers every call as LiveKit answers a token that it does not take, by a clock that is so far ahead.
async fn refusing_livekit(ahead_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp((clock::wall().as_millis() + ahead_ms) / 1000).expect("a time");
    let date = at.format(&Rfc2822).expect("a date").replace("+0000", "GMT");
    let refuse = move || {
        let date = date.clone();
        async move { (StatusCode::UNAUTHORIZED, [(header::DATE, date)], "invalid token, error: token is not valid yet (nbf)") }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(refuse)).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_media_server_whose_clock_differs_is_named_where_it_takes_no_token() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cases = [
        (-630_000, Some("The clock of LiveKit is 10 min behind this server's. Set both by NTP.")),
        (630_000, Some("The clock of LiveKit is 10 min ahead of this server's. Set both by NTP.")),
        (0, None),
    ];
    for (ahead_ms, sentence) in cases {
        let address = refusing_livekit(ahead_ms).await;
        let config = config(&[("LIVEKIT_URL", &address)]);
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
        let error = LiveKitClient::new(&config.livekit, http).ping().await.expect_err("refused");
        match sentence {
            Some(sentence) => assert_eq!(error, LiveKitError::OtherTime(sentence.to_owned())),
            None => assert!(!matches!(error, LiveKitError::OtherTime(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn room_tokens_are_valid_on_a_media_server_whose_clock_is_ten_minutes_off() {
    let config = config(&[]).livekit;
    let id: SessionId = "s1".parse().expect("an id");
    let now = clock::wall().as_millis() / 1000;
    let accesses = [
        host_access(&config, &id, "Ada", &[]),
        overlay_access(&config, &id, Generation::FIRST),
        preview_access(&config, &id, "u1"),
        check_access(&config, "check-u1"),
    ];
    for access in accesses {
        let token = access.expect("signed").token;
        let body = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64");
        let claims: Value = serde_json::from_slice(&body).expect("claims");
        let (from, until) = (claims["nbf"].as_i64().expect("a time"), claims["exp"].as_i64().expect("a time"));
        assert!(from <= now - 600 && until >= now + 600, "{claims}");
    }
}

#[tokio::test]
async fn a_document_says_the_servers_time() {
    let app = TestApp::new().await;
    app.clock.step(TEN_MINUTES);
    let request = Request::get("/sign-in").body(Body::empty()).expect("a request");
    let answer = door(&app).oneshot(request).await.expect("an answer");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let expected = format!("data-now=\"{}\"", NOW.as_millis());
    assert!(String::from_utf8_lossy(&body).contains(&expected), "{expected}");
}
