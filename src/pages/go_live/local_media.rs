//! The streamer's own devices, from before the show to after it: what is chosen, what runs, what failed and why.
//! Knows nothing of sessions.

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

/// Where one capture stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureState {
    /// Not asked for.
    Off,
    /// Asked for; the browser may be asking the streamer.
    Requesting(Capture),
    /// It runs.
    On {
        /// By number.
        capture: Capture,
        /// Which device it became.
        device: DeviceId,
        /// Its name.
        label: String,
        /// Whether sound comes with it.
        audio: bool,
    },
    /// It was not given, or went away.
    Failed(CaptureFailure),
}

impl CaptureState {
    /// Its number while it runs.
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

/// The devices as signals.
#[derive(Clone, Copy)]
pub struct LocalMedia {
    /// What the streamer chose, remembered by the browser.
    pub choices: RwSignal<UserChoices>,
    /// What is plugged in.
    pub devices: RwSignal<Vec<MediaDevice>>,
    /// The camera.
    pub camera: RwSignal<CaptureState>,
    /// The microphone. Muted on air it goes on running.
    pub microphone: RwSignal<CaptureState>,
    /// The shared screen.
    pub screen: RwSignal<CaptureState>,
    /// False after a few seconds of silence.
    pub microphone_heard: RwSignal<bool>,
}

impl LocalMedia {
    /// Everything off; [`Self::start`] wakes it.
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

    /// Reads what is remembered, watches devices and asks for camera and microphone, each for itself. Call it in an effect.
    pub fn start(self, name: &str) {
        let mut choices = page::recall_choices();
        if choices.name.is_empty() {
            name.clone_into(&mut choices.name);
        }
        self.choices.set(choices);
        devices::watch(move |found| self.devices.set(found));
        self.reopen();
    }

    /// Asks again for what is on and does not run.
    pub fn reopen(self) {
        let (camera, microphone) = self.choices.with_untracked(|choices| (choices.camera_on, choices.microphone_on));
        if camera && self.camera.with_untracked(|state| state.capture().is_none()) {
            self.open(CaptureKind::Camera);
        }
        if microphone && self.microphone.with_untracked(|state| state.capture().is_none()) {
            self.open(CaptureKind::Microphone);
        }
    }

    /// Changes a choice and remembers it.
    pub fn update_choices(self, change: impl FnOnce(&mut UserChoices)) {
        self.choices.update(change);
        self.choices.with_untracked(page::remember_choices);
    }

    /// The devices of one kind.
    pub fn devices_of(self, kind: DeviceKind) -> Signal<Vec<MediaDevice>> {
        Signal::derive(move || self.devices.with(|all| all.iter().filter(|device| device.kind == kind).cloned().collect()))
    }

    /// The state of one kind.
    pub const fn state(self, kind: CaptureKind) -> RwSignal<CaptureState> {
        match kind {
            CaptureKind::Camera => self.camera,
            CaptureKind::Microphone => self.microphone,
            CaptureKind::Screen => self.screen,
        }
    }

    /// The pictures that run now.
    pub fn active_video(self) -> Vec<HostPicture> {
        let runs = |state: RwSignal<CaptureState>| state.with_untracked(|state| state.running().is_some());
        let all = [(HostPicture::Screen, self.screen), (HostPicture::Camera, self.camera)];
        all.into_iter().filter(|(_, state)| runs(*state)).map(|(picture, _)| picture).collect()
    }

    /// Asks for a capture, in place of the one there is. A screen must be asked for straight from a click.
    pub fn open(self, kind: CaptureKind) {
        let state = self.state(kind);
        let choices = self.choices.get_untracked();
        if kind != CaptureKind::Screen {
            // Many cameras can be opened only once: the old one goes first. A shared screen stays until the next is picked.
            self.close(kind);
        }
        let before = state.get_untracked();
        // Not a stored value: it must outlive whatever view the click came from.
        let mine = Rc::new(Cell::new(None::<Capture>));
        let known = Rc::clone(&mine);
        let hear = move |event| {
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
                        // The browser's own bar ends a sharing on purpose; a camera only goes away.
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
            CaptureKind::Camera => Capture::camera(choices.camera.as_ref(), hear),
            CaptureKind::Microphone => Capture::microphone(choices.microphone.as_ref(), hear),
            CaptureKind::Screen => Capture::screen(if choices.smooth_screen { 60 } else { 30 }, hear),
        };
        mine.set(Some(capture));
        if !matches!(state.get_untracked(), CaptureState::On { .. }) {
            state.set(CaptureState::Requesting(capture));
        }
    }

    /// Stops a capture: the device's light goes out.
    pub fn close(self, kind: CaptureKind) {
        let state = self.state(kind);
        if let Some(capture) = state.get_untracked().capture() {
            capture.close();
        }
        state.set(CaptureState::Off);
    }

    /// Stops everything.
    pub fn close_all(self) {
        for kind in [CaptureKind::Camera, CaptureKind::Microphone, CaptureKind::Screen] {
            self.close(kind);
        }
    }

    /// Turns the camera on or off.
    pub fn toggle_camera(self) {
        let on = !self.choices.with_untracked(|choices| choices.camera_on);
        self.update_choices(|choices| choices.camera_on = on);
        if on { self.open(CaptureKind::Camera) } else { self.close(CaptureKind::Camera) }
    }

    /// Shares a screen, or stops. Straight from a click or a key.
    pub fn toggle_screen(self) {
        if matches!(self.screen.get_untracked(), CaptureState::On { .. }) {
            self.close(CaptureKind::Screen);
        } else {
            self.open(CaptureKind::Screen);
        }
    }

    /// Mutes or unmutes. `keep`: on air the muted microphone stays open, so that unmuting takes no time.
    pub fn toggle_microphone(self, keep: bool) {
        let on = !self.choices.with_untracked(|choices| choices.microphone_on);
        self.update_choices(|choices| choices.microphone_on = on);
        if !on && !keep {
            self.close(CaptureKind::Microphone);
        }
        if on {
            self.reopen();
        }
    }

    /// What viewers get of it, for the scene on this page.
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
