//! A checkbox and its label.

use leptos::prelude::*;

#[component]
pub fn Checkbox(
    #[prop(into)] label: String,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_check: Callback<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="checkbox">
            <input type="checkbox" prop:checked=checked disabled=move || disabled.get() on:change=move |event| on_check.run(event_target_checked(&event))/>
            <span>{label}</span>
        </label>
    }
}
