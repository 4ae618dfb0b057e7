//! Parses a start request: page, encoding and outputs. Refuses what only LiveKit supports.

use crate::egress::{encoding::Encoding, output::OutputUrl, output::redact, twirp_error::TwirpError};
use livekit_protocol::{
    StartEgressRequest, StreamOutput, StreamProtocol, WebEgressRequest, egress_info, output, start_egress_request, web_egress_request,
};
use url::{Origin, Url};

#[derive(Clone)]
pub struct EgressRequest {
    /// The page to capture; its query contains the overlay token.
    pub page: Url,
    /// Whether to wait until the page logs `START_RECORDING`.
    pub await_start_signal: bool,
    pub encoding: Encoding,
    pub outputs: Vec<OutputUrl>,
    /// The request as it is returned, with redacted keys.
    pub echo: egress_info::Request,
}

impl EgressRequest {
    /// Parses a `StartWebEgress` request.
    ///
    /// # Errors
    /// What is missing, out of range, or not supported.
    pub fn from_web(request: WebEgressRequest, origin: &Origin) -> Result<Self, TwirpError> {
        if request.audio_only || request.video_only {
            return Err(TwirpError::unimplemented("the local egress sends picture and sound together"));
        }
        if !request.webhooks.is_empty() {
            return Err(TwirpError::unimplemented("the local egress sends webhooks to its configured addresses only"));
        }
        let other = !request.file_outputs.is_empty() || !request.segment_outputs.is_empty() || !request.image_outputs.is_empty();
        #[expect(deprecated, reason = "older clients still send the single output")]
        let (single, other) = match &request.output {
            Some(web_egress_request::Output::Stream(stream)) => (Some(stream.clone()), other),
            Some(_) => (None, true),
            None => (None, other),
        };
        if other {
            return Err(no_such_output());
        }
        let page = page(&request.url, origin)?;
        let streams: Vec<StreamOutput> = single.into_iter().chain(request.stream_outputs.iter().cloned()).collect();
        let outputs = outputs(&streams)?;
        let encoding = match &request.options {
            None => Encoding::of_preset(0)?,
            Some(web_egress_request::Options::Preset(preset)) => Encoding::of_preset(*preset)?,
            Some(web_egress_request::Options::Advanced(options)) => Encoding::of_options(options)?,
        };
        let await_start_signal = request.await_start_signal;
        let mut echo = request;
        echo.stream_outputs.iter_mut().for_each(hide);
        #[expect(deprecated, reason = "older clients still send the single output")]
        if let Some(web_egress_request::Output::Stream(stream)) = &mut echo.output {
            hide(stream);
        }
        Ok(Self { page, await_start_signal, encoding, outputs, echo: egress_info::Request::Web(echo) })
    }

    /// Parses a `StartEgress` request.
    ///
    /// # Errors
    /// What is missing, out of range, or not supported.
    pub fn from_start(request: StartEgressRequest, origin: &Origin) -> Result<Self, TwirpError> {
        let source = match &request.source {
            Some(start_egress_request::Source::Web(source)) => source.clone(),
            Some(_) => return Err(TwirpError::unimplemented("the local egress captures web pages only: use a web source")),
            None => return Err(TwirpError::invalid_argument("request has missing or invalid field: source")),
        };
        if source.audio_only || source.video_only {
            return Err(TwirpError::unimplemented("the local egress sends picture and sound together"));
        }
        if !request.webhooks.is_empty() || request.storage.is_some() {
            return Err(TwirpError::unimplemented("the local egress has no storage and no webhooks by request"));
        }
        let mut streams = Vec::new();
        for wanted in &request.outputs {
            match &wanted.config {
                Some(output::Config::Stream(stream)) => streams.push(stream.clone()),
                Some(_) => return Err(no_such_output()),
                None => return Err(TwirpError::invalid_argument("request has missing or invalid field: output")),
            }
        }
        let page = page(&source.url, origin)?;
        let outputs = outputs(&streams)?;
        let encoding = match &request.encoding {
            None => Encoding::of_preset(0)?,
            Some(start_egress_request::Encoding::Preset(preset)) => Encoding::of_preset(*preset)?,
            Some(start_egress_request::Encoding::Advanced(options)) => Encoding::of_options(options)?,
        };
        let mut echo = request;
        for wanted in &mut echo.outputs {
            if let Some(output::Config::Stream(stream)) = &mut wanted.config {
                hide(stream);
            }
        }
        Ok(Self { page, await_start_signal: source.await_start_signal, encoding, outputs, echo: egress_info::Request::Egress(echo) })
    }
}

fn no_such_output() -> TwirpError {
    TwirpError::unimplemented("the local egress sends RTMP streams only: no files, segments or images")
}

fn page(text: &str, origin: &Origin) -> Result<Url, TwirpError> {
    if text.is_empty() {
        return Err(TwirpError::invalid_argument("request has missing or invalid field: web url"));
    }
    let url = Url::parse(text).map_err(|_| TwirpError::invalid_argument(format!("invalid url {text}: invalid scheme")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TwirpError::invalid_argument(format!("invalid url {text}: invalid scheme")));
    }
    if url.origin() != *origin {
        let own = origin.ascii_serialization();
        return Err(TwirpError::invalid_argument(format!("invalid url: this egress opens pages of {own} only")));
    }
    Ok(url)
}

fn outputs(streams: &[StreamOutput]) -> Result<Vec<OutputUrl>, TwirpError> {
    for stream in streams {
        if !matches!(StreamProtocol::try_from(stream.protocol), Ok(StreamProtocol::DefaultProtocol | StreamProtocol::Rtmp)) {
            return Err(TwirpError::unimplemented("the local egress speaks RTMP only"));
        }
    }
    let outputs = streams.iter().flat_map(|stream| &stream.urls).map(|url| OutputUrl::parse(url)).collect::<Result<Vec<_>, _>>()?;
    if outputs.is_empty() {
        return Err(TwirpError::invalid_argument("request has missing or invalid field: output"));
    }
    Ok(outputs)
}

fn hide(stream: &mut StreamOutput) {
    for url in &mut stream.urls {
        *url = redact(url);
    }
}
