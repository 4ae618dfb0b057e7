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
    time::{Instant, sleep_until, timeout},
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
    /// When the socket last accepted bytes, or first had some to accept.
    progress: Instant,
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
        let mut connection = Self { publisher, key: output.stream.clone(), progress: Instant::now() };
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
                        connection.progress = Instant::now();
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
        if !self.publisher.is_busy() {
            self.progress = Instant::now();
        }
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
        let (busy, deadline) = (self.publisher.is_busy(), self.progress + STALL_TIMEOUT);
        let step = tokio::select! {
            biased;
            step = self.publisher.step() => step,
            () = sleep_until(deadline), if busy => return Err(RtmpError::Stalled),
        };
        match step {
            Ok(Step::Written(_)) => self.progress = Instant::now(),
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
