//! Canary secrets go through every call that carries one, with failures provoked. Afterwards they are looked for in every
//! answer, in all that was logged, and in the store: as they are, hexadecimal, in Base64 and as parts of an address.

use super::harness::{Person, TestServer};
use crate::support::wait::until;
use axum::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use footlight::{
    domain::key::Scope,
    server::{
        livekit::{LiveKitError, Reason},
        store::surreal::SurrealStore,
    },
};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::MakeWriter;

const KEY: &str = "live_canary~8c41/with?query=and&more";
const PASSWORD: &str = "canary password 7b30";
const MASTER: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const JWT: &str = "canary signing secret 19d2, and long enough";
const RELAY: &str = "canary relay secret 5e77";

/// All that is logged, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// How a secret may be written.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), percent.replace('+', "%20"), percent, hex::encode(secret), hex::encode_upper(secret)];
    // Inside of something longer its Base64 looks different at each of three places; the letters at the edges mix with others.
    for lead in 0..3 {
        let text = STANDARD_NO_PAD.encode([&b"xx"[..lead], secret.as_bytes()].concat());
        let inner = &text[if lead == 0 { 0 } else { 4 }..text.len() - 2];
        forms.extend([inner.to_owned(), inner.replace('+', "-").replace('/', "_")]);
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn found(place: &[u8], secret: &str) -> Option<String> {
    let at = |form: &[u8]| place.windows(form.len()).position(|window| window == form);
    let (at, form) = forms(secret).into_iter().find_map(|form| Some((at(&form)?, form)))?;
    let around = &place[at.saturating_sub(120)..(at + form.len() + 40).min(place.len())];
    Some(String::from_utf8_lossy(around).into_owned())
}

struct Told(Vec<u8>);

impl Told {
    /// A call as a page makes it; its answer is kept. Gives its body.
    async fn rpc(&mut self, server: &TestServer, person: &Person, path: &str, body: Value) -> Value {
        let headers = [("origin", "http://127.0.0.1:3000"), ("cookie", person.cookie.as_str())];
        let reply = server.call(Method::POST, path, &headers, Some(body)).await;
        self.0.extend(format!("{path} {reply:?}\n").into_bytes());
        reply.body
    }
    /// A form of a page, refused or not.
    async fn form(&mut self, server: &TestServer, path: &str, fields: &[(&str, &str)]) {
        let reply = server.form(path, &[("origin", "http://127.0.0.1:3000")], fields).await;
        self.0.extend(format!("{path} {reply:?}\n").into_bytes());
    }
    async fn post(&mut self, server: &TestServer, key: &str, path: &str, body: Value) -> Value {
        let reply = server.post(path, key, body).await;
        self.0.extend(format!("{path} {reply:?}\n").into_bytes());
        reply.body
    }
}

fn typed(platform: &str, url: Option<&str>, key: &str) -> Value {
    json!({ "platform": platform, "customRtmpUrl": url, "streamKey": key })
}

/// Everything that takes a secret, in good order and in every kind of disorder.
async fn everything(server: &TestServer) -> Told {
    let mut told = Told(Vec::new());
    told.form(server, "/sign-up", &[("name", "Ada"), ("password", PASSWORD)]).await;
    told.form(server, "/sign-in", &[("name", "Bob"), ("password", PASSWORD)]).await;
    told.form(server, "/sign-in", &[("token", PASSWORD)]).await;
    told.form(server, "/sign-in", &[("password", PASSWORD), ("password", PASSWORD)]).await;
    let owner = server.streamer("Owner").await;
    told.rpc(server, &owner, "/rpc/accounts/password", json!({ "old": PASSWORD, "new": PASSWORD })).await;
    let good = typed("custom", Some("rtmp://127.0.0.1:1935/live"), KEY);
    let bad = [
        typed("custom", Some("rtmp://10.0.0.1/live"), KEY),
        typed("custom", Some(&format!("rtmp://user:{KEY}@127.0.0.1:1935/live")), KEY),
        typed("custom", Some(&format!("rtmp://127.0.0.1:1935/live/{KEY}")), ""),
        typed("custom", Some("rtmp://127.0.0.1:1935/live"), &format!("{KEY}\n")),
        typed("twitch", None, &format!("{KEY} {KEY}")),
        typed("nowhere", None, KEY),
        json!({ "platform": "custom", "streamKey": [KEY] }),
    ];
    let kept = told.rpc(server, &owner, "/rpc/settings/keep", json!({ "agent": null, "typed": good })).await;
    let id = kept["id"].as_str().unwrap_or_else(|| panic!("{kept}")).to_owned();
    told.rpc(server, &owner, "/rpc/settings/change", json!({ "id": id, "typed": good })).await;
    told.rpc(server, &owner, "/rpc/settings/try", json!({ "id": id })).await;
    told.rpc(server, &owner, "/rpc/destinations/test", json!({ "saved": [id], "typed": [good] })).await;
    told.rpc(server, &owner, "/rpc/settings/places", json!({ "agent": null })).await;
    let key = server.key(&owner, None, &Scope::ALL).await;
    for typed in &bad {
        told.rpc(server, &owner, "/rpc/settings/keep", json!({ "agent": null, "typed": typed })).await;
        told.rpc(server, &owner, "/rpc/settings/change", json!({ "id": id, "typed": typed })).await;
        told.post(server, &key, "/api/streaming/start", json!({ "streamType": "user", "destinations": [typed] })).await;
        told.post(server, &key, "/api/streaming/destinations/test", json!({ "destinations": [typed] })).await;
    }
    let start = json!({ "streamType": "user", "destinations": [good], "replace": true });
    server.livekit.set_down(true);
    told.post(server, &key, "/api/streaming/start", start.clone()).await;
    server.livekit.set_down(false);
    server.relay.set_down(true);
    told.post(server, &key, "/api/streaming/start", start.clone()).await;
    server.relay.set_down(false);
    server.livekit.refuse([LiveKitError::Refused(Reason("no".into()))]);
    told.post(server, &key, "/api/streaming/start", start.clone()).await;
    told.post(
        server,
        &key,
        &format!("/api/streaming/start?key={}", KEY.replace('&', "%26")),
        json!({ "streamType": "robot", "streamKey": KEY }),
    )
    .await;
    let started = told.post(server, &key, "/api/streaming/start", start).await;
    let session = started["sessionId"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
    for path in ["/rpc/sessions/get", "/rpc/sessions/stop"] {
        told.rpc(server, &owner, path, json!({ "id": session })).await;
    }
    told.rpc(server, &owner, "/rpc/sessions/destinations", json!({ "id": session, "add": [good], "remove": [] })).await;
    for path in ["/api/streaming/sessions", &format!("/api/streaming/status?sessionId={session}"), "/healthz"] {
        told.0.extend(format!("{:?}", server.get(path, &key).await).into_bytes());
    }
    server.studio.commands.rotate_keys().await.expect("rotated");
    told
}

/// Every record of every table, and the files as they lie.
async fn stored(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let address = format!("surrealkv://{}", folder.display());
    // Background tasks of the server release the store when they end.
    let client = until("the store's folder to be free", 60, async || surrealdb::engine::any::connect(&address).await).await;
    client.use_ns("footlight").use_db("footlight").await.expect("there");
    let schema = include_str!("../../server/store/schema.surql");
    let tables: Vec<&str> = schema.lines().filter_map(|line| line.strip_prefix("DEFINE TABLE ")?.split(' ').next()).collect();
    assert!(tables.len() > 10, "{tables:?}");
    for table in tables {
        let mut rows = client.query(format!("SELECT * FROM {table}")).await.expect("read");
        let rows: surrealdb::types::Value = rows.take(0).expect("rows");
        bytes.extend(format!("{table} {rows:?}\n").into_bytes());
    }
    drop(client);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                bytes.extend(std::fs::read(entry.path()).unwrap_or_default());
            }
        }
    }
    bytes
}

/// All on one thread, so that its log is the whole log; with the stack that the program's own threads have.
#[test]
fn no_secret_appears_in_responses_log_or_store() {
    let whole = std::thread::Builder::new().stack_size(16 << 20).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Box::pin(nowhere()));
    });
    whole.expect("a thread").join().expect("no secret is anywhere");
}

async fn nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir().expect("a folder");
    let store = SurrealStore::open(&format!("surrealkv://{}", folder.path().display()), None).await.expect("a store");
    let secrets = [
        ("STREAM_KEY_ENCRYPTION_KEY", MASTER),
        ("STREAMING_JWT_SECRET", JWT),
        ("FOOTLIGHT_RELAY_SECRET", RELAY),
        ("FOOTLIGHT_RATE_FACTOR", "10"),
    ];
    let server = TestServer::over(Arc::new(store), &secrets);
    let told = everything(&server).await;
    drop(server);
    let store = stored(folder.path()).await;
    let logged = log.0.lock().expect("a log").clone();
    assert!(found(&logged, "session started").is_some(), "it is the log that is looked at");
    assert!(found(&store, "sealed").is_some() && store.len() > 10_000, "it is the store that is looked at");
    for secret in [KEY, PASSWORD, MASTER, JWT, RELAY] {
        for (place, what) in [(&told.0, "answered"), (&logged, "logged"), (&store, "stored")] {
            let around = found(place, secret);
            assert!(around.is_none(), "a secret was {what}: {}", around.unwrap_or_default());
        }
    }
}

#[test]
fn the_search_finds_a_secret_in_any_encoding() {
    let text = |form: &str| format!("before {form} after").into_bytes();
    assert!(found(&text("nothing"), KEY).is_none());
    let escaped = "live_canary%7E8c41%2Fwith%3Fquery%3Dand%26more";
    for form in [KEY, escaped, &hex::encode(KEY), &STANDARD_NO_PAD.encode(format!("a{KEY}b")), &STANDARD_NO_PAD.encode(format!("ab{KEY}"))]
    {
        assert!(found(&text(form), KEY).is_some(), "{form}");
    }
}
