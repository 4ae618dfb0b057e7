//! A text field and its label.

use leptos::prelude::*;

/// What is typed goes to `on_type`.
#[component]
pub fn TextField(
    #[prop(into)] label: String,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_type: Callback<String>,
    /// The most characters.
    #[prop(optional)]
    most: Option<u16>,
    #[prop(optional, into)] placeholder: Signal<&'static str>,
    /// For addresses, keys and names of accounts: the browser neither corrects nor remembers it.
    #[prop(optional)]
    verbatim: bool,
    /// The keyboard of a phone.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// Shown as dots.
    #[prop(optional, into)]
    hidden: Signal<bool>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                class="input"
                type=move || if hidden.get() { "password" } else { "text" }
                inputmode=inputmode
                autocomplete=verbatim.then_some("off")
                autocapitalize=verbatim.then_some("none")
                spellcheck=verbatim.then_some("false")
                maxlength=most.map(|most| most.to_string())
                placeholder=move || Some(placeholder.get()).filter(|text| !text.is_empty())
                prop:value=value
                on:input=move |event| on_type.run(event_target_value(&event))
            />
        </label>
    }
}
