//! A real capture of two seconds: the egress opens the check page, which joins a LiveKit room as a streamer's browser does, and
//! publishes to the relay, which counts the frames. What it makes is removed, and ends by itself if this process dies.

use super::{
    Doctor, Finding,
    check_page::{MediaReport, MediaResult},
};
use crate::{
    api::relay_control::{DesiredIngest, DesiredSession, IngestReport, IngestState, SessionReport},
    config::{public_address::Tls, relay::publish_token},
    domain::{
        ids::{EgressId, Generation, SessionId},
        room::{RoomAccess, check_room_name, check_stream},
        video::VideoFormat,
    },
    server::{
        error::{StudioError, StudioResult, chain},
        livekit::{EgressRequest, LiveKitError, Slots, tokens},
    },
};
use std::time::Duration;
use tokio::{sync::oneshot, time::sleep};

/// How long composite must arrive without a break.
const LASTS_MS: u64 = 2_000;
/// Below the limit of the check, so that what was made is removed before.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// The page's own attempt takes up to 8 s.
const MEDIA_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const ROOM_EMPTY: Duration = Duration::from_secs(60);
const ROOM_LEFT: Duration = Duration::from_secs(1);
const GENERATION: Generation = Generation(1);
/// Small: it is about whether, not how well.
const VIDEO: VideoFormat = VideoFormat { width: 640, height: 360, framerate: 15, bitrate_kbps: 800 };

/// A capture that runs.
struct Capture {
    session: SessionId,
    room: String,
    ticket: String,
    egress: EgressId,
}

/// What the page's report means. It comes from the capture, so there is none without one.
pub(super) async fn media(told: oneshot::Receiver<Finding>) -> Finding {
    told.await.unwrap_or_else(|_| Finding::warn("not tried: it needs a capture", "See what is said of the capture."))
}

impl Doctor {
    /// Captures, and tells through `media` how the page's connection went.
    pub(super) async fn capture(&self, media: oneshot::Sender<Finding>) -> Finding {
        if let Ok(Some(Slots { total, used, .. })) = self.ports.livekit.slots().await
            && used >= total
        {
            return Finding::warn("not tried: every slot is used", "Try again when a session has ended.");
        }
        let (capture, report) = match self.start().await {
            Ok(started) => started,
            Err(finding) => return finding,
        };
        let (found, told) = tokio::join!(self.arrival(&capture), tokio::time::timeout(MEDIA_WITHIN, report));
        let told = told.ok().and_then(Result::ok);
        // Nobody may wait for it.
        let _ = media.send(self.judge_media(told.as_ref()));
        self.remove(&capture).await;
        found
    }

    /// A capture, and where its page reports.
    async fn start(&self) -> Result<(Capture, oneshot::Receiver<MediaReport>), Finding> {
        let (id, config) = (self.ports.new_id::<SessionId>(), &self.ports.config);
        let session = check_stream(&id);
        let token = publish_token(config.relay.secret.expose(), &session, GENERATION);
        let output_url = format!("{}/{session}.{GENERATION}.{token}", config.relay.ingest_url);
        let desired = DesiredSession {
            session_id: session.clone(),
            ingests: vec![DesiredIngest { generation: GENERATION, token }],
            destinations: Vec::new(),
            account: None,
            video: VIDEO,
            slate: false,
        };
        if let Err(error) = self.ports.relay.put(&desired).await {
            return Err(Finding::fail(error.to_string(), "See what is said of the relay."));
        }
        let (room, access) = match self.room(&id).await {
            Ok(made) => made,
            Err(error) => {
                let _ = self.ports.relay.delete(&session).await;
                return Err(Finding::fail(chain(&error), "See what is said of LiveKit."));
            }
        };
        let (ticket, report) = self.pages.open(access);
        let page_url = format!("{}/stream/check?ticket={ticket}", config.overlay_url);
        match self.ports.livekit.start_egress(&EgressRequest { page_url, output_url, video: VIDEO }).await {
            Ok(egress) => Ok((Capture { session, room, ticket, egress }, report)),
            Err(error) => {
                let _ = self.ports.relay.delete(&session).await;
                let _ = self.ports.livekit.delete_room(&room).await;
                self.pages.close(&ticket);
                Err(match error {
                    LiveKitError::NoSlot => Finding::warn("not tried: every slot is used", "Try again when a session has ended."),
                    error => Finding::fail(format!("no capture starts: {}", chain(&error)), "See what is said of the egress, and its log."),
                })
            }
        }
    }

    async fn room(&self, id: &SessionId) -> StudioResult<(String, RoomAccess)> {
        let user = id.as_str().parse().map_err(|_| StudioError::Internal("an id is no id".to_owned()))?;
        let room = check_room_name(&user);
        self.ports.livekit.create_room(&room, ROOM_EMPTY, ROOM_LEFT).await?;
        let config = &self.ports.config;
        let mut access = tokens::check_access(&config.livekit, &room).map_err(|error| StudioError::Internal(error.to_string()))?;
        if config.address.tls == Tls::Local {
            // The browser of the egress does not know the studio's own authority. Media take the same way.
            access.url.clone_from(&config.livekit.overlay_url);
        }
        Ok((room, access))
    }

    /// Waits until the relay has received frames for two seconds.
    async fn arrival(&self, capture: &Capture) -> Finding {
        let arrives = async {
            loop {
                let reports = self.ports.relay.sessions().await.unwrap_or_default();
                let report = reports.into_iter().find(|report| report.session_id == capture.session);
                if let Some(finding) = report.as_ref().and_then(frames) {
                    return finding;
                }
                if let Some(why) = self.failure(&capture.egress).await {
                    return Finding::fail(why, "Look into the log of the egress: it names the program that failed.");
                }
                sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(ARRIVES_WITHIN, arrives).await.unwrap_or_else(|_| {
            Finding::fail(
                format!("no two seconds of picture reached the relay within {} s", ARRIVES_WITHIN.as_secs()),
                "Look into the log of the egress, and see that PUBLIC_APP_URL and FOOTLIGHT_RELAY_INGEST_URL can be reached from there.",
            )
        })
    }

    /// Why the egress has failed, if it has.
    async fn failure(&self, id: &EgressId) -> Option<String> {
        let all = self.ports.livekit.egresses().await.ok()?;
        all.into_iter().find(|egress| &egress.id == id)?.error
    }

    async fn remove(&self, capture: &Capture) {
        let (livekit, relay) = (&self.ports.livekit, &self.ports.relay);
        let (egress, stream, room) =
            tokio::join!(livekit.stop_egress(&capture.egress), relay.delete(&capture.session), livekit.delete_room(&capture.room));
        self.pages.close(&capture.ticket);
        let failed =
            [egress.err().map(|error| chain(&error)), room.err().map(|error| chain(&error)), stream.err().map(|error| chain(&error))];
        for error in failed.into_iter().flatten() {
            tracing::warn!(error, "something of a check capture is left; it ends by itself");
        }
    }

    fn judge_media(&self, report: Option<&MediaReport>) -> Finding {
        let config = &self.ports.config.livekit;
        let (url, ports) = (&config.public_url, &config.media_ports);
        match report {
            None => Finding::fail("the check page did not report", "See what is said of the capture."),
            Some(MediaReport { result: MediaResult::Open, path }) if path.starts_with("tcp") => Finding::warn(
                format!("a browser joined a room at {url}, over TCP only ({path})"),
                format!("Open {ports} to the LiveKit server: over TCP, lost packets make pictures late."),
            ),
            Some(MediaReport { result: MediaResult::Open, path }) => Finding::ok(format!("a browser joined a room at {url} ({path})")),
            Some(MediaReport { result: MediaResult::Blocked, .. }) => Finding::fail(
                format!("LiveKit answers at {url}, and no media come through"),
                format!("Open {ports} to the LiveKit server, and see that it announces an address that browsers reach."),
            ),
            Some(MediaReport { result: MediaResult::Unreachable, .. }) => Finding::fail(
                format!("a browser does not reach LiveKit at {url}"),
                "Set FOOTLIGHT_LIVEKIT_PUBLIC_URL to its address for browsers, and look at the proxy in front of it (WebSocket).",
            ),
        }
    }
}

/// What two seconds of a stream show; `None` until they are over.
fn frames(report: &SessionReport) -> Option<Finding> {
    let IngestReport { fps, audio, refusal, .. } = &report.ingest;
    if let Some(refusal) = refusal {
        return Some(Finding::fail(format!("the relay refused the capture: {refusal}"), "Look into the logs of relay and egress."));
    }
    match report.ingest.state {
        IngestState::Receiving { since, .. } if report.at.millis_since(since) >= LASTS_MS && *fps > 0.0 => {
            let sound = if *audio { "with sound" } else { "without sound" };
            Some(Finding::ok(format!("two seconds of a page reached the relay, {fps:.0} frames a second, {sound}")))
        }
        _ => None,
    }
}
