//! The running session: its latest state, the host's room, the feed. It joins the room, publishes the local media, and joins
//! again after every disconnect for as long as the session runs.

use super::{
    activity::{LogEntry, append_entry, describe_changes},
    labels::is_over,
    local_media::{CaptureState, LocalMedia},
};
use crate::{
    api::{error::ErrorCode, sessions::SessionView},
    browser::{
        clock,
        feed::{self, Connection},
        page,
        protocol::{DisconnectReason, FeedMessage, Quality, RoomEvent, Uplink},
        room::HostRoom,
    },
    components::badge::Tone,
    domain::{
        ids::SessionId, media::CaptureKind, overlay::OverlaySettings, overlay_state::OverlayState, room::RoomAccess, timestamp::Timestamp,
    },
    rpc::sessions::rejoin_room,
};
use leptos::{prelude::*, task::spawn_local};
use std::cell::Cell;

/// Logged once for each disconnect, however often joining fails.
const LOST: &str = "Your connection is lost. Reconnecting.";

/// States may arrive in another order than they were read, by this much.
const REORDERED_MS: u64 = 30_000;

/// Whether the host is in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Joining for the first time.
    Joining,
    Connected,
    Reconnecting,
    /// LiveKit answers, and no media come through.
    MediaBlocked,
    /// Another tab or device hosts this session now.
    TakenOver,
}

/// The session as signals.
#[derive(Clone, Copy)]
pub struct LiveSession {
    /// The latest state.
    pub view: RwSignal<SessionView>,
    /// When it arrived, by the clock of this page.
    pub updated_at: RwSignal<Timestamp>,
    pub overlay: RwSignal<OverlayState>,
    pub presence: RwSignal<Presence>,
    pub feed_open: RwSignal<bool>,
    pub uplink: RwSignal<Option<Uplink>>,
    /// The connection quality as LiveKit reports it.
    pub quality: RwSignal<Quality>,
    pub log: RwSignal<Vec<LogEntry>>,
    room: RwSignal<Option<HostRoom>>,
}

impl LiveSession {
    pub fn new(view: SessionView) -> Self {
        Self {
            view: RwSignal::new(view),
            updated_at: RwSignal::new(clock::now()),
            overlay: RwSignal::default(),
            presence: RwSignal::new(Presence::Joining),
            feed_open: RwSignal::new(true),
            uplink: RwSignal::new(None),
            quality: RwSignal::new(Quality::Unknown),
            log: RwSignal::default(),
            room: RwSignal::new(None),
        }
    }

    /// An older state changes nothing. One that is much older is from a server that was restarted after its clock was set back.
    pub fn update_view(self, view: SessionView) {
        let older = |known: &SessionView| (1..REORDERED_MS).contains(&known.now.millis_since(view.now));
        if self.view.with_untracked(|known| known.revision < view.revision || (known.revision == view.revision && !older(known))) {
            for (tone, text) in self.view.with_untracked(|known| describe_changes(known, &view)) {
                self.log.update(|log| append_entry(log, view.duration, tone, text));
            }
            self.updated_at.set(clock::now());
            self.view.set(view);
        }
    }

    fn log_now(self, tone: Tone, text: &str) {
        let at_ms = self.view.with_untracked(|view| view.duration) + clock::now().millis_since(self.updated_at.get_untracked());
        self.log.update(|log| append_entry(log, at_ms, tone, text.to_owned()));
    }

    pub fn update_overlay(self, settings: OverlaySettings) {
        self.view.update(|view| view.overlay = settings);
    }

    pub fn id(self) -> SessionId {
        self.view.with_untracked(|view| view.session_id.clone())
    }

    /// Connects feed and room, and keeps the tab's title and icon up to date, until the surrounding component is dropped. Call it
    /// once, in the studio's component.
    pub fn follow(self, media: LocalMedia, access: Option<RoomAccess>) {
        Effect::new(move |_| {
            let id = self.id();
            feed::of_session(id.as_str(), 0, Connection::Shared, move |message| self.handle_message(&message));
            page::set_broadcasting(true);
            match access.clone() {
                Some(access) => self.join_room(&access, id),
                None => self.rejoin(id, 0),
            }
        });
        Effect::new(move |_| {
            if let Some(room) = self.room.get() {
                publish(room, media);
            }
        });
        Effect::new(move |_| page::mark_on_air(self.view.with(|view| view.on_air && !view.rehearsal)));
        on_cleanup(move || {
            if let Some(room) = self.room.get_untracked() {
                room.leave();
                self.room.set(None);
                page::set_broadcasting(false);
                page::mark_on_air(false);
            }
        });
    }

    fn handle_message(self, message: &FeedMessage) {
        match message.event.as_str() {
            "session" => {
                if let Ok(view) = serde_json::from_str(&message.data) {
                    self.update_view(view);
                }
            }
            "overlay" => {
                if let Ok(settings) = serde_json::from_str(&message.data) {
                    self.update_overlay(settings);
                }
            }
            "show" => {
                if let Ok(event) = serde_json::from_str(&message.data) {
                    self.overlay.update(|overlay| overlay.apply(message.seq, event, clock::now()));
                }
            }
            "connection" => self.feed_open.set(message.data == "open"),
            _ => {}
        }
    }

    fn join_room(self, access: &RoomAccess, id: SessionId) {
        if let Some(room) = self.room.get_untracked() {
            room.rejoin(access);
            return;
        }
        let losses = Cell::new(0_u32);
        let was_connected = Cell::new(false);
        let video = self.view.with_untracked(|view| view.video);
        let room = HostRoom::join(access, video, move |event| match event {
            RoomEvent::Connected | RoomEvent::Reconnected => {
                losses.set(0);
                was_connected.set(true);
                if matches!(self.presence.get_untracked(), Presence::Reconnecting | Presence::MediaBlocked) {
                    self.log_now(Tone::Ok, "Your connection is back.");
                }
                self.presence.set(Presence::Connected);
            }
            RoomEvent::Reconnecting => {
                self.log_now(Tone::Warn, LOST);
                self.presence.set(Presence::Reconnecting);
            }
            RoomEvent::Lost { reason: DisconnectReason::TakenOver } => self.presence.set(Presence::TakenOver),
            RoomEvent::Lost { reason } => {
                if self.presence.get_untracked() == Presence::Connected {
                    self.log_now(Tone::Warn, LOST);
                }
                // Where media came through before, it is the network that fails, unless that lasts.
                let blocked = reason == DisconnectReason::MediaBlocked && (!was_connected.get() || losses.get() > 1);
                self.presence.set(if blocked { Presence::MediaBlocked } else { Presence::Reconnecting });
                losses.set(losses.get() + 1);
                self.rejoin(id.clone(), losses.get());
            }
            RoomEvent::Published { .. } => {}
            RoomEvent::Quality { quality } => self.quality.set(quality),
            RoomEvent::Uplink(uplink) => self.uplink.set(Some(uplink)),
        });
        self.room.set(Some(room));
    }

    /// Gets a new token and joins with it. `attempt` makes the wait longer, up to 5 s. Stops when the session is over.
    fn rejoin(self, id: SessionId, attempt: u32) {
        let wait_ms = if attempt == 0 { 0 } else { (400_u64 << attempt.min(4)).min(5000) };
        clock::after(wait_ms, move || {
            // The page may have been left meanwhile: its signals are gone then.
            if self.view.try_with_untracked(|view| is_over(view) || view.status.is_ending()) != Some(false) {
                return;
            }
            spawn_local(async move {
                match rejoin_room(id.clone()).await {
                    Ok(access) if self.view.try_with_untracked(|_| ()).is_some() => self.join_room(&access, id),
                    Ok(_) => {}
                    // The session is over; the feed says so too.
                    Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Conflict | ErrorCode::Forbidden) => {}
                    Err(_) => self.rejoin(id, attempt + 1),
                }
            });
        });
    }
}

/// Publishes what the local media are now.
fn publish(room: HostRoom, media: LocalMedia) {
    let (smooth, microphone_on) = media.choices.with(|choices| (choices.smooth_screen, choices.microphone_on));
    match media.camera.get() {
        CaptureState::On { capture, trouble, .. } => {
            room.publish(capture, 30);
            room.set_muted(CaptureKind::Camera, trouble.is_some_and(|trouble| trouble.hides(CaptureKind::Camera)));
        }
        CaptureState::Off | CaptureState::Failed(_) => room.set_muted(CaptureKind::Camera, true),
        CaptureState::Requesting(_) => {}
    }
    match media.microphone.get() {
        CaptureState::On { capture, .. } => {
            room.publish(capture, 0);
            room.set_muted(CaptureKind::Microphone, !microphone_on);
        }
        CaptureState::Off | CaptureState::Failed(_) => room.unpublish(CaptureKind::Microphone),
        CaptureState::Requesting(_) => {}
    }
    match media.screen.get() {
        CaptureState::On { capture, .. } => room.publish(capture, if smooth { 60 } else { 30 }),
        CaptureState::Off | CaptureState::Failed(_) => room.unpublish(CaptureKind::Screen),
        CaptureState::Requesting(_) => {}
    }
}
