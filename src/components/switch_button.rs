//! A button whose label says what the next press does.

use super::icon::{Icon, IconView};
use leptos::prelude::*;

/// `label` names the next press ("Mute", "Unmute"); `on` is the state now, which the icon and the colour show.
#[component]
pub fn SwitchButton(
    icon: Icon,
    #[prop(into)] label: Signal<&'static str>,
    #[prop(into)] on: Signal<bool>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button class="button" type="button" data-on=move || if on.get() { "yes" } else { "no" } on:click=move |_| on_press.run(())>
            <IconView icon off=Signal::derive(move || !on.get())/>
            <span translate="no">{move || label.get()}</span>
        </button>
    }
}
