//! The real web server at a public address: the certificate that it shows, and what it answers without TLS.

use crate::support::{
    served::{HOST, Served, certify, client, command, pem_files, trusting},
    wait::{free_port, until},
};
use footlight::net;
use reqwest::{StatusCode, header};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// What a start says that is refused.
async fn refused(variables: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().expect("a folder");
    let Output { status, stderr, .. } = command(data.path(), variables).stdout(Stdio::null()).output().await.expect("it runs");
    assert!(!status.success(), "{variables:?} was taken");
    String::from_utf8_lossy(&stderr).into_owned()
}

async fn connect(tls: ClientConfig, at: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(HOST).expect("a name");
    TlsConnector::from(Arc::new(tls)).connect(name, TcpStream::connect(at).await?).await
}

/// The status of one more answer on a connection that stays open.
async fn ask_again(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("an answer"));
    }
    let answer = String::from_utf8(answer).expect("text");
    let length = answer.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    stream.read_exact(&mut vec![0; length.expect("a length")]).await.expect("a body");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_authority_is_made_once_and_a_device_that_trusts_it_is_served() {
    let served = Served::start("https://127.0.0.1", &[]).await;
    let (url, plain) = (format!("https://{}", served.at), format!("http://{}", served.at));
    let folder = served.data.path().join("local-authority/127.0.0.1");
    let authority = CertificateDer::from_pem_file(folder.join("authority.crt")).expect("made");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("authority.key"))), (0o700, 0o600));

    let new = client(net::tls::client(), served.at).build().expect("a client");
    assert!(new.get(&url).send().await.is_err(), "no public authority signed it");
    // The page that tells a device how: without TLS, because it trusts nothing yet.
    let page = new.get(format!("{plain}/trust")).send().await.expect("an answer");
    assert!(page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").starts_with("default-src 'none'"));
    let page = page.text().await.expect("a page");
    assert!(page.contains("<svg") && page.contains("/trust/footlight.crt") && !page.contains("<script"), "{page}");
    let download = new.get(format!("{plain}/trust/footlight.crt")).send().await.expect("an answer");
    assert_eq!(download.headers()[header::CONTENT_TYPE], "application/x-x509-ca-cert");
    assert_eq!(download.bytes().await.expect("a file"), authority.as_ref(), "DER, which phones take");

    let device = client(trusting(&[authority]), served.at).build().expect("a client");
    let home = device.get(&url).send().await.expect("it trusts the authority");
    assert_eq!(home.status(), StatusCode::OK);
    assert!(!home.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), "whoever replaces the authority is not locked out");
    assert_eq!(device.get(format!("{url}/trust")).send().await.expect("an answer").status(), StatusCode::OK);
    let form = device.post(format!("{url}/sign-up")).header(header::ORIGIN, &url).body("name=ada&password=correct+horse");
    let signed_up = form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let cookie = signed_up.send().await.expect("an answer").headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("__Host-footlight=") && cookie.contains("Secure"), "{cookie}");

    let redirect = new.get(format!("{plain}/go-live?a=b")).send().await.expect("an answer");
    assert_eq!(redirect.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(redirect.headers()[header::LOCATION], format!("{url}/go-live?a=b"));
    let overlay = new.get(format!("{plain}/stream/overlay?sessionId=x&token=y")).send().await.expect("an answer");
    assert_eq!(overlay.status(), StatusCode::UNAUTHORIZED, "the egress asks without TLS; its token decides");
    let foreign = new.get(format!("{plain}/")).header(header::HOST, "evil.example").send().await.expect("an answer");
    assert_eq!(foreign.status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_files_are_read_again_and_connections_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = pem_files(folder.path());
    let first = certify(&files, HOST, 2090);
    let redirects = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let (http, [certificate, key]) = (redirects.to_string(), files.each_ref().map(|file| file.to_string_lossy().into_owned()));
    let variables = [("FOOTLIGHT_TLS_CERT", &*certificate), ("FOOTLIGHT_TLS_KEY", &*key), ("FOOTLIGHT_HTTP_LISTEN", &*http)];
    let served = Served::start(&format!("https://{HOST}"), &variables).await;
    let url = format!("https://{HOST}:{}", served.at.port());
    let mut open = connect(trusting(std::slice::from_ref(&first)), served.at).await.expect("trusted");
    assert_eq!(ask_again(&mut open).await, "HTTP/1.1 200 OK");
    let browser = client(trusting(std::slice::from_ref(&first)), served.at).build().expect("a client");
    let home = browser.get(&url).send().await.expect("an answer");
    assert!(home.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    for port in [redirects, served.at] {
        let answer = browser.get(format!("http://{HOST}:{}/sessions?q=a", port.port())).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT, "{port}");
        assert_eq!(answer.headers()[header::LOCATION], format!("{url}/sessions?q=a"), "{port}");
    }

    // Neither half a change nor an expired certificate replaces what works.
    fs::write(&files[0], "no certificate").expect("written");
    served.says("the new certificate cannot be used").await;
    assert_eq!(ask_again(&mut open).await, "HTTP/1.1 200 OK");
    connect(trusting(std::slice::from_ref(&first)), served.at).await.expect("the one from before");
    let second = certify(&files, HOST, 2091);
    let changed = async || connect(trusting(std::slice::from_ref(&second)), served.at).await.map(drop);
    until("the new certificate", 20, changed).await;
    assert!(connect(trusting(std::slice::from_ref(&first)), served.at).await.is_err(), "the old one is shown no more");
    assert_eq!(ask_again(&mut open).await, "HTTP/1.1 200 OK", "what was open stays open");
    let expired = certify(&files, HOST, 2020);
    served.says("the new certificate has expired").await;
    assert!(connect(trusting(std::slice::from_ref(&expired)), served.at).await.is_err());
    connect(trusting(std::slice::from_ref(&second)), served.at).await.expect("the one from before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_at_the_start_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = pem_files(folder.path());
    certify(&files, "other.example", 2090);
    let [certificate, key] = files.each_ref().map(|file| file.to_string_lossy().into_owned());
    let listen = format!("127.0.0.1:{}", free_port());
    let studio = [("PUBLIC_APP_URL", "https://studio.example"), ("FOOTLIGHT_LISTEN", &*listen), ("FOOTLIGHT_HTTP_LISTEN", "off")];
    let with =
        async |cert: &str, key: &str| refused(&[&studio[..], &[("FOOTLIGHT_TLS_CERT", cert), ("FOOTLIGHT_TLS_KEY", key)]].concat()).await;
    let missing = with("/nonexistent/cert.pem", &key).await;
    assert!(missing.contains("FOOTLIGHT_TLS_CERT") && missing.contains("/nonexistent/cert.pem"), "{missing}");
    let other = with(&certificate, &key).await;
    assert!(other.contains("FOOTLIGHT_TLS_CERT") && other.contains("not for studio.example"), "{other}");
    let swapped = with(&key, &certificate).await;
    assert!(swapped.contains("FOOTLIGHT_TLS_CERT"), "{swapped}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|at| (at.to_string(), taken)).expect("bound");
    let pair = [("PUBLIC_APP_URL", "https://127.0.0.1"), ("FOOTLIGHT_LISTEN", &*listen), ("FOOTLIGHT_HTTP_LISTEN", &*taken.0)];
    let said = refused(&pair).await;
    assert!(said.contains(&taken.0) && said.contains("FOOTLIGHT_HTTP_LISTEN"), "{said}");
}
