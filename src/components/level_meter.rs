//! A level meter. The bridge sets `--level` and `aria-valuenow` of the element with this id.

use leptos::prelude::*;

#[component]
pub fn LevelMeter(id: &'static str, label: &'static str, #[prop(into)] note: Signal<Option<&'static str>>) -> impl IntoView {
    view! {
        <div class="field">
            <span id=format!("{id}-label")>{label}</span>
            <div class="meter" id=id role="meter" aria-labelledby=format!("{id}-label") aria-valuemin="0" aria-valuemax="100" aria-valuenow="0">
                <b class="meter-bar"></b>
            </div>
            <small class="meter-note" aria-live="polite">{move || note.get()}</small>
        </div>
    }
}
