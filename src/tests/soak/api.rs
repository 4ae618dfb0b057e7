//! Schemathesis, which knows nothing of us, reads our document and calls what it describes: no 500, no answer that the
//! document does not allow.

use super::house::House;
use footlight::domain::key::Scope;
use std::{net::SocketAddr, path::Path, process::Command};
use tokio::net::TcpListener;

/// Pinned, so that a red run is ours.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

fn run(program: &Path, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_document_finds_nothing_that_it_does_not_say() {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let program = venv.join("bin/schemathesis");
    if !program.exists() {
        let (made, words) = run(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()]);
        assert!(made, "{words}");
        let (installed, words) = run(&venv.join("bin/pip"), &["install", "--quiet", SCHEMATHESIS]);
        assert!(installed, "{words}");
    }
    let house = House::with(&[("FOOTLIGHT_RATE_FACTOR", "10000")]).await;
    let owner = house.streamer("Owner").await;
    let key = house.key(&owner, None, &Scope::ALL).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let document = format!("http://{}/api/openapi.json", listener.local_addr().expect("an address"));
    let service = house.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let tried = tokio::task::spawn_blocking(move || {
        let header = format!("Authorization: {key}");
        let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
        // The feeds never end; everything else is called.
        let arguments = [
            "run",
            &document,
            "--header",
            &header,
            "--checks",
            checks,
            "--exclude-path-regex",
            "feed$",
            "--max-examples",
            "40",
            "--no-color",
        ];
        let (fine, words) = run(&program, &arguments);
        (fine, words.replace(&key, "Bearer fl_…"))
    });
    let (fine, words) = tried.await.expect("it ran");
    println!("{}", words.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    assert!(fine, "{words}");
}
