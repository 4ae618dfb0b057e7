//! Schemathesis, an independent tool, calls everything that our OpenAPI document describes, with a key and with sign-ins: no 5xx, and no
//! response that the document does not allow.

use super::harness::TestServer;
use crate::support::{
    app::RELAY_SECRET,
    wait::{free_port, until},
};
use footlight::domain::key::Scope;
use serde_json::json;
use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command},
};
use tokio::net::TcpListener;

/// Pinned, so that a failure is ours.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

fn run(program: &Path, arguments: &[&str]) -> (bool, String) {
    // It writes files into its working directory.
    let done = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

/// Killed on drop.
struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A real relay, for recordings and thumbnails.
async fn relay(data: &Path) -> (Relay, String) {
    let [control, ingest] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let program = Command::new(env!("CARGO_BIN_EXE_footlight"))
        .arg("relay")
        .envs([("FOOTLIGHT_RELAY_LISTEN", &control), ("FOOTLIGHT_RELAY_INGEST", &ingest)])
        .env("FOOTLIGHT_RELAY_SECRET", RELAY_SECRET)
        .env("FOOTLIGHT_DATA", data)
        .spawn()
        .expect("started");
    until("the relay listens", 20, async || std::net::TcpStream::connect(&control)).await;
    (Relay(program), format!("http://{control}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_only_the_document_finds_no_surprise() {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let program = venv.join("bin/schemathesis");
    if !program.exists() {
        let (made, text) = run(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()]);
        assert!(made, "{text}");
        let (installed, text) = run(&venv.join("bin/pip"), &["install", "--quiet", SCHEMATHESIS]);
        assert!(installed, "{text}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (_relay, address) = relay(folder.path()).await;
    let server = TestServer::with(&[("FOOTLIGHT_RATE_FACTOR", "10000"), ("FOOTLIGHT_RELAY_URL", &address)]).await;
    let admin = server.admin().await;
    let owner = server.streamer("Owner").await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    let agent = server.agent(&owner, "Nyx").await;
    let show = server.post("/api/streaming/start", &key, json!({ "streamType": "user", "platform": "rehearsal" })).await;
    let session = show.body["sessionId"].as_str().expect("a stream").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let document = format!("http://{}/api/openapi.json", listener.local_addr().expect("an address"));
    let service = server.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let all = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    for (who, header, proof, checks) in [
        ("a key", "Authorization", key, all),
        ("a sign-in", "Cookie", owner.cookie, "not_a_server_error"),
        ("an administrator's sign-in", "Cookie", admin.cookie, "not_a_server_error"),
    ] {
        // It generates parameters, so existing ids are given here for calls to succeed. The proof is here too and not
        // in its arguments, which every process can read.
        let known = folder.path().join("schemathesis.toml");
        let text = format!(
            "headers = {{ {header} = \"{proof}\" }}\n\n\
             [parameters]\n\"query.sessionId\" = \"{session}\"\n\"path.session\" = \"{session}\"\n\"path.id\" = \"{}\"\n",
            agent.id
        );
        std::fs::write(&known, text).expect("written");
        let (program, document) = (program.clone(), document.clone());
        let tried = tokio::task::spawn_blocking(move || {
            let (fine, text) = run(&program, &arguments(&known.to_string_lossy(), &document, checks));
            (fine, text.replace(&proof, "…"))
        });
        let (fine, text) = tried.await.expect("it ran");
        println!("By {who}:\n{}", text.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
        assert!(fine, "by {who}: {text}");
    }
}

/// Feeds never end, so they are excluded here; `api::generated` calls them.
fn arguments<'a>(known: &'a str, document: &'a str, checks: &'a str) -> [&'a str; 11] {
    ["--config-file", known, "run", document, "--checks", checks, "--exclude-path-regex", "feed$", "--max-examples", "40", "--no-color"]
}
