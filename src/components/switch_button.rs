//! A button whose words say what the next press does.

use leptos::prelude::*;

/// `words` for the next press ("Mute", "Unmute"); `on` only colours it.
#[component]
pub fn SwitchButton(
    #[prop(into)] label: Signal<&'static str>,
    #[prop(into)] on: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            class="button"
            type="button"
            data-on=move || if on.get() { "yes" } else { "no" }
            disabled=move || disabled.get()
            on:click=move |_| on_press.run(())
        >
            {move || label.get()}
        </button>
    }
}
