//! The room of the overlay page, joined hidden and subscribe-only by `bridge/overlay_room.js` before this program is loaded. Video
//! appears in the elements `screen-video` and `camera-video`, audio plays by itself.

use super::bridge;
use crate::{api::overlay::OverlaySnapshot, domain::start_signal::ObservedMedia};
use leptos::prelude::*;

/// The room as signals. On the server, and before the first event, nothing is connected.
#[derive(Clone, Copy)]
pub struct OverlayRoom {
    media: ReadSignal<ObservedMedia>,
}

impl OverlayRoom {
    /// Joins the room of the page's `<script type="application/json" id="overlay-snapshot">`, unless `joinEarly()` already has. Call
    /// it once, in the page's component.
    pub fn join() -> Self {
        let (media, set_media) = signal(ObservedMedia::default());
        Effect::new(move || {
            let handle = bridge::join_overlay_room();
            bridge::subscribe(handle, move |update: ObservedMedia| set_media.set(update));
        });
        Self { media }
    }

    /// The state of all media.
    pub fn media(self) -> ReadSignal<ObservedMedia> {
        self.media
    }

    /// Whether the room is connected.
    pub fn connected(self) -> Signal<bool> {
        self.flag(|media| media.connected)
    }

    /// Whether the host is in the room.
    pub fn host_present(self) -> Signal<bool> {
        self.flag(|media| media.host)
    }

    /// Whether a decoded frame of the screen is in `screen-video`.
    pub fn screen(self) -> Signal<bool> {
        self.flag(|media| media.screen.on_page())
    }

    /// Whether a decoded frame of the camera is in `camera-video`.
    pub fn camera(self) -> Signal<bool> {
        self.flag(|media| media.camera.on_page())
    }

    /// Whether an audio track plays.
    pub fn audio(self) -> Signal<bool> {
        self.flag(|media| media.audio)
    }

    fn flag(self, of: fn(&ObservedMedia) -> bool) -> Signal<bool> {
        let media = self.media;
        Memo::new(move |_| media.with(of)).into()
    }
}

/// The data that the server has put into the page for its program.
pub fn page_snapshot() -> Option<OverlaySnapshot> {
    let update = document().get_element_by_id("overlay-snapshot")?.text_content()?;
    serde_json::from_str(&update).ok()
}

/// Logs `START_RECORDING` once, after the next painted frame. When: [`crate::domain::start_signal::may_start`].
pub fn send_start_signal() {
    bridge::send_start_signal();
}

/// Logs `END_RECORDING` once.
pub fn send_end_signal() {
    bridge::send_end_signal();
}
