//! One RTMP(S) connection that publishes.

use crate::egress::{
    encoder_output::{Kind, Tag},
    encoding::Encoding,
    output::OutputUrl,
    rtmp_error::{RtmpError, os_message},
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

/// A connection whose publish the server has accepted.
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
    /// The server cannot be reached or refuses.
    pub async fn publish(output: &OutputUrl, encoding: &Encoding) -> Result<Self, RtmpError> {
        let socket = connect(output).await?;
        timeout(CONNECT_TIMEOUT, Self::negotiate(socket, output, encoding)).await.unwrap_or_else(|_| Err(RtmpError::NoAnswer))
    }

    async fn negotiate(mut socket: Box<dyn Socket>, output: &OutputUrl, encoding: &Encoding) -> Result<Self, RtmpError> {
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
                        return Err(RtmpError::command("connect", "rejected"));
                    }
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::PublishRequestAccepted) => {
                        connection.send_metadata(encoding).await?;
                        return Ok(connection);
                    }
                    ClientSessionResult::RaisedEvent(ClientSessionEvent::UnhandleableOnStatusCode { code }) if is_rejection(&code) => {
                        return Err(RtmpError::command("publish", code));
                    }
                    _ => {}
                }
            }
            if pending.is_empty() {
                let read = connection.reader.read(&mut connection.buffer).await.unwrap_or(0);
                if read == 0 {
                    return Err(RtmpError::command(step, "connection closed remotely"));
                }
                pending = connection.state.handle_input(&connection.buffer[..read]).map_err(|_| RtmpError::command(step, "refused"))?;
            }
        }
    }

    async fn send_metadata(&mut self, encoding: &Encoding) -> Result<(), RtmpError> {
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
    /// The connection is lost or stalled.
    pub async fn send(&mut self, tags: &[Tag]) -> Result<(), RtmpError> {
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

    /// Reads the server's next messages. Safe to cancel; pass the results to [`Self::send_replies`].
    ///
    /// # Errors
    /// The connection is lost or was ended by the server.
    pub async fn read_results(&mut self) -> Result<Vec<ClientSessionResult>, RtmpError> {
        let read = match self.reader.read(&mut self.buffer).await {
            Ok(0) => return Err(RtmpError::Closed),
            Ok(read) => read,
            Err(error) => return Err(RtmpError::Lost(error)),
        };
        self.state.handle_input(&self.buffer[..read]).map_err(|_| RtmpError::NotRtmp)
    }

    /// Sends the replies of the protocol, and detects that the server has rejected the stream.
    ///
    /// # Errors
    /// The connection is lost or was ended by the server.
    pub async fn send_replies(&mut self, results: Vec<ClientSessionResult>) -> Result<(), RtmpError> {
        for result in results {
            match result {
                ClientSessionResult::RaisedEvent(ClientSessionEvent::UnhandleableOnStatusCode { code }) if is_rejection(&code) => {
                    return Err(RtmpError::Rejected(code));
                }
                result => self.write_result(result).await?,
            }
        }
        Ok(())
    }

    /// Unpublishes and closes the connection, within a second.
    pub async fn finish(&mut self) {
        let closing = self.state.stop_publishing().unwrap_or_default();
        for result in closing {
            // The connection ends here either way.
            let _ = timeout(Duration::from_millis(500), self.write_result(result)).await;
        }
        let _ = timeout(Duration::from_millis(500), self.writer.shutdown()).await;
    }

    async fn write_result(&mut self, result: ClientSessionResult) -> Result<(), RtmpError> {
        match result {
            ClientSessionResult::OutboundResponse(packet) => self.write(&packet.bytes).await,
            _ => Ok(()),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        match timeout(STALL_TIMEOUT, self.writer.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(RtmpError::Lost(error)),
            Err(_) => Err(RtmpError::Stalled),
        }
    }
}

async fn connect(output: &OutputUrl) -> Result<Box<dyn Socket>, RtmpError> {
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
    let connector = tokio_rustls::TlsConnector::from(Arc::new(crate::egress::tls_client::client_config()));
    match timeout(CONNECT_TIMEOUT, connector.connect(name, socket)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(RtmpError::Tls(error)),
        Err(_) => Err(RtmpError::NoTlsAnswer),
    }
}

async fn handshake(socket: &mut Box<dyn Socket>) -> Result<Vec<u8>, RtmpError> {
    let failed = |reason: &str| RtmpError::Handshake(reason.to_owned());
    let failed_io = |error: std::io::Error| RtmpError::Handshake(os_message(&error));
    let mut handshake = Handshake::new(PeerType::Client);
    let hello = handshake.generate_outbound_p0_and_p1().map_err(|_| failed("could not begin"))?;
    socket.write_all(&hello).await.map_err(failed_io)?;
    let mut buffer = vec![0; 8192];
    loop {
        let read = socket.read(&mut buffer).await.map_err(failed_io)?;
        if read == 0 {
            return Err(failed("connection closed remotely"));
        }
        match handshake.process_bytes(&buffer[..read]).map_err(|_| failed("not RTMP"))? {
            HandshakeProcessResult::InProgress { response_bytes } => {
                socket.write_all(&response_bytes).await.map_err(failed_io)?;
            }
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await.map_err(failed_io)?;
                return Ok(remaining_bytes);
            }
        }
    }
}

fn is_rejection(code: &str) -> bool {
    ["BadName", "Failed", "Denied", "Rejected", "Error"].iter().any(|word| code.contains(word))
}

fn protocol(error: impl std::fmt::Display) -> RtmpError {
    RtmpError::Protocol(error.to_string())
}
