//! The picture on this page: the same scene as the composite, with the streamer's own camera and screen in it.

use super::desk::Desk;
use crate::{
    browser::clock,
    components::scene_view::SceneView,
    domain::{
        overlay::OverlaySettings,
        session::StreamType,
        show::{Programme, Show},
    },
};
use leptos::prelude::*;

/// Before the show and during it. `show` is what happened on top.
#[component]
pub fn ProgrammeView(
    desk: Desk,
    caption: &'static str,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] settings: Signal<OverlaySettings>,
    #[prop(into)] live: Signal<bool>,
    show: RwSignal<Show>,
) -> impl IntoView {
    let now = RwSignal::new(settings.get_untracked().starts_at.unwrap_or_default());
    let scene = Memo::new(move |_| {
        let programme = Programme {
            stream_type: StreamType::User,
            entity_name: desk.choices.with(|choices| choices.name.clone()),
            avatar: None,
            title: title.get(),
            settings: settings.get(),
            media: desk.media(),
            live: live.get(),
            over: false,
        };
        show.with(|show| show.scene(&programme, now.get()))
    });
    Effect::new(move || {
        now.set(clock::now());
        clock::every(1000, move || now.set(clock::now()));
    });
    Effect::new(move || {
        let mirrored = desk.choices.with(|choices| choices.mirrored);
        if let Some(camera) = desk.camera.with(super::desk::CaptureState::running) {
            camera.show_in("own-camera-video", mirrored);
        }
    });
    Effect::new(move || {
        if let Some(screen) = desk.screen.with(super::desk::CaptureState::running) {
            screen.show_in("own-screen-video", false);
        }
    });
    view! {
        <div class="programme">
            <SceneView scene id_prefix="own-"/>
            <span class="programme-caption">{caption}</span>
        </div>
    }
}
