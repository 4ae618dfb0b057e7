//! A server on our own bytes, step by step, for what no real implementation does.

use bytes::{Bytes, BytesMut};
use footlight::media::rtmp::{
    Message,
    amf::{Value, read_all, write_all},
    chunk::{Reader, Writer},
    handshake, kind,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Where a server listens, and how many connections it has had.
#[derive(Clone)]
pub struct Listening {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
}

impl Listening {
    pub fn url(&self, application: &str) -> String {
        format!("rtmp://{}/{application}", self.address)
    }
}

/// Runs `serve` for every connection.
pub fn listen<F, Fut>(serve: F) -> Listening
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = Option<()>> + Send + 'static,
{
    listen_at([127, 0, 0, 1].into(), 0, serve)
}

pub fn listen_at<F, Fut>(ip: IpAddr, port: u16, serve: F) -> Listening
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = Option<()>> + Send + 'static,
{
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("small, so that a server that never reads is full soon");
    socket.bind((ip, port).into()).expect("a port");
    let listener = socket.listen(64).expect("listens");
    let server = Listening { address: listener.local_addr().expect("bound"), connections: Arc::default() };
    let connections = server.connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(stream));
        }
    });
    server
}

/// One connection after the handshake.
pub struct Peer {
    pub stream: TcpStream,
    reader: Reader,
    writer: Writer,
}

impl Peer {
    pub async fn shake_hands(mut stream: TcpStream) -> Option<Self> {
        handshake::as_server(&mut stream).await.ok()?;
        Some(Self { stream, reader: Reader::new(1 << 20), writer: Writer::default() })
    }

    /// Up to an asked-for publish; returns the application and the stream name.
    pub async fn until_publish(stream: TcpStream) -> Option<(Self, String)> {
        let mut peer = Self::shake_hands(stream).await?;
        let application = peer.accept_connect().await?;
        let name = peer.accept_stream().await?;
        Some((peer, format!("{application}/{name}")))
    }

    pub async fn accept_connect(&mut self) -> Option<String> {
        let connect = self.command("connect").await?;
        self.reply("_result", 1.0, &[Value::Null, Value::Null]).await?;
        connect[2].get("app").and_then(Value::as_text).map(str::to_owned)
    }

    pub async fn accept_stream(&mut self) -> Option<String> {
        self.command("createStream").await?;
        self.reply("_result", 4.0, &[Value::Null, Value::Number(1.0)]).await?;
        self.command("publish").await?[3].as_text().map(str::to_owned)
    }

    pub async fn accept_publish(&mut self) -> Option<()> {
        self.status("status", "NetStream.Publish.Start").await
    }

    /// Reads until this command comes.
    pub async fn command(&mut self, name: &str) -> Option<Vec<Value>> {
        loop {
            while let Some(message) = self.reader.take().ok()? {
                if message.kind == kind::COMMAND {
                    let values = read_all(message.body).ok()?;
                    if values.first().and_then(Value::as_text) == Some(name) {
                        return Some(values);
                    }
                }
            }
            self.stream.read_buf(self.reader.input()).await.ok().filter(|count| *count > 0)?;
        }
    }

    /// Reads and forgets everything.
    pub async fn read_on(&mut self) -> Option<()> {
        let mut buffer = vec![0; 65536];
        loop {
            self.stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        }
    }

    pub async fn reply(&mut self, name: &str, transaction: f64, rest: &[Value]) -> Option<()> {
        let values = [&[Value::text(name), Value::Number(transaction)], rest].concat();
        self.send(kind::COMMAND, 0, write_all(&values)).await
    }

    /// An answer with an information object.
    pub async fn inform(&mut self, name: &str, transaction: f64, pairs: &[(&str, Value)]) -> Option<()> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.reply(name, transaction, &[Value::Null, Value::Object(pairs)]).await
    }

    pub async fn status(&mut self, level: &str, code: &str) -> Option<()> {
        self.inform("onStatus", 0.0, &[("level", Value::text(level)), ("code", Value::text(code))]).await
    }

    pub async fn send(&mut self, kind: u8, timestamp: u32, body: impl Into<Bytes>) -> Option<()> {
        let mut out = BytesMut::new();
        self.writer.write(&Message { kind, timestamp, stream: 0, body: body.into() }, &mut out);
        self.stream.write_all(&out).await.ok()
    }

    pub async fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

    /// Writes the same bytes for as long as they are taken, and reads nothing.
    pub async fn flood(&mut self, bytes: &[u8]) -> Option<()> {
        let many = bytes.repeat(8192 / bytes.len() + 1);
        loop {
            self.raw(&many).await?;
        }
    }
}

/// One message as bytes, in chunks of 128.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    Writer::default().write(&Message { kind, timestamp: 0, stream: 0, body: Bytes::copy_from_slice(body) }, &mut out);
    out.to_vec()
}
