//! RTMPS to a platform behind stunnel, and TLS at the relay's control API and ingest.

use super::{harness::*, platform::*, tunnel::*};
use footlight::{
    api::relay_control::IngestState,
    config::serve::{RelayClientConfig, Secret},
    net,
    server::relay::{Relay, RelayError, RelayEvent, client::RelayClient},
};
use futures::StreamExt;

#[tokio::test(flavor = "multi_thread")]
async fn rtmps_needs_a_trusted_certificate() {
    let nginx = Nginx::start();
    let folder = tempfile::tempdir().expect("a folder");
    let files = certificate(folder.path());
    let (port, _tunnel) = stunnel(folder.path(), &files, nginx.port);
    for (trusted, expected) in [(true, "live"), (false, "failed")] {
        let relay =
            TestRelay::open(&format!("localhost:{port}"), |config| config.extra_ca = trusted.then(|| files.certificate.clone())).await;
        relay.put(&wanted("tls", &[1], vec![publish("secure", format!("rtmps://localhost:{port}/live"), "k")])).await;
        let _encoder = relay.encoder("tls", 1);
        let report = relay.until("tls", expected, |r| state(r, "secure") == expected).await;
        if trusted {
            relay.until("tls", "progress", |r| of(r, "secure").uptime_ms > 1500 && of(r, "secure").bytes_written > 30_000).await;
        } else {
            assert!(reason(&report, "secure").starts_with("TLS with localhost failed"), "{}", reason(&report, "secure"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_and_ingest_support_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = certificate(folder.path());
    let relay = TestRelay::open("", |config| config.tls = Some(files.clone())).await;
    let (_encoder, secret) =
        (encoder(&relay.ingest_url("doors", 1).replace("rtmp://", "rtmps://"), "testsrc2=size=320x180:rate=25"), Secret::new(SECRET));
    let config = |trust| RelayClientConfig {
        url: format!("https://localhost:{}", relay.control.port()),
        ingest_url: format!("rtmps://localhost:{}/show", relay.ingest.port()),
        secret: secret.clone(),
        trust,
    };
    // The application's own client, with and without the relay's certificate authority.
    let client = |tls| reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("a client");
    let distrusting = RelayClient::new(config(None), client(net::tls::client()));
    let refused = distrusting.put(&wanted("doors", &[1], vec![])).await;
    assert!(matches!(refused, Err(RelayError::Unreachable(_))), "{refused:?}");
    let trust = net::tls::client_trusting(&files.certificate).expect("a certificate");
    let trusting = RelayClient::new(config(Some(files.certificate.clone())), client(trust));
    let mut events = trusting.events().await.expect("TLS");
    trusting.put(&wanted("doors", &[1], vec![])).await.expect("TLS");
    let arrives = async {
        while let Some(event) = events.next().await {
            if matches!(event, RelayEvent::Session(report) if matches!(report.ingest.state, IngestState::Receiving { .. })) {
                return true;
            }
        }
        false
    };
    let there = tokio::time::timeout(std::time::Duration::from_secs(20), arrives).await;
    assert_eq!(there, Ok(true), "the composite never came through TLS");
    assert!(relay.http.get(relay.url("/healthz")).send().await.is_err(), "plain HTTP is not served");
    assert!(net::tls::client_trusting(&files.key).is_err(), "a key is no certificate");
}
