//! The real web server at a public address: the certificate that it shows, and what it answers without TLS.

use crate::support::wait::{free_port, until};
use footlight::net;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, ClientBuilder, StatusCode, header, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const HOST: &str = "studio.example";

struct Served {
    at: SocketAddr,
    data: tempfile::TempDir,
    _process: Child,
}

fn command(data: &Path, variables: &[(&str, &str)]) -> Command {
    let secret = "0123456789abcdef0123456789abcdef";
    let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
    command.arg("serve").env_clear().env("PATH", std::env::var("PATH").unwrap_or_default());
    for name in ["FOOTLIGHT_RELAY_SECRET", "LIVEKIT_API_SECRET", "STREAMING_JWT_SECRET"] {
        command.env(name, secret);
    }
    command.env("STREAM_KEY_ENCRYPTION_KEY", [secret, secret].concat()).env("LIVEKIT_API_KEY", "devkey");
    command.env("FOOTLIGHT_DATA", data).env("FOOTLIGHT_STORE", "mem://").env("LEPTOS_OUTPUT_NAME", "footlight").env("RUST_LOG", "warn");
    command.envs(variables.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A server on a free port of loopback; `url` gets the port.
async fn serve(url: &str, variables: &[(&str, &str)]) -> Served {
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let (url, listen) = (format!("{url}:{}", at.port()), at.to_string());
    let data = tempfile::tempdir().expect("a folder");
    let mut command = command(data.path(), &[&[("PUBLIC_APP_URL", &*url), ("FOOTLIGHT_LISTEN", &*listen)], variables].concat());
    let log = File::create(data.path().join("log")).expect("a log");
    let process = command.stdout(Stdio::null()).stderr(log).spawn().expect("it runs");
    let plain = client(net::tls::client(), at).build().expect("a client");
    let healthy = async || plain.get(format!("http://{at}/healthz")).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK);
    until("the server to answer", 60, healthy).await;
    Served { at, data, _process: process }
}

impl Served {
    async fn says(&self, words: &str) {
        let log = self.data.path().join("log");
        until(words, 30, async || fs::read_to_string(&log).expect("a log").contains(words)).await;
    }
}

/// What a start says that is refused.
async fn refused(variables: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().expect("a folder");
    let Output { status, stderr, .. } = command(data.path(), variables).stdout(Stdio::null()).output().await.expect("it runs");
    assert!(!status.success(), "{variables:?} was taken");
    String::from_utf8_lossy(&stderr).into_owned()
}

fn trusting(authorities: &[CertificateDer<'static>]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    builder.expect("versions").with_root_certificates(roots).with_no_client_auth()
}

fn client(tls: ClientConfig, at: SocketAddr) -> ClientBuilder {
    Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(Policy::none()).resolve(HOST, at).timeout(Duration::from_secs(20))
}

/// A certificate that signs itself, written to the two files.
fn certify(files: &[std::path::PathBuf; 2], host: &str, until: i32) -> CertificateDer<'static> {
    let mut about = CertificateParams::new([host.to_owned()]).expect("a host");
    about.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let made = about.self_signed(&key).expect("signed");
    fs::write(&files[1], key.serialize_pem()).expect("written");
    fs::write(&files[0], made.pem()).expect("written");
    made.der().clone()
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
    let served = serve("https://127.0.0.1", &[]).await;
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
    let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let first = certify(&files, HOST, 2090);
    let redirects = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let (http, [certificate, key]) = (redirects.to_string(), files.each_ref().map(|file| file.to_string_lossy().into_owned()));
    let variables = [("FOOTLIGHT_TLS_CERT", &*certificate), ("FOOTLIGHT_TLS_KEY", &*key), ("FOOTLIGHT_HTTP_LISTEN", &*http)];
    let served = serve(&format!("https://{HOST}"), &variables).await;
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
    let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
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
