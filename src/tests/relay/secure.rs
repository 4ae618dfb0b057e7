//! RTMPS and TLS: towards a platform behind stunnel, and at the relay's own doors.

use super::{platform::*, stage::*, tunnel::*};
use footlight::{
    api::broadcast::IngestState,
    config::serve::{RelayClientConfig, Secret},
    server::{
        relay::{Relay, RelayError, RelayEvent, client::RelayClient},
        security,
    },
};
use futures::StreamExt;

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_behind_tls_takes_the_show_if_its_certificate_is_trusted() {
    let nginx = Nginx::start();
    let folder = tempfile::tempdir().expect("a folder");
    let files = certificate(folder.path());
    let (port, _tunnel) = stunnel(folder.path(), &files, nginx.port);
    for (trusted, expected) in [(true, "live"), (false, "failed")] {
        let stage = Stage::open(&format!("localhost:{port}"), |config| config.extra_ca = trusted.then(|| files.certificate.clone())).await;
        stage.put(&wanted("tls", &[1], vec![publish("secure", format!("rtmps://localhost:{port}/live"), "k")])).await;
        let _encoder = stage.encoder("tls", 1);
        let report = stage.until("tls", expected, |r| state(r, "secure") == expected).await;
        if trusted {
            stage.until("tls", "progress", |r| of(r, "secure").uptime_ms > 1500 && of(r, "secure").bytes_written > 30_000).await;
        } else {
            assert!(reason(&report, "secure").starts_with("no TLS with localhost"), "{}", reason(&report, "secure"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_and_ingest_speak_tls_when_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = certificate(folder.path());
    let stage = Stage::open("", |config| config.tls = Some(files.clone())).await;
    let (_encoder, secret) =
        (encoder(&stage.ingest_url("doors", 1).replace("rtmp://", "rtmps://"), "testsrc2=size=320x180:rate=25"), Secret::new(SECRET));
    let config = |trust| RelayClientConfig {
        url: format!("https://localhost:{}", stage.control.port()),
        ingest_url: format!("rtmps://localhost:{}/show", stage.ingest.port()),
        secret: secret.clone(),
        trust,
    };
    // The application's own client, with and without the authority behind the relay's certificate.
    let client = |tls| reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("a client");
    let stranger = RelayClient::new(config(None), client(security::tls()));
    let refused = stranger.put(&wanted("doors", &[1], vec![])).await;
    assert!(matches!(refused, Err(RelayError::Unreachable(_))), "{refused:?}");
    let trust = security::tls_trusting(&files.certificate).expect("a certificate");
    let relay = RelayClient::new(config(Some(files.certificate.clone())), client(trust));
    let mut events = relay.events().await.expect("TLS");
    relay.put(&wanted("doors", &[1], vec![])).await.expect("TLS");
    let arrives = async {
        while let Some(event) = events.next().await {
            if matches!(event, RelayEvent::Show(report) if matches!(report.ingest.state, IngestState::Receiving { .. })) {
                return true;
            }
        }
        false
    };
    let there = tokio::time::timeout(std::time::Duration::from_secs(20), arrives).await;
    assert_eq!(there, Ok(true), "the composite never came through TLS");
    assert!(stage.http.get(stage.url("/healthz")).send().await.is_err(), "nothing is said in the clear");
    assert!(security::tls_trusting(&files.key).is_err(), "a key is no certificate");
}
