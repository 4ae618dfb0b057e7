//! One RTMP(S) connection that publishes. Errors are sentences in the words LiveKit uses, without the address.

use crate::egress::{
    encoder_output::{Kind, Tag},
    encoding::Encoding,
    output::OutputUrl,
    rtmp_output::STALL_TIMEOUT,
};
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType, StreamMetadata},
    time::RtmpTimestamp,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    net::TcpStream,
    time::timeout,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// A connection on which the server has accepted our stream.
pub struct RtmpConnection {
    reader: ReadHalf<Box<dyn Socket>>,
    writer: WriteHalf<Box<dyn Socket>>,
    state: ClientSession,
    buffer: Vec<u8>,
}

impl RtmpConnection {
    /// Connects and asks to publish.
    ///
    /// # Errors
    /// Why not.
    pub async fn publish(output: &OutputUrl, encoding: &Encoding) -> Result<Self, String> {
        let socket = connect(output).await?;
        timeout(CONNECT_TIMEOUT, Self::negotiate(socket, output, encoding))
            .await
            .unwrap_or_else(|_| Err("Failed to connect: no answer within 10 s".to_owned()))
    }

    async fn negotiate(mut socket: Box<dyn Socket>, output: &OutputUrl, encoding: &Encoding) -> Result<Self, String> {
        let rest = handshake(&mut socket).await?;
        let mut config = ClientSessionConfig::new();
        config.tc_url = Some(output.tc_url());
        "FMLE/3.0 (compatible; Footlight)".clone_into(&mut config.flash_version);
        let (state, mut pending) = ClientSession::new(config).map_err(protocol)?;
        let (reader, writer) = tokio::io::split(socket);
        let mut connection = Self { reader, writer, state, buffer: vec![0; 16 * 1024] };
        pending.push(connection.state.request_connection(output.app.clone()).map_err(protocol)?);
        if !rest.is_empty() {
            pending.extend(connection.state.handle_input(&rest).map_err(protocol)?);
        }
        let mut step = "connect";
        loop {
            for result in std::mem::take(&mut pending) {
                match result {
                    ClientSessionResult::OutboundResponse(packet) => connection.write(&packet.bytes).await?,
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::ConnectionRequestAccepted) => {
                        step = "publish";
                        let asked =
                            connection.state.request_publishing(output.stream.clone(), PublishRequestType::Live).map_err(protocol)?;
                        pending.push(asked);
                    }
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::ConnectionRequestRejected { .. }) => {
                        return Err("Failed to connect: 'connect' cmd failed: rejected".to_owned());
                    }
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::PublishRequestAccepted) => {
                        connection.send_metadata(encoding).await?;
                        return Ok(connection);
                    }
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::UnhandleableOnStatusCode { code }) if is_rejection(&code) => {
                        return Err(format!("Failed to connect: 'publish' cmd failed: {code}"));
                    }
                    _ => {}
                }
            }
            if pending.is_empty() {
                let read = connection.reader.read(&mut connection.buffer).await.unwrap_or(0);
                if read == 0 {
                    return Err(format!("Failed to connect: '{step}' cmd failed: connection closed remotely"));
                }
                pending = connection
                    .state
                    .handle_input(&connection.buffer[..read])
                    .map_err(|_| format!("Failed to connect: '{step}' cmd failed: refused"))?;
            }
        }
    }

    async fn send_metadata(&mut self, encoding: &Encoding) -> Result<(), String> {
        #[expect(clippy::cast_precision_loss, reason = "at most 60")]
        let framerate = encoding.framerate as f32;
        let metadata = StreamMetadata {
            video_width: Some(encoding.width),
            video_height: Some(encoding.height),
            video_codec_id: Some(7),
            video_frame_rate: Some(framerate),
            video_bitrate_kbps: Some(encoding.video_kbps),
            audio_codec_id: Some(10),
            audio_bitrate_kbps: Some(encoding.audio_kbps),
            audio_sample_rate: Some(encoding.audio_hz),
            audio_channels: Some(2),
            audio_is_stereo: Some(true),
            encoder: Some("Footlight".to_owned()),
        };
        let result = self.state.publish_metadata(&metadata).map_err(protocol)?;
        self.write_result(result).await
    }

    /// Sends tags.
    ///
    /// # Errors
    /// The connection is lost or takes nothing.
    pub async fn send(&mut self, tags: &[Tag]) -> Result<(), String> {
        for tag in tags {
            let at = RtmpTimestamp::new(tag.at_ms);
            let result = match tag.kind {
                Kind::Video => self.state.publish_video_data(tag.data.clone(), at, false),
                Kind::Audio => self.state.publish_audio_data(tag.data.clone(), at, false),
            };
            self.write_result(result.map_err(protocol)?).await?;
        }
        Ok(())
    }

    /// Hears what the server says next. Safe to drop and call again; the answers it gives are to be sent with [`Self::send_replies`].
    ///
    /// # Errors
    /// Why the connection is over.
    pub async fn read_results(&mut self) -> Result<Vec<ClientSessionResult>, String> {
        let read = match self.reader.read(&mut self.buffer).await {
            Ok(0) => return Err("connection closed remotely".to_owned()),
            Ok(read) => read,
            Err(error) => return Err(format!("connection lost: {}", os_message(&error))),
        };
        self.state.handle_input(&self.buffer[..read]).map_err(|_| "connection lost: not RTMP".to_owned())
    }

    /// Sends the small answers the protocol wants, and notices a refusal in mid-show.
    ///
    /// # Errors
    /// Why the connection is over.
    pub async fn send_replies(&mut self, results: Vec<ClientSessionResult>) -> Result<(), String> {
        for result in results {
            match result {
                ClientSessionResult::RaisedEvent(ClientSessionEvent::UnhandleableOnStatusCode { code }) if is_rejection(&code) => {
                    return Err(format!("connection closed remotely: {code}"));
                }
                result => self.write_result(result).await?,
            }
        }
        Ok(())
    }

    /// Says goodbye, briefly.
    pub async fn finish(&mut self) {
        let closing = self.state.stop_publishing().unwrap_or_default();
        for result in closing {
            // The connection ends here either way.
            let _ = timeout(Duration::from_millis(500), self.write_result(result)).await;
        }
        let _ = timeout(Duration::from_millis(500), self.writer.shutdown()).await;
    }

    async fn write_result(&mut self, result: ClientSessionResult) -> Result<(), String> {
        match result {
            ClientSessionResult::OutboundResponse(packet) => self.write(&packet.bytes).await,
            _ => Ok(()),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        match timeout(STALL_TIMEOUT, self.writer.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("connection lost: {}", os_message(&error))),
            Err(_) => Err("connection lost: nothing taken for 10 s".to_owned()),
        }
    }
}

async fn connect(output: &OutputUrl) -> Result<Box<dyn Socket>, String> {
    let host = &output.host;
    let socket = match timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), output.port))).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            let os_message = os_message(&error);
            return Err(format!("{os_message}: Could not connect to {host}: {os_message}"));
        }
        Err(_) => return Err(format!("Connection timed out: Could not connect to {host}: Connection timed out")),
    };
    socket.set_nodelay(true).map_err(|error| os_message(&error))?;
    if !output.tls {
        return Ok(Box::new(socket));
    }
    let name = rustls_pki_types::ServerName::try_from(host.clone()).map_err(|_| "Failed to connect: no server name for TLS".to_owned())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(crate::egress::tls::client_config()));
    match timeout(CONNECT_TIMEOUT, connector.connect(name, socket)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(format!("Failed to connect: TLS: {error}")),
        Err(_) => Err("Failed to connect: TLS: no answer within 10 s".to_owned()),
    }
}

async fn handshake(socket: &mut Box<dyn Socket>) -> Result<Vec<u8>, String> {
    let failed = |why: &str| format!("Failed to connect: handshake: {why}");
    let mut handshake = Handshake::new(PeerType::Client);
    let hello = handshake.generate_outbound_p0_and_p1().map_err(|_| failed("could not begin"))?;
    socket.write_all(&hello).await.map_err(|error| failed(&os_message(&error)))?;
    let mut buffer = vec![0; 8192];
    loop {
        let read = socket.read(&mut buffer).await.map_err(|error| failed(&os_message(&error)))?;
        if read == 0 {
            return Err(failed("connection closed remotely"));
        }
        match handshake.process_bytes(&buffer[..read]).map_err(|_| failed("not RTMP"))? {
            HandshakeProcessResult::InProgress { response_bytes } => {
                socket.write_all(&response_bytes).await.map_err(|error| failed(&os_message(&error)))?;
            }
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await.map_err(|error| failed(&os_message(&error)))?;
                return Ok(remaining_bytes);
            }
        }
    }
}

fn is_rejection(code: &str) -> bool {
    ["BadName", "Failed", "Denied", "Rejected", "Error"].iter().any(|word| code.contains(word))
}

fn protocol(error: impl std::fmt::Display) -> String {
    format!("Failed to connect: {error}")
}

/// The system's words without its number.
fn os_message(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
