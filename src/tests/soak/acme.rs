//! Certificates from Pebble, the ACME server that Let's Encrypt tests clients with. It refuses one nonce in twenty, as it always does.

use crate::support::{
    served::{HOST, Served, certify, client, pem_files, trusting},
    wait::{free_port, until},
};
use reqwest::{Client, StatusCode, header};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::json;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};
use tokio_rustls::TlsConnector;

/// Pinned, so that a failure is ours.
const VERSION: &str = "v2.10.3";
/// So that a certificate is renewed while the test looks on.
const VALID_S: i64 = 120;

/// The programs, built once.
async fn programs() -> [PathBuf; 2] {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pebble-{VERSION}"));
    let programs =
        ["pebble", "pebble-challtestsrv"].map(|name| (folder.join(name), format!("github.com/letsencrypt/pebble/v2/cmd/{name}@{VERSION}")));
    for (program, source) in &programs {
        if !program.exists() {
            let mut go = Command::new("go");
            go.args(["install", source]).env("GOBIN", &folder).env("GOFLAGS", "-mod=mod").env("CGO_ENABLED", "0");
            assert!(go.status().await.expect("Go is installed").success(), "{source}");
        }
    }
    programs.map(|(program, _)| program)
}

struct Pebble {
    /// Its directory.
    directory: String,
    /// Signs its own HTTPS.
    own: PathBuf,
    management: String,
    http: Client,
    _processes: [Child; 2],
}

impl Pebble {
    /// It finds every name at 127.0.0.1, and checks them at `tls`.
    async fn start(folder: &Path, tls: SocketAddr) -> Self {
        let [pebble, names] = programs().await;
        let [listen, management, dns, control] = [(); 4].map(|()| format!("127.0.0.1:{}", free_port()));
        let files = pem_files(folder);
        let own = certify(&files, "localhost", 2090);
        let profile = json!({ "description": "short", "validityPeriod": VALID_S });
        let config = json!({ "pebble": {
            "listenAddress": listen, "managementListenAddress": management,
            "certificate": files[0], "privateKey": files[1],
            "httpPort": free_port(), "tlsPort": tls.port(), "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "profiles": { "default": profile },
        } });
        let file = folder.join("pebble.json");
        fs::write(&file, config.to_string()).expect("written");
        let names = Command::new(names)
            .args(["-dnsserver", &dns, "-management", &control, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let pebble = Command::new(pebble)
            .args(["-config".as_ref(), file.as_os_str(), "-dnsserver".as_ref(), dns.as_ref()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let of_localhost = |at: &str| format!("https://localhost:{}", at.rsplit_once(':').expect("a port").1);
        let directory = format!("{}/dir", of_localhost(&listen));
        let http = Client::builder().tls_backend_preconfigured(trusting(&[own])).no_proxy().build().expect("a client");
        until("Pebble to answer", 20, async || http.get(&directory).send().await.map(drop)).await;
        let processes = [names.expect("it runs"), pebble.expect("it runs")];
        Self { directory, own: files[0].clone(), management: of_localhost(&management), http, _processes: processes }
    }

    /// The authority behind what it signs.
    async fn root(&self) -> CertificateDer<'static> {
        let pem = self.http.get(format!("{}/roots/0", self.management)).send().await.expect("an answer").bytes().await.expect("a file");
        CertificateDer::from_pem_slice(&pem).expect("PEM")
    }
}

/// The certificate that is shown, if it is trusted.
async fn shown(root: &CertificateDer<'static>, at: SocketAddr) -> Result<Vec<u8>, String> {
    let connector = TlsConnector::from(Arc::new(trusting(std::slice::from_ref(root))));
    let tcp = TcpStream::connect(at).await.map_err(|error| error.to_string())?;
    let stream = connector.connect(ServerName::try_from(HOST).expect("a name"), tcp).await.map_err(|error| error.to_string())?;
    Ok(stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_obtained_kept_and_renewed() {
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let (folder, data) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let pebble = Pebble::start(folder.path(), at).await;
    let root = pebble.root().await;
    let own = pebble.own.to_string_lossy().into_owned();
    let variables =
        [("FOOTLIGHT_ACME", "ada@studio.example"), ("FOOTLIGHT_ACME_DIRECTORY", &*pebble.directory), ("FOOTLIGHT_ACME_ROOT", &*own)];
    let url = format!("https://{HOST}:{}", at.port());
    let served = Served::start_at(at, &url, data, &variables).await;
    let first = until("the first certificate", 60, async || shown(&root, at).await).await;
    let browser = client(trusting(std::slice::from_ref(&root)), at).build().expect("a client");
    let home = browser.get(&url).send().await.expect("trusted");
    assert_eq!(home.status(), StatusCode::OK);
    assert!(home.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let kept = served.data.path().join("acme");
    assert_eq!(mode(&kept), 0o700);
    let files: Vec<_> = fs::read_dir(&kept).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert!(files.len() == 2 && files.iter().all(|file| mode(file) == 0o600), "account and certificate: {files:?}");

    let again = Served::start_at(at, &url, served.end().await, &variables).await;
    assert_eq!(shown(&root, at).await.as_ref(), Ok(&first), "the one that was kept, at once");
    let renewed = async || shown(&root, at).await.and_then(|now| if now == first { Err("the first".to_owned()) } else { Ok(()) });
    until("a renewed certificate", 150, renewed).await;
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_acme_server_found_is_said() {
    // It is told to look at a port where nobody listens.
    let (nobody, at) = (SocketAddr::from(([127, 0, 0, 1], free_port())), SocketAddr::from(([127, 0, 0, 1], free_port())));
    let folder = tempfile::tempdir().expect("a folder");
    let pebble = Pebble::start(folder.path(), nobody).await;
    let own = pebble.own.to_string_lossy().into_owned();
    let variables =
        [("FOOTLIGHT_ACME", "ada@studio.example"), ("FOOTLIGHT_ACME_DIRECTORY", &*pebble.directory), ("FOOTLIGHT_ACME_ROOT", &*own)];
    let data = tempfile::tempdir().expect("a folder");
    let served = Served::start_at(at, &format!("https://{HOST}:{}", at.port()), data, &variables).await;
    served.says("does not find studio.example here").await;
}
