//! A place to play, with a tick.

use leptos::prelude::*;

/// A saved destination or the rehearsal: ticked means the show plays there.
#[component]
pub fn DestinationTick(
    #[prop(into)] name: String,
    #[prop(into)] note: String,
    #[prop(into)] ticked: Signal<bool>,
    #[prop(into)] on_tick: Callback<bool>,
) -> impl IntoView {
    view! {
        <label class="dest">
            <input type="checkbox" prop:checked=ticked on:change=move |event| on_tick.run(event_target_checked(&event))/>
            <span>
                <b>{name}</b>
                <small>{note}</small>
            </span>
        </label>
    }
}
