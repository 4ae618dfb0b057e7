//! The composite page's stage: joined hidden and subscribe-only, by `bridge/stage.js`, before this program is even loaded.
//! Pictures appear in the video elements `screen-video` and `camera-video`, sound plays by itself.

use super::bridge;
use crate::{api::overlay::OverlayStage, domain::recording::MediaFacts};
use leptos::prelude::*;

/// The page's stage as signals. On the server, and until the browser has told, everything is at rest.
#[derive(Clone, Copy)]
pub struct Stage {
    facts: ReadSignal<MediaFacts>,
}

impl Stage {
    /// Takes the stage: the room that `earlyStage()` began to join from the page's `<script type="application/json"
    /// id="stage">`, or begins now. Call it once, in the page's component.
    pub fn enter() -> Self {
        let (facts, set_facts) = signal(MediaFacts::default());
        Effect::new(move || {
            let handle = bridge::enter_stage();
            bridge::subscribe(handle, move |told: MediaFacts| set_facts.set(told));
        });
        Self { facts }
    }

    /// Everything the page knows of its media.
    pub fn facts(self) -> ReadSignal<MediaFacts> {
        self.facts
    }

    /// Whether the room is connected.
    pub fn connected(self) -> Signal<bool> {
        self.fact(|facts| facts.connected)
    }

    /// Whether the host is in the room.
    pub fn host_present(self) -> Signal<bool> {
        self.fact(|facts| facts.host)
    }

    /// Whether a decoded frame of the screen is in `screen-video`.
    pub fn screen(self) -> Signal<bool> {
        self.fact(|facts| facts.screen.on_page())
    }

    /// Whether a decoded frame of the camera is in `camera-video`.
    pub fn camera(self) -> Signal<bool> {
        self.fact(|facts| facts.camera.on_page())
    }

    /// Whether an audio track plays.
    pub fn audio(self) -> Signal<bool> {
        self.fact(|facts| facts.audio)
    }

    fn fact(self, of: fn(&MediaFacts) -> bool) -> Signal<bool> {
        let facts = self.facts;
        Memo::new(move |_| facts.with(of)).into()
    }
}

/// What the server wrote into the page for the program that stands on it.
pub fn known() -> Option<OverlayStage> {
    let told = document().get_element_by_id("stage")?.text_content()?;
    serde_json::from_str(&told).ok()
}

/// Says `START_RECORDING` once, after the next painted frame. When: [`crate::domain::recording::may_start`].
pub fn say_start_recording() {
    bridge::say_start_recording();
}

/// Says `END_RECORDING` once.
pub fn say_end_recording() {
    bridge::say_end_recording();
}
