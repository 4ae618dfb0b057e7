//! The real LiveKit, through livekit-api. The egress may answer at another address (the local engine).
//! The library signs each call with a token that is valid from now on, and LiveKit's clock may be a minute behind: one that is
//! further away is named.

use super::{EgressPhase, EgressRequest, LiveKit, LiveKitError, ObservedEgress, Reason, Sandbox, Slots};
use crate::{config::serve::LiveKitConfig, domain::timestamp::Timestamp, net::clock};
use async_trait::async_trait;
use livekit_api::services::{
    ServerError, ServerErrorCode, ServiceError,
    egress::{EgressClient, EgressListOptions, EgressOutput, WebOptions, encoding::EncodingOptions},
    room::{CreateRoomOptions, RoomClient},
};
use livekit_protocol::{AudioCodec, EgressInfo, EgressStatus, StreamOutput, StreamProtocol, VideoCodec, egress_info};
use serde::Deserialize;
use std::time::Duration;

/// The library gives up after 10 s while the server still tries; a start that times out here may yet succeed there,
/// so this waits longer than the server itself.
const START_TIMEOUT: Duration = Duration::from_secs(45);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Asking for the time is worth no longer wait.
const TIME_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct LiveKitClient {
    rooms: RoomClient,
    egress: EgressClient,
    http: reqwest::Client,
    api_url: String,
    egress_url: String,
    health_url: Option<String>,
}

impl LiveKitClient {
    /// A client; no request is made yet.
    pub fn new(config: &LiveKitConfig, http: reqwest::Client) -> Self {
        let (key, secret) = (config.api_key.as_str(), config.api_secret.expose());
        Self {
            rooms: RoomClient::with_api_key(&config.api_url, key, secret).with_request_timeout(CALL_TIMEOUT),
            egress: EgressClient::with_api_key(&config.egress_url, key, secret).with_request_timeout(START_TIMEOUT),
            http,
            api_url: config.api_url.clone(),
            egress_url: config.egress_url.clone(),
            health_url: config.local_egress.then(|| format!("{}/healthz", config.egress_url)),
        }
    }

    /// What LiveKit's answer was. Where it took no token, both clocks are looked at, because its own words do not say why.
    async fn livekit_answer<T>(&self, answer: Result<T, ServiceError>) -> Result<T, LiveKitError> {
        self.answer(answer, &self.api_url, "LiveKit").await
    }

    /// The same of the egress.
    async fn egress_answer<T>(&self, answer: Result<T, ServiceError>) -> Result<T, LiveKitError> {
        self.answer(answer, &self.egress_url, "the egress").await
    }

    async fn answer<T>(&self, answer: Result<T, ServiceError>, address: &str, whose: &str) -> Result<T, LiveKitError> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if takes_no_token(&error)
            && let Some(ahead_ms) = self.ahead_ms(address).await
            && let Some(sentence) = clock::difference(whose, ahead_ms)
        {
            return Err(LiveKitError::OtherTime(sentence));
        }
        Err(translate(error))
    }

    /// By how many milliseconds the clock behind an address is ahead of this machine's, by the `Date` of an answer.
    async fn ahead_ms(&self, address: &str) -> Option<i64> {
        let answer = self.http.get(address).timeout(TIME_TIMEOUT).send().await.ok()?;
        let theirs = clock::of_http_date(answer.headers().get("date")?.to_str().ok()?)?;
        Some(theirs.as_millis() - clock::wall().as_millis())
    }
}

#[async_trait]
impl LiveKit for LiveKitClient {
    async fn ping(&self) -> Result<(), LiveKitError> {
        self.livekit_answer(self.rooms.list_rooms(vec!["no-such-room".into()]).await).await?;
        Ok(())
    }

    async fn create_room(&self, name: &str, empty: Duration, departure: Duration) -> Result<(), LiveKitError> {
        let seconds = |of: Duration| u32::try_from(of.as_secs()).unwrap_or(u32::MAX);
        let options =
            CreateRoomOptions { empty_timeout: seconds(empty), departure_timeout: seconds(departure), ..CreateRoomOptions::default() };
        self.livekit_answer(self.rooms.create_room(name, options).await).await?;
        Ok(())
    }

    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError> {
        match self.rooms.delete_room(name).await {
            Err(error) if code(&error) == Some(ServerErrorCode::NOT_FOUND) => Ok(()),
            answer => self.livekit_answer(answer).await,
        }
    }

    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        let rooms = self.livekit_answer(self.rooms.list_rooms(Vec::new()).await).await?;
        Ok(rooms.into_iter().map(|room| room.name).collect())
    }

    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError> {
        match self.rooms.list_participants(room).await {
            Ok(list) => Ok(list.into_iter().map(|participant| participant.identity).collect()),
            Err(error) if code(&error) == Some(ServerErrorCode::NOT_FOUND) => Ok(Vec::new()),
            Err(error) => self.livekit_answer(Err(error)).await,
        }
    }

    async fn start_egress(&self, request: &EgressRequest) -> Result<crate::domain::ids::EgressId, LiveKitError> {
        let signed = |of: u32| i32::try_from(of).unwrap_or(i32::MAX);
        let video = request.video;
        let encoding = EncodingOptions {
            width: signed(video.width),
            height: signed(video.height),
            framerate: signed(video.framerate),
            video_codec: VideoCodec::H264Main,
            video_bitrate: signed(video.bitrate_kbps),
            // Presets would send one every 4 s; Twitch and YouTube ask for 2.
            keyframe_interval: 2.0,
            audio_codec: AudioCodec::Aac,
            audio_bitrate: 160,
            audio_frequency: 44_100,
            ..EncodingOptions::default()
        };
        let output = StreamOutput { protocol: StreamProtocol::Rtmp as i32, urls: vec![request.output_url.clone()] };
        let options = WebOptions { encoding, await_start_signal: true, ..WebOptions::default() };
        let answer = self.egress.start_web_egress(&request.page_url, vec![EgressOutput::Stream(output)], options).await;
        let info = self.egress_answer(answer).await?;
        info.egress_id.parse().map_err(|_| LiveKitError::Refused(Reason("the egress id it gave is not an id".into())))
    }

    async fn stop_egress(&self, id: &crate::domain::ids::EgressId) -> Result<(), LiveKitError> {
        match self.egress.stop_egress(id.as_str()).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(code(&error), Some(ServerErrorCode::NOT_FOUND | ServerErrorCode::FAILED_PRECONDITION)) => Ok(()),
            Err(error) => self.egress_answer(Err(error)).await,
        }
    }

    async fn egresses(&self) -> Result<Vec<ObservedEgress>, LiveKitError> {
        let list = self.egress_answer(self.egress.list_egress(EgressListOptions::default()).await).await?;
        Ok(list.into_iter().filter_map(observed_egress).collect())
    }

    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        #[derive(Deserialize)]
        struct Health {
            slots: HealthSlots,
            #[serde(default)]
            sandbox: Sandbox,
        }
        #[derive(Deserialize)]
        struct HealthSlots {
            total: u32,
            used: u32,
        }
        let Some(url) = &self.health_url else { return Ok(None) };
        let lost = |error: reqwest::Error| LiveKitError::Unreachable(Reason(error.without_url().to_string()));
        let answer = self.http.get(url).timeout(CALL_TIMEOUT).send().await.map_err(lost)?;
        let health: Health = answer.json().await.map_err(lost)?;
        Ok(Some(Slots { total: health.slots.total, used: health.slots.used, sandbox: health.sandbox }))
    }
}

/// What a list entry or a webhook's `egressInfo` says of a web egress; other kinds are none of ours.
pub fn observed_egress(info: EgressInfo) -> Option<ObservedEgress> {
    let page_url = match info.request {
        Some(egress_info::Request::Web(web)) => web.url,
        _ => return None,
    };
    let phase = match EgressStatus::try_from(info.status) {
        Ok(EgressStatus::EgressStarting) => EgressPhase::Starting,
        Ok(EgressStatus::EgressActive) => EgressPhase::Active,
        Ok(EgressStatus::EgressEnding) => EgressPhase::Ending,
        _ => EgressPhase::Over,
    };
    Some(ObservedEgress {
        id: info.egress_id.parse().ok()?,
        phase,
        page_url,
        error: Some(info.error).filter(|error| !error.is_empty()),
        updated_at: Timestamp::from_millis(info.updated_at / 1_000_000),
    })
}

/// LiveKit refuses a token in words that are no Twirp error, so that the library cannot read them.
fn takes_no_token(error: &ServiceError) -> bool {
    match error {
        ServiceError::Twirp(ServerError::Request(error)) => error.is_decode(),
        other => matches!(code(other), Some(ServerErrorCode::UNAUTHENTICATED | ServerErrorCode::PERMISSION_DENIED)),
    }
}

fn code(error: &ServiceError) -> Option<&str> {
    match error {
        ServiceError::Twirp(ServerError::Twirp(answer)) => Some(answer.code.as_str()),
        _ => None,
    }
}

fn translate(error: ServiceError) -> LiveKitError {
    match error {
        ServiceError::Twirp(ServerError::Twirp(answer)) => match answer.code.as_str() {
            ServerErrorCode::UNAVAILABLE | ServerErrorCode::RESOURCE_EXHAUSTED => LiveKitError::NoSlot,
            ServerErrorCode::DEADLINE_EXCEEDED => LiveKitError::Unreachable(Reason(answer.to_string())),
            _ => LiveKitError::Refused(Reason(answer.to_string())),
        },
        // An error's text contains the address of the request. That is no secret, but nobody else needs to know it.
        ServiceError::Twirp(ServerError::Request(error)) if error.is_connect() => {
            LiveKitError::Down(Reason(error.without_url().to_string()))
        }
        ServiceError::Twirp(ServerError::Request(error)) => LiveKitError::Unreachable(Reason(error.without_url().to_string())),
        other => LiveKitError::Refused(Reason(other.to_string())),
    }
}
