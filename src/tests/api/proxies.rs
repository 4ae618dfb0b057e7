//! The real program in an environment that names a proxy, and over a data folder that is open to others.

use footlight::net::{http, tls};
use std::{
    os::unix::fs::PermissionsExt,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::{Child, Command},
};

/// Counts the requests that come in, and answers each with 503.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, count) = (listener.local_addr().expect("bound").to_string(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                if stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    counted.fetch_add(1, Ordering::Relaxed);
                    let _ = stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
                }
            });
        }
    });
    (address, count)
}

fn serve(data: &std::path::Path, listen: &str, proxy: &str, livekit: &str, relay: &str) -> Child {
    let secret = "0123456789abcdef0123456789abcdef";
    let mut command = Command::new(env!("CARGO_BIN_EXE_footlight"));
    command.arg("serve").env_clear().env("PATH", std::env::var("PATH").unwrap_or_default());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, format!("http://{proxy}"));
    }
    command
        .env("FOOTLIGHT_DATA", data)
        .env("FOOTLIGHT_LISTEN", listen)
        .env("FOOTLIGHT_STORE", "mem://")
        .env("FOOTLIGHT_RELAY_URL", format!("http://{relay}"))
        .env("FOOTLIGHT_RELAY_SECRET", secret)
        .env("LIVEKIT_URL", format!("ws://{livekit}"))
        .env("LIVEKIT_API_KEY", "devkey")
        .env("LIVEKIT_API_SECRET", secret)
        .env("STREAMING_JWT_SECRET", secret)
        .env("STREAM_KEY_ENCRYPTION_KEY", [secret, secret].concat())
        .env("LEPTOS_OUTPUT_NAME", "footlight")
        .env("RUST_LOG", "warn");
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_hears_nothing_of_livekit_and_relay() {
    let ((proxy, proxied), (livekit, to_livekit), (relay, to_relay)) = (counting().await, counting().await, counting().await);
    let data = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o755)).expect("open to others");
    let listen = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port").to_string();
    let mut server = serve(data.path(), &listen, &proxy, &livekit, &relay);
    let client = http::direct_client(tls::client()).timeout(Duration::from_secs(5)).build().expect("a client");
    let heard = async {
        loop {
            // It asks LiveKit, through the library's own client.
            let _ = client.get(format!("http://{listen}/readyz")).send().await;
            if to_livekit.load(Ordering::Relaxed) > 0 && to_relay.load(Ordering::Relaxed) > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), heard).await;
    let before = to_livekit.load(Ordering::Relaxed);
    let signalling = client.get(format!("http://{listen}/livekit/rtc/validate?access_token=a.b.c")).send().await.expect("an answer");
    assert_eq!(signalling.status(), 503, "LiveKit's own answer");
    assert!(to_livekit.load(Ordering::Relaxed) > before, "signalling goes to LiveKit itself");
    let counts = [&to_livekit, &to_relay, &proxied].map(|count| count.load(Ordering::Relaxed));
    assert!(in_time.is_ok(), "LiveKit, relay and proxy were called {counts:?} times");
    assert_eq!(counts[2], 0, "the proxy was told secrets");
    let mode = std::fs::metadata(data.path()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the data folder is this account's alone");
    server.kill().await.expect("it ends");
}
