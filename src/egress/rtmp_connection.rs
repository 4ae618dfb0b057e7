//! One RTMP(S) connection that publishes.

use crate::{
    egress::{encoding::Encoding, output::OutputUrl, rtmp_error::RtmpError},
    media::{
        rtmp::{
            amf::Value,
            client::{ClientSession, Event, PublishState, Refusal},
            handshake,
            publisher::{Lost, Publisher, Step, Transport},
            text::{metadata_body, redact_key},
        },
        tag::Tag,
    },
    net::{os_message, tls},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    time::{sleep_until, timeout},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A socket that accepts no bytes for this long is lost.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for a clean end.
const UNPUBLISH_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection whose publish the server has accepted.
pub struct RtmpConnection {
    publisher: Publisher,
    /// The stream name, which no error may contain.
    key: String,
}

impl RtmpConnection {
    /// Connects and asks to publish.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn publish(output: &OutputUrl, encoding: &Encoding) -> Result<Self, RtmpError> {
        let transport = connect(output).await?;
        timeout(CONNECT_TIMEOUT, Self::negotiate(transport, output, encoding)).await.unwrap_or(Err(RtmpError::NoAnswer))
    }

    async fn negotiate(mut transport: Box<dyn Transport>, output: &OutputUrl, encoding: &Encoding) -> Result<Self, RtmpError> {
        handshake::as_client(&mut transport).await.map_err(|error| RtmpError::Handshake(handshake_error(&error)))?;
        let session = ClientSession::new(&output.app, &output.tc_url(), output.stream.clone());
        let publisher = Publisher::new(transport, session);
        let mut connection = Self { publisher, key: output.stream.clone() };
        loop {
            let events = match connection.publisher.step().await {
                Ok(Step::Read(events)) => events,
                Ok(Step::Written(_)) => continue,
                Err(Lost::Violation(_)) => return Err(RtmpError::command(connection.command(), "refused")),
                // Some servers refuse a key by closing the connection; then a write may fail before the end is read.
                Err(Lost::Closed | Lost::Io(_)) => {
                    return Err(RtmpError::command(connection.command(), "connection closed remotely"));
                }
            };
            for event in events {
                match event {
                    Event::Accepted => {
                        connection.publisher.send_data(metadata(encoding));
                        return Ok(connection);
                    }
                    Event::ConnectRefused(_) => return Err(RtmpError::command("connect", "rejected")),
                    Event::PublishRefused(refusal) => return Err(RtmpError::command("publish", connection.reason(&refusal))),
                    Event::Acknowledged(_) => {}
                }
            }
        }
    }

    /// The command that the server has not answered yet.
    fn command(&self) -> &'static str {
        if self.publisher.state() == PublishState::Connecting { "connect" } else { "publish" }
    }

    fn reason(&self, refusal: &Refusal) -> String {
        if refusal.code.is_empty() { "rejected".to_owned() } else { redact_key(&refusal.code, &self.key) }
    }

    /// Queues a tag; [`Self::step`] sends it.
    pub fn send(&mut self, tag: Tag) {
        self.publisher.send_media(tag.track, tag.at, tag.body);
    }

    /// Whether everything queued was sent.
    pub fn is_idle(&self) -> bool {
        !self.publisher.is_busy()
    }

    /// Reads or writes once, whichever is possible first. Safe to cancel.
    ///
    /// # Errors
    /// The connection is lost, stalled, or was ended by the server.
    pub async fn step(&mut self) -> Result<(), RtmpError> {
        let (busy, deadline) = (self.publisher.is_busy(), self.publisher.progress() + STALL_TIMEOUT);
        let step = tokio::select! {
            biased;
            step = self.publisher.step() => step,
            () = sleep_until(deadline.into()), if busy => return Err(RtmpError::Stalled),
        };
        match step {
            Ok(Step::Written(_)) => {}
            Ok(Step::Read(events)) => {
                for event in events {
                    if let Event::ConnectRefused(refusal) | Event::PublishRefused(refusal) = event {
                        return Err(RtmpError::Rejected(self.reason(&refusal)));
                    }
                }
            }
            Err(Lost::Closed) => return Err(RtmpError::Closed),
            Err(Lost::Io(error)) => return Err(RtmpError::Lost(error)),
            Err(Lost::Violation(_)) => return Err(RtmpError::NotRtmp),
        }
        Ok(())
    }

    /// Unpublishes and closes the connection, within a second.
    pub async fn finish(&mut self) {
        // The connection ends here either way.
        let _ = self.publisher.close(UNPUBLISH_TIMEOUT).await;
    }
}

fn metadata(encoding: &Encoding) -> bytes::Bytes {
    let number = |name: &str, value: u32| (name.to_owned(), Value::Number(f64::from(value)));
    metadata_body(vec![
        number("width", encoding.width),
        number("height", encoding.height),
        number("videocodecid", 7),
        number("framerate", encoding.framerate),
        number("videodatarate", encoding.video_kbps),
        number("audiocodecid", 10),
        number("audiodatarate", encoding.audio_kbps),
        number("audiosamplerate", encoding.audio_hz),
        number("audiochannels", 2),
        ("stereo".to_owned(), Value::Bool(true)),
        ("encoder".to_owned(), Value::text("Footlight")),
    ])
}

async fn connect(output: &OutputUrl) -> Result<Box<dyn Transport>, RtmpError> {
    let host = &output.host;
    let socket = match timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), output.port))).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(RtmpError::Unreachable { host: host.clone(), reason: os_message(&error) }),
        Err(_) => return Err(RtmpError::Unreachable { host: host.clone(), reason: "Connection timed out".to_owned() }),
    };
    socket.set_nodelay(true).map_err(RtmpError::Socket)?;
    if !output.tls {
        return Ok(Box::new(socket));
    }
    let name = rustls_pki_types::ServerName::try_from(host.clone()).map_err(|_| RtmpError::NoServerName)?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls::client()));
    match timeout(CONNECT_TIMEOUT, connector.connect(name, socket)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(RtmpError::Tls(error)),
        Err(_) => Err(RtmpError::NoTlsAnswer),
    }
}

fn handshake_error(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "connection closed remotely".to_owned(),
        io::ErrorKind::InvalidData => "not RTMP".to_owned(),
        _ => os_message(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{
        rtmp::server::{Event as ServerEvent, ServerSession},
        tag::{Role, Track},
    };
    use bytes::Bytes;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// What the server does.
    #[derive(Clone, Copy, PartialEq)]
    enum Server {
        SpeaksHttp,
        ClosesAtConnect,
        ClosesAtPublish,
        Refuses,
        AcceptsThenRefuses,
        Takes,
    }

    /// Serves one connection; returns the timestamps of the media and whether it was unpublished.
    async fn serve(listener: TcpListener, server: Server) -> (Vec<u32>, bool) {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        if server == Server::SpeaksHttp {
            socket.write_all(&b"HTTP/1.1 400 Bad Request\r\n".repeat(200)).await.expect("sent");
            return (Vec::new(), false);
        }
        handshake::as_server(&mut socket).await.expect("RTMP");
        let (mut session, mut times) = (ServerSession::default(), Vec::new());
        if server == Server::ClosesAtConnect {
            return (times, false);
        }
        loop {
            while let Some(event) = session.take().expect("RTMP") {
                match event {
                    ServerEvent::Publish { .. } if server == Server::ClosesAtPublish => return (times, false),
                    ServerEvent::Publish { name, .. } if server == Server::Refuses => session.refuse(&format!("{name} is in use")),
                    ServerEvent::Publish { .. } => session.accept(),
                    ServerEvent::Metadata(pairs) => {
                        assert!(pairs.contains(&("width".to_owned(), Value::Number(1280.0))), "{pairs:?}");
                    }
                    ServerEvent::Media(message) => {
                        times.push(message.timestamp);
                        if server == Server::AcceptsThenRefuses {
                            session.refuse("enough");
                        }
                    }
                    ServerEvent::Unpublish => return (times, true),
                }
            }
            let out = session.output();
            if socket.write_all(&out).await.is_err() || socket.read_buf(session.input()).await.unwrap_or(0) == 0 {
                return (times, false);
            }
        }
    }

    async fn connected(server: Server) -> (Result<RtmpConnection, RtmpError>, tokio::task::JoinHandle<(Vec<u32>, bool)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let output = OutputUrl::parse(&format!("rtmp://127.0.0.1:{port}/live/secretkey")).expect("an address");
        let task = tokio::spawn(serve(listener, server));
        (RtmpConnection::publish(&output, &Encoding::of_preset(0).expect("a preset")).await, task)
    }

    fn frame(at: u64) -> Tag {
        Tag { track: Track::Video, role: Role::Key, at, body: Bytes::from(vec![0x17; 10_000]) }
    }

    #[tokio::test]
    async fn refusals_name_the_command_and_never_the_key() {
        for (server, words) in [
            (Server::SpeaksHttp, "Failed to connect: handshake: not RTMP"),
            (Server::ClosesAtConnect, "Failed to connect: 'connect' cmd failed: connection closed remotely"),
            (Server::ClosesAtPublish, "Failed to connect: 'publish' cmd failed: connection closed remotely"),
            (Server::Refuses, "Failed to connect: 'publish' cmd failed: NetStream.Publish.BadName"),
        ] {
            let (refused, _) = connected(server).await;
            assert_eq!(refused.err().expect(words).to_string(), words);
        }
    }

    #[tokio::test]
    async fn a_stream_that_the_server_ends_later_is_rejected() {
        let (connection, _served) = connected(Server::AcceptsThenRefuses).await;
        let mut connection = connection.expect("accepted");
        connection.send(frame(0));
        let error = loop {
            if let Err(error) = connection.step().await {
                break error;
            }
        };
        assert!(matches!(&error, RtmpError::Rejected(code) if code == "NetStream.Publish.BadName"), "{error}");
    }

    #[tokio::test]
    async fn tags_arrive_with_their_timestamps_and_the_end_unpublishes() {
        let (connection, served) = connected(Server::Takes).await;
        let mut connection = connection.expect("accepted");
        // RTMP's timestamps wrap after 49 days.
        for at in [0, 33, u64::from(u32::MAX) + 8] {
            connection.send(frame(at));
        }
        while !connection.is_idle() {
            connection.step().await.expect("sent");
        }
        connection.finish().await;
        assert_eq!(served.await.expect("no panic"), (vec![0, 33, 7], true));
    }
}
