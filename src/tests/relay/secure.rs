//! RTMPS and TLS: towards a platform behind stunnel, and at the relay's own doors.

use super::{platform::*, stage::*};
use footlight::{api::broadcast::IngestState, config::relay::TlsFiles};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// A certificate for `localhost` and 127.0.0.1 that signs itself.
fn certificate(folder: &Path) -> TlsFiles {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
    let files = TlsFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).expect("written");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("written");
    files
}

fn stunnel(folder: &Path, files: &TlsFiles, to: u16) -> (u16, Encoder) {
    let port = free_port();
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let file = folder.join("stunnel.conf");
    let text = format!(
        "foreground = yes\npid =\n[rtmps]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{to}\ncert = {certificate}\nkey = {key}\n"
    );
    std::fs::write(&file, text).expect("written");
    let child = Command::new("stunnel4").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = Encoder(child.expect("stunnel is installed"));
    for _ in 0..250 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return (port, child);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("stunnel never listens");
}

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
    let pem = std::fs::read(&files.certificate).expect("read");
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).expect("a certificate")])
        .build()
        .expect("a client");
    let url = format!("https://localhost:{}/shows/doors", stage.relay.control_addr.port());
    let answer = http.put(&url).bearer_auth(SECRET).json(&wanted("doors", &[1], vec![])).send().await.expect("TLS");
    assert_eq!(answer.status(), 200);
    let _encoder = encoder(&stage.ingest_url("doors", 1).replace("rtmp://", "rtmps://"), "testsrc2=size=320x180:rate=25");
    for _ in 0..200 {
        let report: footlight::api::broadcast::ShowReport =
            http.get(&url).bearer_auth(SECRET).send().await.expect("TLS").json().await.expect("a report");
        if matches!(report.ingest.state, IngestState::Receiving { .. }) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the composite never came through TLS");
}
