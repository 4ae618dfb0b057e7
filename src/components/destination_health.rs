//! One destination of a running stream: its status, and buttons that try it again and remove it.

use super::badge::Tone;
use leptos::prelude::*;

/// Without `on_remove` it cannot be removed; `on_retry` is offered while `lost`.
#[component]
pub fn DestinationHealth(
    #[prop(into)] name: String,
    #[prop(into)] tone: Signal<Tone>,
    #[prop(into)] status: Signal<String>,
    #[prop(into)] details: Signal<String>,
    #[prop(optional, into)] lost: Signal<bool>,
    #[prop(optional, into)] on_retry: Option<Callback<()>>,
    #[prop(optional, into)] on_remove: Option<Callback<()>>,
) -> impl IntoView {
    let remove = on_remove.map(|remove| {
        let label = format!("Remove {name} from the stream");
        view! { <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| remove.run(())>"Remove"</button> }
    });
    let label = format!("Try {name} now");
    let retry = move || {
        let retry = on_retry.filter(|_| lost.get())?;
        let label = label.clone();
        Some(
            view! { <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| retry.run(())>"Try now"</button> },
        )
    };
    view! {
        <li class="destination" data-state=move || tone.get().name()>
            <span>
                <b>{name}</b>
                <span class="destination-status" translate="no">{move || status.get()}</span>
                <small translate="no">{move || details.get()}</small>
            </span>
            {retry}
            {remove}
        </li>
    }
}
