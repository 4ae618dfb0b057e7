//! The studio behind nginx, configured with the very block that `docs/REVERSE-PROXY.md` gives.

use crate::support::{
    served::{HOST, Served, certify, client, pem_files, trusting},
    wait::{free_port, until},
};
use futures::StreamExt;
use reqwest::{Client, StatusCode, header};
use rustls_pki_types::{CertificateDer, ServerName};
use std::{fs, net::SocketAddr, path::Path, process::Stdio, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use tokio_rustls::TlsConnector;

const DOCUMENT: &str = include_str!("../../../docs/REVERSE-PROXY.md");

/// The fenced block of a language.
fn block(language: &str) -> &'static str {
    let (_, from) = DOCUMENT.split_once(&format!("```{language}\n")).expect("a block");
    from.split_once("\n```").expect("its end").0
}

struct Front {
    https: SocketAddr,
    http: SocketAddr,
    certificate: CertificateDer<'static>,
    _nginx: Child,
}

impl Front {
    /// nginx with the block of the document, at ports of its own and with a certificate of its own.
    async fn start(folder: &Path, https: SocketAddr, studio: SocketAddr) -> Self {
        let http = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let files = pem_files(folder);
        let certificate = certify(&files, HOST, 2090);
        let mut server = block("nginx").to_owned();
        for (written, here) in [
            ("listen 80;", format!("listen {http};")),
            ("listen 443 ssl;", format!("listen {https} ssl;")),
            ("https://studio.example$request_uri", format!("https://studio.example:{}$request_uri", https.port())),
            ("/etc/letsencrypt/live/studio.example/fullchain.pem", files[0].display().to_string()),
            ("/etc/letsencrypt/live/studio.example/privkey.pem", files[1].display().to_string()),
            ("http://127.0.0.1:3000", format!("http://{studio}")),
        ] {
            assert_eq!(server.matches(written).count(), 1, "{written}");
            server = server.replace(written, &here);
        }
        let at = folder.display();
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {at}/{kind};")).concat();
        let configuration = format!(
            "daemon off; master_process off; user root; pid {at}/pid; error_log {at}/error.log;\nevents {{ worker_connections 128; }}\n\
             http {{ access_log off; {paths}\n{server}\n}}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration).expect("written");
        let mut nginx = Command::new("nginx");
        nginx.arg("-c").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let nginx = nginx.spawn().expect("nginx is installed");
        until("nginx to listen", 10, async || TcpStream::connect(https).await.map(drop)).await;
        Self { https, http, certificate, _nginx: nginx }
    }

    fn url(&self) -> String {
        format!("https://{HOST}:{}", self.https.port())
    }

    fn browser(&self) -> Client {
        client(trusting(std::slice::from_ref(&self.certificate)), self.https).build().expect("a client")
    }
}

/// A LiveKit server that takes every WebSocket, and sends back what comes.
async fn livekit() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n").await?;
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_nginx_serves_pages_feeds_and_sockets() {
    let https = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let url = format!("https://{HOST}:{}", https.port());
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let livekit = livekit().await;
    let variables = [("FOOTLIGHT_TRUSTED_PROXIES", "127.0.0.1"), ("LIVEKIT_URL", &*livekit)];
    let served = Served::start_at(at, &url, tempfile::tempdir().expect("a folder"), &variables).await;
    let folder = tempfile::tempdir().expect("a folder");
    let front = Front::start(folder.path(), https, served.at).await;
    let browser = front.browser();

    let home = browser.get(front.url()).send().await.expect("an answer");
    assert_eq!(home.status(), StatusCode::OK);
    assert!(home.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let plain = browser.get(format!("http://{HOST}:{}/go-live?a=b", front.http.port())).send().await.expect("an answer");
    assert_eq!(plain.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(plain.headers()[header::LOCATION], format!("{url}/go-live?a=b"));

    // Metrics are for this machine. Whoever writes an address of their own into the header changes nothing, in either direction.
    let metrics = browser.get(format!("{url}/metrics")).header("x-forwarded-for", "203.0.113.9").send().await.expect("an answer");
    assert_eq!(metrics.status(), StatusCode::OK, "the proxy's own word counts");

    // A call that is read whole before it is refused.
    let large = |bytes: usize| browser.post(format!("{url}/api/webhooks/livekit")).body(vec![b' '; bytes]);
    assert_eq!(large(500 * 1024).send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED, "it reaches the studio");
    assert_eq!(large(600 * 1024).send().await.expect("an answer").status(), StatusCode::PAYLOAD_TOO_LARGE);

    feed(&browser, &front.url(), served.data.path()).await;
    socket(&front).await;
}

/// What happens is heard while the answer goes on.
async fn feed(browser: &Client, url: &str, data: &Path) {
    let link = fs::read_to_string(data.join("first-sign-in")).expect("a link");
    let token = link.trim().split_once("token=").expect("a token").1.to_owned();
    let form = browser.post(format!("{url}/sign-in")).header(header::ORIGIN, url).body(format!("token={token}"));
    let signed_in = form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send().await.expect("an answer");
    let cookie = signed_in.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    assert!(cookie.starts_with("__Host-footlight="), "{cookie}");
    let opened = browser.get(format!("{url}/api/admin/feed")).header(header::COOKIE, &cookie).send().await.expect("an answer");
    assert_eq!(opened.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut lines = opened.bytes_stream();
    for what in ["its beginning", "a ping"] {
        let came = timeout(Duration::from_secs(15), lines.next()).await;
        let came = came.unwrap_or_else(|_| panic!("nginx keeps {what}")).expect("it goes on").expect("bytes");
        assert!(!came.is_empty(), "{what}");
    }
}

/// A WebSocket to LiveKit passes both, and stays.
async fn socket(front: &Front) {
    let tls = trusting(std::slice::from_ref(&front.certificate));
    let name = ServerName::try_from(HOST).expect("a name");
    let tcp = TcpStream::connect(front.https).await.expect("connected");
    let mut stream = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.expect("trusted");
    let ask = format!(
        "GET /livekit/rtc?access_token=x HTTP/1.1\r\nHost: {HOST}:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        front.https.port()
    );
    stream.write_all(ask.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(Duration::from_secs(15), stream.read_u8()).await.expect("in time").expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    for word in [b"one", b"two"] {
        stream.write_all(word).await.expect("sent");
        let mut back = [0; 3];
        timeout(Duration::from_secs(15), stream.read_exact(&mut back)).await.expect("in time").expect("passed on");
        assert_eq!(&back, word);
    }
}

/// Caddy's own defaults do the rest: `Host` as it came, `X-Forwarded-For` of its own, web sockets passed on.
#[test]
fn the_caddy_block_leads_to_the_default_listener_and_collects_nothing() {
    let caddy = block("caddy");
    for part in ["studio.example {", "reverse_proxy 127.0.0.1:3000", "flush_interval -1"] {
        assert!(caddy.contains(part), "{part}");
    }
    assert!(!caddy.contains("header_up"), "what clients wrote into X-Forwarded-For would come through");
}
