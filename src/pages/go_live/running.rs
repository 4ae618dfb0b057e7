//! A running show as this page has it: the session's latest state, the host's room, the feed. It joins, publishes what the
//! desk has, and joins again after every loss for as long as the session runs.

use super::{
    desk::{CaptureState, Desk},
    log::{Said, news, say},
};
use crate::{
    api::{error::ErrorCode, sessions::SessionView},
    browser::{
        clock, feed, page,
        protocol::{FeedMessage, Loss, Quality, RoomEvent, Uplink},
        room::HostRoom,
    },
    domain::{ids::SessionId, media::CaptureKind, overlay::OverlaySettings, room::RoomAccess, show::Show, timestamp::Timestamp},
    rpc::sessions::rejoin_room,
};
use leptos::{prelude::*, task::spawn_local};
use std::cell::Cell;

/// Said once for each loss, however often joining fails.
const LOST: &str = "Your connection is lost; it is brought back.";

/// Whether the host is in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Joining for the first time.
    Joining,
    /// In the room.
    There,
    /// The connection is lost; it is brought back.
    Returning,
    /// Another tab or machine hosts this show now.
    TakenOver,
}

/// The show as signals.
#[derive(Clone, Copy)]
pub struct Running {
    /// The session as last told.
    pub view: RwSignal<SessionView>,
    /// When that was, by this browser's clock.
    pub told_at: RwSignal<Timestamp>,
    /// What happened on top of the picture.
    pub show: RwSignal<Show>,
    /// Whether the host is in the room.
    pub presence: RwSignal<Presence>,
    /// Whether the feed is connected.
    pub feed_open: RwSignal<bool>,
    /// What goes up.
    pub uplink: RwSignal<Option<Uplink>>,
    /// LiveKit's opinion of the connection.
    pub quality: RwSignal<Quality>,
    /// What happened since the page was opened.
    pub log: RwSignal<Vec<Said>>,
    room: RwSignal<Option<HostRoom>>,
}

impl Running {
    /// The show that was started, or found running.
    pub fn new(view: SessionView) -> Self {
        Self {
            view: RwSignal::new(view),
            told_at: RwSignal::new(clock::now()),
            show: RwSignal::default(),
            presence: RwSignal::new(Presence::Joining),
            feed_open: RwSignal::new(true),
            uplink: RwSignal::new(None),
            quality: RwSignal::new(Quality::Unknown),
            log: RwSignal::default(),
            room: RwSignal::new(None),
        }
    }

    /// Takes a newer state of the session; an older one changes nothing.
    pub fn tell(self, view: SessionView) {
        if self.view.with_untracked(|known| (known.revision, known.now) <= (view.revision, view.now)) {
            for (kind, words) in self.view.with_untracked(|known| news(known, &view)) {
                self.log.update(|log| say(log, view.duration, kind, words));
            }
            self.told_at.set(clock::now());
            self.view.set(view);
        }
    }

    /// Adds a line to what happened.
    fn say(self, kind: &'static str, words: &str) {
        let at_ms = self.view.with_untracked(|view| view.duration) + clock::now().millis_since(self.told_at.get_untracked());
        self.log.update(|log| say(log, at_ms, kind, words.to_owned()));
    }

    /// Takes changed overlay settings.
    pub fn tell_overlay(self, settings: OverlaySettings) {
        self.view.update(|view| view.overlay = settings);
    }

    /// Which session this is about.
    pub fn id(self) -> SessionId {
        self.view.with_untracked(|view| view.session_id.clone())
    }

    /// Follows the session: feed, room, what is published, what the tab says. Call it once, in the Studio's component;
    /// everything ends with that component.
    pub fn follow(self, desk: Desk, access: Option<RoomAccess>) {
        Effect::new(move |_| {
            let id = self.id();
            feed::of_session(id.as_str(), 0, move |message| self.hear(&message));
            page::in_show(true);
            match access.clone() {
                Some(access) => self.enter(&access, id),
                None => self.ask_and_enter(id, 0),
            }
        });
        Effect::new(move |_| {
            if let Some(room) = self.room.get() {
                publish(room, desk);
            }
        });
        Effect::new(move |_| page::mark_on_air(self.view.with(|view| view.on_air && !view.rehearsal)));
        on_cleanup(move || {
            if let Some(room) = self.room.get_untracked() {
                room.leave();
                self.room.set(None);
                page::in_show(false);
                page::mark_on_air(false);
            }
        });
    }

    fn hear(self, message: &FeedMessage) {
        match message.event.as_str() {
            "session" => {
                if let Ok(view) = serde_json::from_str(&message.data) {
                    self.tell(view);
                }
            }
            "overlay" => {
                if let Ok(settings) = serde_json::from_str(&message.data) {
                    self.tell_overlay(settings);
                }
            }
            "show" => {
                if let Ok(event) = serde_json::from_str(&message.data) {
                    self.show.update(|show| show.take(message.seq, event, clock::now()));
                }
            }
            "connection" => self.feed_open.set(message.data == "open"),
            _ => {}
        }
    }

    fn enter(self, access: &RoomAccess, id: SessionId) {
        if let Some(room) = self.room.get_untracked() {
            room.rejoin(access);
            return;
        }
        let losses = Cell::new(0_u32);
        let picture = self.view.with_untracked(|view| view.video);
        let room = HostRoom::join(access, picture, move |event| match event {
            RoomEvent::Connected | RoomEvent::Reconnected => {
                losses.set(0);
                if self.presence.get_untracked() == Presence::Returning {
                    self.say("ok", "Your connection is back.");
                }
                self.presence.set(Presence::There);
            }
            RoomEvent::Reconnecting => {
                self.say("warn", LOST);
                self.presence.set(Presence::Returning);
            }
            RoomEvent::Lost { reason: Loss::TakenOver } => self.presence.set(Presence::TakenOver),
            RoomEvent::Lost { .. } => {
                if self.presence.get_untracked() == Presence::There {
                    self.say("warn", LOST);
                }
                self.presence.set(Presence::Returning);
                losses.set(losses.get() + 1);
                self.ask_and_enter(id.clone(), losses.get());
            }
            RoomEvent::Published { .. } => {}
            RoomEvent::Quality { quality } => self.quality.set(quality),
            RoomEvent::Uplink(uplink) => self.uplink.set(Some(uplink)),
        });
        self.room.set(Some(room));
    }

    /// Asks for a fresh token and joins with it: `attempt` makes the wait longer, up to 5 s. Ends with the session.
    fn ask_and_enter(self, id: SessionId, attempt: u32) {
        let wait_ms = if attempt == 0 { 0 } else { (400_u64 << attempt.min(4)).min(5000) };
        clock::after(wait_ms, move || {
            // The page may have been left meanwhile: its signals are gone then.
            if self.view.try_with_untracked(is_over) != Some(false) {
                return;
            }
            spawn_local(async move {
                match rejoin_room(id.clone()).await {
                    Ok(access) if self.view.try_with_untracked(|_| ()).is_some() => self.enter(&access, id),
                    Ok(_) => {}
                    // The session is over; the feed says the rest.
                    Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Conflict | ErrorCode::Forbidden) => {}
                    Err(_) => self.ask_and_enter(id, attempt + 1),
                }
            });
        });
    }
}

/// Brings what is published to what the desk has.
fn publish(room: HostRoom, desk: Desk) {
    let (smooth, microphone_on) = desk.choices.with(|choices| (choices.smooth_screen, choices.microphone_on));
    match desk.camera.get() {
        CaptureState::On { capture, .. } => {
            room.publish(capture, 30);
            room.set_muted(CaptureKind::Camera, false);
        }
        CaptureState::Off | CaptureState::Failed(_) => room.set_muted(CaptureKind::Camera, true),
        CaptureState::Asking(_) => {}
    }
    match desk.microphone.get() {
        CaptureState::On { capture, .. } => {
            room.publish(capture, 0);
            room.set_muted(CaptureKind::Microphone, !microphone_on);
        }
        CaptureState::Off | CaptureState::Failed(_) => room.unpublish(CaptureKind::Microphone),
        CaptureState::Asking(_) => {}
    }
    match desk.screen.get() {
        CaptureState::On { capture, .. } => room.publish(capture, if smooth { 60 } else { 30 }),
        CaptureState::Off | CaptureState::Failed(_) => room.unpublish(CaptureKind::Screen),
        CaptureState::Asking(_) => {}
    }
}

/// Ended or failed.
pub fn is_over(view: &SessionView) -> bool {
    matches!(view.status.as_str(), "ended" | "failed")
}
