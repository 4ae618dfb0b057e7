//! Single keys for what must go fast. They can be turned off: dictation types letters too.

use super::desk::{CaptureState, Desk};
use crate::{
    browser::keys::on_key,
    domain::{
        media::CaptureKind,
        overlay::{OverlayPatch, Scene},
    },
};
use leptos::prelude::*;

/// Listens while it is shown, and says what can be pressed.
#[component]
pub fn Shortcuts(desk: Desk, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    let scene = move |scene| on_change.run(OverlayPatch { scene: Some(scene), ..OverlayPatch::default() });
    Effect::new(move |_| {
        on_key(move |key| {
            if !desk.choices.with_untracked(|choices| choices.keys_on) {
                return;
            }
            match key {
                "m" => desk.switch_microphone(true),
                "c" => desk.switch_camera(),
                "s" if matches!(desk.screen.get_untracked(), CaptureState::On { .. }) => desk.close(CaptureKind::Screen),
                "s" => desk.open(CaptureKind::Screen),
                "1" => scene(Scene::StartingSoon),
                "2" => scene(Scene::Live),
                "3" => scene(Scene::BeRightBack),
                "4" => scene(Scene::Ending),
                _ => {}
            }
        });
    });
    view! {
        <div class="shortcuts">
            <label class="tick">
                <input
                    type="checkbox"
                    prop:checked=move || desk.choices.with(|choices| choices.keys_on)
                    on:change=move |event| desk.choose(|choices| choices.keys_on = event_target_checked(&event))
                />
                <span>"Single keys"</span>
            </label>
            <p class="quiet"><kbd>"M"</kbd>" microphone, "<kbd>"C"</kbd>" camera, "<kbd>"S"</kbd>" screen, "<kbd>"1"</kbd>" to "<kbd>"4"</kbd>" scenes"</p>
        </div>
    }
}
