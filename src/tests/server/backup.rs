//! `footlight backup` while a stream is live, `footlight restore` into an empty folder, and a studio over it that finds the stream.

use super::harness::{TestApp, config, show, vault};
use crate::support::wait::until;
use footlight::{
    backup::{
        archive::{self, Manifest, Writer},
        backup, restore,
    },
    config::env::Env,
    domain::session::SessionState,
    net::tls,
    server::{
        admin_socket,
        store::surreal::{SurrealStore, known_schema},
    },
};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER_KEY: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn env(data: &Path, key: &str) -> Env {
    let data = data.to_string_lossy();
    Env::of_pairs([("FOOTLIGHT_DATA", &*data), ("STREAM_KEY_ENCRYPTION_KEY", key), ("HOME", "/nonexistent")])
}

/// A live stream, a saved destination, a recording on disk, and a backup of them.
async fn backed_up(app: &TestApp, base: &Path) -> PathBuf {
    let data = base.join("old");
    let recording = data.join("recordings/s1");
    std::fs::create_dir_all(&recording).expect("a folder");
    std::fs::write(recording.join("00000.m4s"), [7; 3000]).expect("written");
    std::fs::write(recording.join(".partial"), "no").expect("written");
    let socket = admin_socket::open(&data).await.expect("a socket");
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls::client()).build().expect("a client");
    tokio::spawn(admin_socket::serve(
        socket,
        app.studio.commands.clone(),
        app.studio.doctor.clone(),
        app.studio.viewer_counts.clone(),
        http,
    ));
    let file = base.join("backup.tar.gz");
    backup(&env(&data, KEY), &file, true).await.expect("a backup");
    assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!base.join("backup.tar.gz.partial").exists());
    let again = backup(&env(&data, KEY), &file, true).await.expect_err("it is there");
    assert!(again.to_string().contains("already"), "{again:#}");
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_studio_finds_its_running_stream() {
    let base = tempfile::tempdir().expect("a folder");
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    let typed = show().destinations.remove(0);
    let typed = footlight::api::sessions::DestinationInput { save_as: Some("Main".into()), ..typed };
    let kept = app.studio.destinations.save(&ada, None, typed).await.expect("saved").destination;
    let id = app.live(&ada).await;
    let file = backed_up(&app, base.path()).await;
    let (egresses, desired) = (app.livekit.running().len(), app.relay.desired(&id));
    let data = base.path().join("new");
    restore(&env(&data, KEY), &file).await.expect("restored");
    assert_eq!(std::fs::read(data.join("recordings/s1/00000.m4s")).expect("restored"), [7; 3000]);
    assert!(!data.join("recordings/s1/.partial").exists() && !data.join("restore.surql").exists());
    assert_eq!(std::fs::metadata(&data).expect("there").permissions().mode() & 0o777, 0o700);
    let again = restore(&env(&data, KEY), &file).await.expect_err("it is not empty");
    assert!(format!("{again:#}").contains("is not empty"), "{again:#}");
    // Another process over the same LiveKit and relay, with the restored store.
    let store = Arc::new(SurrealStore::open(&format!("surrealkv://{}", data.join("store").display()), None).await.expect("opened"));
    let restored = TestApp { store, ..app.clone() }.process(config(&[]), vault());
    let live = async || {
        restored.play(&id, 0).await;
        let session = restored.session(&id).await;
        if matches!(session.state, SessionState::Live { .. }) { Ok(()) } else { Err(session.state) }
    };
    until("the stream to be live", 15, live).await;
    assert_eq!(restored.livekit.running().len(), egresses, "its egress was kept, and no other was started");
    assert_eq!(restored.relay.desired(&id).map(|one| one.destinations.len()), desired.map(|one| one.destinations.len()));
    let saved = restored.studio.destinations.list(&ada, None).await.expect("listed");
    assert_eq!(saved.iter().map(|one| &one.destination).collect::<Vec<_>>(), [&kept]);
    restored.start(&restored.caller("bob").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_a_newer_schema_and_a_running_server_are_refused_by_name() {
    let base = tempfile::tempdir().expect("a folder");
    let app = TestApp::new().await;
    let ada = app.caller("ada").await;
    app.live(&ada).await;
    let file = backed_up(&app, base.path()).await;
    let sealed_with = app.store.contents().await.expect("read").sealed_with.remove(0);
    let data = base.path().join("new");
    let no_key = Env::of_pairs([("FOOTLIGHT_DATA", data.to_string_lossy().into_owned())]);
    for env in [env(&data, OTHER_KEY), no_key] {
        let error = format!("{:#}", restore(&env, &file).await.expect_err("another key"));
        assert!(error.contains(&sealed_with) && error.contains("STREAM_KEY_ENCRYPTION_KEY"), "{error}");
        assert!(!error.contains(KEY) && !error.contains(OTHER_KEY), "{error}");
    }
    assert!(!data.exists(), "nothing was written");
    let running = format!("{:#}", restore(&env(&base.path().join("old"), KEY), &file).await.expect_err("a server runs"));
    assert!(running.contains("stop it first"), "{running}");
    // The key of an earlier rotation is enough, and so is the file that `footlight up` made.
    std::fs::create_dir_all(&data).expect("a folder");
    std::fs::write(data.join("secrets.env"), format!("# made\nSTREAM_KEY_ENCRYPTION_KEY={KEY}\n")).expect("written");
    let made = Env::of_pairs([("FOOTLIGHT_DATA", data.to_string_lossy().into_owned())]);
    restore(&made, &file).await.expect("restored");
    let newer = base.path().join("newer");
    let manifest = Manifest {
        format: archive::FORMAT,
        program: "9.9.9".into(),
        schema: known_schema() + 1,
        sealed_with: Vec::new(),
        made_at: app.clock.now(),
        recordings: false,
    };
    Writer::create(&newer, &manifest).expect("created").finish().expect("written");
    let error = format!("{:#}", restore(&env(&base.path().join("third"), KEY), &newer).await.expect_err("newer"));
    assert!(error.contains(&format!("schema {}", known_schema() + 1)), "{error}");
}
