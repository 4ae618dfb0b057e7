//! What the next show shall be, as far as it is chosen. It outlives a show: going live again asks for nothing twice.

use super::destination_picker::DestinationChoice;
use crate::domain::{overlay::OverlayPatch, video::VideoPreset};
use leptos::prelude::*;

/// The choices, as signals.
#[derive(Clone, Copy)]
pub struct SessionDraft {
    /// Where it plays.
    pub destinations: DestinationChoice,
    /// What it is about.
    pub title: RwSignal<String>,
    /// Differences from the owner's usual picture.
    pub patch: RwSignal<OverlayPatch>,
    /// The picture's format; the machine's default until chosen.
    pub preset: RwSignal<Option<VideoPreset>>,
}

impl SessionDraft {
    /// Nothing chosen yet.
    pub fn new() -> Self {
        Self { destinations: DestinationChoice::new(), title: RwSignal::default(), patch: RwSignal::default(), preset: RwSignal::new(None) }
    }
}
