//! The overlay during a stream: scene and layers.

use crate::{
    components::choice_row::ChoiceRow,
    domain::overlay::{OverlayPatch, OverlaySettings, Scene, Theme},
};
use leptos::prelude::*;

/// In the order of buttons and keys.
pub const SCENES: [(Scene, &str); 4] =
    [(Scene::StartingSoon, "Starting soon"), (Scene::Live, "Live"), (Scene::BeRightBack, "Be right back"), (Scene::Ending, "Ending")];

#[component]
pub fn SceneSwitch(#[prop(into)] settings: Signal<OverlaySettings>, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    view! {
        <ChoiceRow
            label="Scene"
            choices=SCENES.to_vec()
            selected=Signal::derive(move || Some(settings.with(|settings| settings.scene.unwrap_or(Scene::Live))))
            on_select=move |scene| on_change.run(OverlayPatch { scene: Some(scene), ..OverlayPatch::default() })
        />
    }
}

#[component]
pub fn Layers(#[prop(into)] settings: Signal<OverlaySettings>, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    let checkbox = move |label: &'static str, read: fn(&OverlaySettings) -> bool, patch: fn(bool) -> OverlayPatch| {
        view! {
            <label class="checkbox">
                <input
                    type="checkbox"
                    prop:checked=move || settings.with(read)
                    on:change=move |event| on_change.run(patch(event_target_checked(&event)))
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="layers">
            <legend>"Overlay"</legend>
            {checkbox("Webcam", |s| s.show_player_cam, |on| OverlayPatch { show_player_cam: Some(on), ..OverlayPatch::default() })}
            {checkbox("Event ticker", |s| s.show_event_feed, |on| OverlayPatch { show_event_feed: Some(on), ..OverlayPatch::default() })}
            {checkbox("Decisions", |s| s.show_decisions, |on| OverlayPatch { show_decisions: Some(on), ..OverlayPatch::default() })}
            {checkbox("Info bar", |s| s.show_agent_info, |on| OverlayPatch { show_agent_info: Some(on), ..OverlayPatch::default() })}
            {checkbox(
                "Light theme",
                |s| s.theme == Theme::Light,
                |on| OverlayPatch { theme: Some(if on { Theme::Light } else { Theme::Dark }), ..OverlayPatch::default() },
            )}
        </fieldset>
    }
}
