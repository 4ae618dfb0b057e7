//! Keyboard shortcuts. They can be turned off, because dictation types letters too.

use super::{local_media::LocalMedia, scene_switch::SCENES};
use crate::{browser::shortcuts::on_key, components::checkbox::Checkbox, domain::overlay::OverlayPatch};
use leptos::prelude::*;

/// The shortcuts work while this is shown.
#[component]
pub fn Shortcuts(media: LocalMedia, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    Effect::new(move |_| {
        on_key(move |key| {
            if !media.choices.with_untracked(|choices| choices.keys_on) {
                return;
            }
            match key {
                "m" => media.toggle_microphone(true),
                "c" => media.toggle_camera(),
                "s" => media.toggle_screen(),
                _ => {
                    let index = key.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                    if let Some((scene, _)) = index.and_then(|index| SCENES.get(index)) {
                        on_change.run(OverlayPatch { scene: Some(*scene), ..OverlayPatch::default() });
                    }
                }
            }
        });
    });
    view! {
        <div class="shortcuts">
            <Checkbox
                label="Keyboard shortcuts"
                checked=Signal::derive(move || media.choices.with(|choices| choices.keys_on))
                on_check=move |on| media.update_choices(|choices| choices.keys_on = on)
            />
            <p class="quiet"><kbd>"M"</kbd>" microphone, "<kbd>"C"</kbd>" camera, "<kbd>"S"</kbd>" screen, "<kbd>"1"</kbd>" to "<kbd>"4"</kbd>" scenes"</p>
        </div>
    }
}
