//! The streamer's camera, microphone and screen: what is chosen, what is open, what failed. Knows nothing of sessions.

use crate::{
    browser::{
        devices::{self, Capture},
        page,
        protocol::CaptureEvent,
    },
    domain::{
        media::{CaptureFailure, CaptureKind, DeviceId, DeviceKind, HostPicture, MediaDevice, UserChoices},
        overlay::{Host, Media, Track},
    },
};
use leptos::prelude::*;
use std::{cell::Cell, rc::Rc};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureState {
    Off,
    /// The browser may be asking for permission.
    Requesting(Capture),
    On {
        capture: Capture,
        device: DeviceId,
        label: String,
        /// Whether it has audio.
        audio: bool,
    },
    /// Permission was denied, or the device went away.
    Failed(CaptureFailure),
}

impl CaptureState {
    pub fn running(&self) -> Option<Capture> {
        if let Self::On { capture, .. } = self { Some(*capture) } else { None }
    }

    fn capture(&self) -> Option<Capture> {
        match self {
            Self::Requesting(capture) | Self::On { capture, .. } => Some(*capture),
            Self::Off | Self::Failed(_) => None,
        }
    }
}

#[derive(Clone, Copy)]
pub struct LocalMedia {
    /// Remembered by the browser.
    pub choices: RwSignal<UserChoices>,
    pub devices: RwSignal<Vec<MediaDevice>>,
    pub camera: RwSignal<CaptureState>,
    /// It stays open while muted on air.
    pub microphone: RwSignal<CaptureState>,
    pub screen: RwSignal<CaptureState>,
    /// False after some seconds of silence.
    pub microphone_heard: RwSignal<bool>,
}

impl LocalMedia {
    /// Everything is off until [`Self::start`].
    pub fn new() -> Self {
        Self {
            choices: RwSignal::new(UserChoices::default()),
            devices: RwSignal::default(),
            camera: RwSignal::new(CaptureState::Off),
            microphone: RwSignal::new(CaptureState::Off),
            screen: RwSignal::new(CaptureState::Off),
            microphone_heard: RwSignal::new(true),
        }
    }

    /// Reads the remembered choices, watches devices and opens camera and microphone. Call it in an effect.
    pub fn start(self, name: &str) {
        let mut choices = page::recall_choices();
        if choices.name.is_empty() {
            name.clone_into(&mut choices.name);
        }
        self.choices.set(choices);
        devices::watch(move |found| self.devices.set(found));
        self.reopen();
    }

    /// Opens what is switched on and not open.
    pub fn reopen(self) {
        let (camera, microphone) = self.choices.with_untracked(|choices| (choices.camera_on, choices.microphone_on));
        if camera && self.camera.with_untracked(|state| state.capture().is_none()) {
            self.open(CaptureKind::Camera);
        }
        if microphone && self.microphone.with_untracked(|state| state.capture().is_none()) {
            self.open(CaptureKind::Microphone);
        }
    }

    pub fn update_choices(self, change: impl FnOnce(&mut UserChoices)) {
        self.choices.update(change);
        self.choices.with_untracked(page::remember_choices);
    }

    pub fn devices_of(self, kind: DeviceKind) -> Signal<Vec<MediaDevice>> {
        Signal::derive(move || self.devices.with(|all| all.iter().filter(|device| device.kind == kind).cloned().collect()))
    }

    pub const fn state(self, kind: CaptureKind) -> RwSignal<CaptureState> {
        match kind {
            CaptureKind::Camera => self.camera,
            CaptureKind::Microphone => self.microphone,
            CaptureKind::Screen => self.screen,
        }
    }

    /// The video sources that are open.
    pub fn active_video(self) -> Vec<HostPicture> {
        let runs = |state: RwSignal<CaptureState>| state.with_untracked(|state| state.running().is_some());
        let all = [(HostPicture::Screen, self.screen), (HostPicture::Camera, self.camera)];
        all.into_iter().filter(|(_, state)| runs(*state)).map(|(picture, _)| picture).collect()
    }

    /// Opens a device in place of the current one. A screen must be opened straight from a click.
    pub fn open(self, kind: CaptureKind) {
        let state = self.state(kind);
        let choices = self.choices.get_untracked();
        if kind != CaptureKind::Screen {
            // Many cameras can be opened only once: the old one is closed first. A shared screen stays until the next is chosen.
            self.close(kind);
        }
        let before = state.get_untracked();
        // Not a stored value: it must outlive the view that the click came from.
        let mine = Rc::new(Cell::new(None::<Capture>));
        let known = Rc::clone(&mine);
        let on_event = move |event| {
            let current = state.get_untracked().capture();
            match event {
                CaptureEvent::Opened { device_id, label, audio } => {
                    let Some(capture) = known.get() else { return };
                    if let Some(old) = current.filter(|old| *old != capture) {
                        old.close();
                    }
                    state.set(CaptureState::On { capture, device: device_id, label, audio });
                }
                CaptureEvent::Failed { failure: CaptureFailure::Dismissed } if matches!(before, CaptureState::On { .. }) => {
                    state.set(before.clone());
                }
                CaptureEvent::Failed { failure: CaptureFailure::Dismissed } if kind == CaptureKind::Screen => state.set(CaptureState::Off),
                CaptureEvent::Failed { failure } => state.set(CaptureState::Failed(failure)),
                CaptureEvent::Ended => {
                    if current == known.get() {
                        self.close(kind);
                        // A screen share is ended on purpose, in the browser's own bar; a camera was unplugged.
                        state.set(if kind == CaptureKind::Screen {
                            CaptureState::Off
                        } else {
                            CaptureState::Failed(CaptureFailure::Unplugged)
                        });
                    }
                }
            }
        };
        let capture = match kind {
            CaptureKind::Camera => Capture::camera(choices.camera.as_ref(), on_event),
            CaptureKind::Microphone => Capture::microphone(choices.microphone.as_ref(), on_event),
            CaptureKind::Screen => Capture::screen(if choices.smooth_screen { 60 } else { 30 }, on_event),
        };
        mine.set(Some(capture));
        if !matches!(state.get_untracked(), CaptureState::On { .. }) {
            state.set(CaptureState::Requesting(capture));
        }
    }

    /// Closes a device; its light goes out.
    pub fn close(self, kind: CaptureKind) {
        let state = self.state(kind);
        if let Some(capture) = state.get_untracked().capture() {
            capture.close();
        }
        state.set(CaptureState::Off);
    }

    pub fn close_all(self) {
        for kind in [CaptureKind::Camera, CaptureKind::Microphone, CaptureKind::Screen] {
            self.close(kind);
        }
    }

    pub fn toggle_camera(self) {
        let on = !self.choices.with_untracked(|choices| choices.camera_on);
        self.update_choices(|choices| choices.camera_on = on);
        if on { self.open(CaptureKind::Camera) } else { self.close(CaptureKind::Camera) }
    }

    /// Call it straight from a click or a key.
    pub fn toggle_screen(self) {
        if matches!(self.screen.get_untracked(), CaptureState::On { .. }) {
            self.close(CaptureKind::Screen);
        } else {
            self.open(CaptureKind::Screen);
        }
    }

    /// `keep_open`: the muted microphone stays open, so that unmuting takes no time.
    pub fn toggle_microphone(self, keep_open: bool) {
        let on = !self.choices.with_untracked(|choices| choices.microphone_on);
        self.update_choices(|choices| choices.microphone_on = on);
        if !on && !keep_open {
            self.close(CaptureKind::Microphone);
        }
        if on {
            self.reopen();
        }
    }

    /// What the preview shows of it.
    pub fn scene_media(self) -> Media {
        let track = |state: RwSignal<CaptureState>| match state.get() {
            CaptureState::On { .. } => Track::Painted,
            CaptureState::Requesting(_) => Track::Announced,
            CaptureState::Off | CaptureState::Failed(_) => Track::Absent,
        };
        let camera = if self.choices.with(|choices| choices.camera_on) { track(self.camera) } else { Track::Muted };
        Media { host: Host::Here, screen: track(self.screen), camera }
    }
}
