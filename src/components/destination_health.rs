//! One destination of a running show: how it does, in a sentence, and a way to take it off.

use leptos::prelude::*;

/// `kind`: `ok`, `warn`, `bad`, `quiet`. Without `on_remove` it can only be looked at.
#[component]
pub fn DestinationHealth(
    #[prop(into)] name: String,
    #[prop(into)] kind: Signal<&'static str>,
    #[prop(into)] sentence: Signal<String>,
    #[prop(into)] facts: Signal<String>,
    #[prop(optional, into)] on_remove: Option<Callback<()>>,
) -> impl IntoView {
    let remove = on_remove.map(|remove| {
        let label = format!("Take {name} off the show");
        view! { <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| remove.run(())>"Take off"</button> }
    });
    view! {
        <li class="destination" data-state=move || kind.get()>
            <span>
                <b>{name}</b>
                <span class="destination-status">{move || sentence.get()}</span>
                <small>{move || facts.get()}</small>
            </span>
            {remove}
        </li>
    }
}
