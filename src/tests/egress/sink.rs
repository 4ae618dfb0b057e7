//! An RTMP sink that accepts every stream except names that begin with `deny`; there it closes the connection, like nginx. It can go down and come back.

use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// One FLV tag as it arrived.
#[derive(Clone)]
pub struct ReceivedTag {
    pub kind: u8,
    pub at_ms: u32,
    pub data: bytes::Bytes,
    pub when: Instant,
}

impl ReceivedTag {
    pub fn is_key(&self) -> bool {
        self.kind == 9 && self.data[0] >> 4 == 1 && self.data[1] == 1
    }
}

type Streams = Arc<Mutex<HashMap<String, Vec<ReceivedTag>>>>;

pub struct Sink {
    pub port: u16,
    streams: Streams,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl Sink {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut sink = Self { port: listener.local_addr().expect("bound").port(), streams: Streams::default(), serving: None };
        sink.serve(listener);
        sink
    }

    fn serve(&mut self, listener: TcpListener) {
        let streams = Arc::clone(&self.streams);
        self.serving = Some(tokio::spawn(async move {
            // Dropped with this task, which closes every connection.
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(take(socket, Arc::clone(&streams)));
            }
        }));
    }

    pub async fn go_away(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    pub fn come_back(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("allowed");
        socket.bind(([127, 0, 0, 1], self.port).into()).expect("the port is still ours");
        self.serve(socket.listen(16).expect("listening"));
    }

    pub fn url(&self, name: &str) -> String {
        format!("rtmp://127.0.0.1:{}/live/{name}", self.port)
    }

    pub fn arrived(&self, name: &str) -> Vec<ReceivedTag> {
        self.streams.lock().expect("whole").get(name).cloned().unwrap_or_default()
    }

    pub fn frames(&self, name: &str) -> usize {
        self.arrived(name).iter().filter(|tag| tag.kind == 9 && tag.data[1] == 1).count()
    }

    /// What arrived, as an FLV file for `ffprobe` and `ffmpeg`.
    pub fn flv(&self, name: &str) -> Vec<u8> {
        let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
        for tag in self.arrived(name) {
            let length = u32::try_from(tag.data.len()).expect("small").to_be_bytes();
            let at = tag.at_ms.to_be_bytes();
            file.extend_from_slice(&[tag.kind, length[1], length[2], length[3], at[1], at[2], at[3], at[0], 0, 0, 0]);
            file.extend_from_slice(&tag.data);
            file.extend_from_slice(&(u32::try_from(tag.data.len()).expect("small") + 11).to_be_bytes());
        }
        file
    }
}

async fn take(mut socket: TcpStream, streams: Streams) -> Option<()> {
    let mut handshake = Handshake::new(PeerType::Server);
    let mut buffer = vec![0; 65536];
    let mut rest = loop {
        let read = socket.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        match handshake.process_bytes(&buffer[..read]).ok()? {
            HandshakeProcessResult::InProgress { response_bytes } => socket.write_all(&response_bytes).await.ok()?,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await.ok()?;
                break remaining_bytes;
            }
        }
    };
    let (mut session, mut results) = ServerSession::new(ServerSessionConfig::new()).ok()?;
    let mut name = String::new();
    loop {
        results.extend(session.handle_input(&rest).ok()?);
        while !results.is_empty() {
            let (kind, at_ms, data) = match results.remove(0) {
                ServerSessionResult::OutboundResponse(packet) => {
                    socket.write_all(&packet.bytes).await.ok()?;
                    continue;
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::ConnectionRequested { request_id, .. }) => {
                    results.extend(session.accept_request(request_id).ok()?);
                    continue;
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::PublishStreamRequested { request_id, stream_key, .. }) => {
                    if stream_key.starts_with("deny") {
                        return None;
                    }
                    name = stream_key;
                    results.extend(session.accept_request(request_id).ok()?);
                    continue;
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::VideoDataReceived { data, timestamp, .. }) => {
                    (9, timestamp.value, data)
                }
                ServerSessionResult::RaisedEvent(ServerSessionEvent::AudioDataReceived { data, timestamp, .. }) => {
                    (8, timestamp.value, data)
                }
                _ => continue,
            };
            let tag = ReceivedTag { kind, at_ms, data, when: Instant::now() };
            streams.lock().expect("whole").entry(name.clone()).or_default().push(tag);
        }
        let read = socket.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        rest = buffer[..read].to_vec();
    }
}
