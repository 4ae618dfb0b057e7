//! The real `footlight serve` as a process at a public address, and clients that find it there.

use super::wait::{free_port, until};
use footlight::net;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, ClientBuilder, StatusCode, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::CertificateDer;
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::process::{Child, Command};

/// The name under which clients find the server, without a name server.
pub const HOST: &str = "studio.example";

pub struct Served {
    /// Where it listens.
    pub at: SocketAddr,
    pub data: tempfile::TempDir,
    process: Child,
}

impl Served {
    /// Starts it at a free port of loopback; `url` gets that port.
    pub async fn start(url: &str, variables: &[(&str, &str)]) -> Self {
        let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self::start_at(at, &format!("{url}:{}", at.port()), tempfile::tempdir().expect("a folder"), variables).await
    }

    /// Starts it at this address, over this data folder.
    pub async fn start_at(at: SocketAddr, url: &str, data: tempfile::TempDir, variables: &[(&str, &str)]) -> Self {
        let listen = at.to_string();
        let mut command = command(data.path(), &[&[("PUBLIC_APP_URL", url), ("FOOTLIGHT_LISTEN", &*listen)], variables].concat());
        let log = File::create(data.path().join("log")).expect("a log");
        let process = command.stdout(Stdio::null()).stderr(log).spawn().expect("it runs");
        let plain = client(net::tls::client(), at).build().expect("a client");
        let healthy = async || plain.get(format!("http://{at}/healthz")).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK);
        until("the server to answer", 60, healthy).await;
        Self { at, data, process }
    }

    /// Ends it; its data folder is left.
    pub async fn end(mut self) -> tempfile::TempDir {
        self.process.kill().await.expect("it ends");
        self.data
    }

    /// Waits until its log has these words.
    pub async fn says(&self, words: &str) {
        let log = self.data.path().join("log");
        until(words, 30, async || {
            let text = fs::read_to_string(&log).expect("a log");
            if text.contains(words) { Ok(()) } else { Err(text) }
        })
        .await;
    }
}

/// The program with what it needs, and nothing of this process's environment.
pub fn command(data: &Path, variables: &[(&str, &str)]) -> Command {
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

/// Trusts these authorities and no other.
pub fn trusting(authorities: &[CertificateDer<'static>]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    builder.expect("versions").with_root_certificates(roots).with_no_client_auth()
}

/// Finds [`HOST`] at the IP address of `at`, and follows no redirect.
pub fn client(tls: ClientConfig, at: SocketAddr) -> ClientBuilder {
    Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(Policy::none()).resolve(HOST, at).timeout(Duration::from_secs(20))
}

/// Two files in a folder: a certificate, and its key.
pub fn pem_files(folder: &Path) -> [PathBuf; 2] {
    ["cert.pem", "key.pem"].map(|name| folder.join(name))
}

/// Writes a certificate that signs itself, valid until the first day of a year, into the two files.
pub fn certify(files: &[PathBuf; 2], host: &str, until: i32) -> CertificateDer<'static> {
    let mut about = CertificateParams::new([host.to_owned()]).expect("a host");
    about.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let made = about.self_signed(&key).expect("signed");
    fs::write(&files[1], key.serialize_pem()).expect("written");
    fs::write(&files[0], made.pem()).expect("written");
    made.der().clone()
}
