//! Platforms: nginx-rtmp, which records, and a scripted one on `rml_rtmp` (a foreign implementation) with faults.

use super::harness::free_port;
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A real RTMP server that keeps every publish as an FLV file.
pub struct Nginx {
    pub port: u16,
    host: &'static str,
    pub folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Nginx {
    pub fn start() -> Self {
        Self::at("127.0.0.1")
    }

    /// On an IP address as written in URLs.
    pub fn at(host: &'static str) -> Self {
        let mut nginx = Self { port: free_port(), host, folder: tempfile::tempdir().expect("a folder"), child: None };
        let at = nginx.folder.path().display();
        let configuration = format!(
            "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;\ndaemon off; master_process off; user root; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             rtmp {{ server {{ listen {host}:{}; chunk_size 4096; application live {{ live on; record all; record_path {at}; record_unique on; }} }} }}\n",
            nginx.port
        );
        std::fs::write(nginx.folder.path().join("nginx.conf"), configuration).expect("written");
        nginx.run();
        nginx
    }

    pub fn run(&mut self) {
        let file = self.folder.path().join("nginx.conf");
        let child = Command::new("nginx").arg("-c").arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("nginx is installed"));
        let deadline = Instant::now() + Duration::from_secs(5);
        while std::net::TcpStream::connect(format!("{}:{}", self.host, self.port)).is_err() {
            assert!(Instant::now() < deadline, "nginx never listens");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn address(&self) -> String {
        format!("rtmp://{}:{}/live", self.host, self.port)
    }

    pub fn allow(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The recordings, oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut files: Vec<_> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|e| e == "flv")).collect();
        files.sort_by_key(|file| std::fs::metadata(file).and_then(|about| about.created()).ok());
        files
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How a scripted platform behaves.
#[derive(Clone, Copy, PartialEq)]
pub enum Behavior {
    /// Takes everything.
    Normal,
    /// Refuses the publish and repeats the key in its message.
    RefusesKey,
    /// Closes the connection when it receives the key.
    HangsUp,
    /// Accepts the publish and never reads again.
    NeverReads,
    /// Accepts, receives for this long, then closes the connection.
    Cuts(Duration),
}

/// Timestamp and first bytes of each video message.
pub type Taken = Arc<Mutex<Vec<(u32, Vec<u8>)>>>;

/// A scripted platform and what it has received.
#[derive(Clone)]
pub struct Scripted {
    pub address: SocketAddr,
    pub taken: Taken,
    /// Application and stream name of each requested publish.
    pub publishes: Arc<Mutex<Vec<String>>>,
    /// Stream names that were unpublished cleanly.
    pub unpublished: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub fn start(behavior: Behavior) -> Self {
        Self::at([127, 0, 0, 1].into(), behavior)
    }

    pub fn at(ip: IpAddr, behavior: Behavior) -> Self {
        let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("small, so that a platform that never reads is full soon");
        socket.bind((ip, 0).into()).expect("a port");
        let listener = socket.listen(64).expect("listens");
        let address = listener.local_addr().expect("bound");
        let platform = Self { address, taken: Arc::default(), publishes: Arc::default(), unpublished: Arc::default() };
        let own = platform.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, behavior, own.clone()));
            }
        });
        platform
    }

    pub fn url(&self) -> String {
        format!("rtmp://{}/live", self.address)
    }
}

async fn serve(mut stream: TcpStream, behavior: Behavior, own: Scripted) -> Option<()> {
    let mut handshake = Handshake::new(PeerType::Server);
    let mut buffer = vec![0; 65536];
    let mut rest = loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        match handshake.process_bytes(&buffer[..count]).ok()? {
            HandshakeProcessResult::InProgress { response_bytes } => stream.write_all(&response_bytes).await.ok()?,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                stream.write_all(&response_bytes).await.ok()?;
                break remaining_bytes;
            }
        }
    };
    let (mut session, mut results) = ServerSession::new(ServerSessionConfig::new()).ok()?;
    let mut deadline = None;
    loop {
        results.extend(session.handle_input(&rest).ok()?);
        while !results.is_empty() {
            match results.remove(0) {
                ServerSessionResult::OutboundResponse(packet) => stream.write_all(&packet.bytes).await.ok()?,
                ServerSessionResult::RaisedEvent(ServerSessionEvent::ConnectionRequested { request_id, .. }) => {
                    results.extend(session.accept_request(request_id).ok()?);
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::PublishStreamRequested {
                    request_id, app_name, stream_key, ..
                }) => {
                    own.publishes.lock().expect("sound").push(format!("{app_name}/{stream_key}"));
                    match behavior {
                        Behavior::RefusesKey => {
                            let words = format!("Channel of {stream_key} is suspended");
                            results.extend(session.reject_request(request_id, "NetStream.Publish.BadName", &words).ok()?);
                        }
                        Behavior::HangsUp => return None,
                        _ => results.extend(session.accept_request(request_id).ok()?),
                    }
                    if let Behavior::Cuts(after) = behavior {
                        deadline = Some(tokio::time::Instant::now() + after);
                    }
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::VideoDataReceived { data, timestamp, .. }) => {
                    own.taken.lock().expect("sound").push((timestamp.value, data[..data.len().min(2)].to_vec()));
                    if behavior == Behavior::NeverReads {
                        std::future::pending::<()>().await;
                    }
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::PublishStreamFinished { stream_key, .. }) => {
                    own.unpublished.lock().expect("sound").push(stream_key);
                }
                _ => {}
            }
        }
        let far = tokio::time::Instant::now() + Duration::from_secs(3600);
        let count =
            tokio::time::timeout_at(deadline.unwrap_or(far), stream.read(&mut buffer)).await.ok()?.ok().filter(|count| *count > 0)?;
        rest = buffer[..count].to_vec();
    }
}
