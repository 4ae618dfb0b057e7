//! A destination that can be chosen.

use leptos::prelude::*;

/// A saved destination, or the rehearsal.
#[component]
pub fn DestinationCheckbox(
    #[prop(into)] name: String,
    #[prop(into)] note: String,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_check: Callback<bool>,
) -> impl IntoView {
    view! {
        <label class="destination">
            <input type="checkbox" prop:checked=checked on:change=move |event| on_check.run(event_target_checked(&event))/>
            <span>
                <b>{name}</b>
                <small>{note}</small>
            </span>
        </label>
    }
}
