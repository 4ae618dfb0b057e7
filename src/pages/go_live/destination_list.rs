//! Where the running show plays: how each place does, adding one, taking one off.

use super::{
    destination_picker::as_sent,
    labels,
    live_session::{LiveSession, is_over},
};
use crate::{
    api::sessions::DestinationInput,
    components::{
        destination_form::{DestinationDraft, DestinationForm},
        destination_health::DestinationHealth,
        notice::ErrorNotice,
    },
    domain::{destination::Platform, ids::DestinationId, timestamp::Timestamp},
    rpc::sessions::change_destinations,
};
use leptos::prelude::*;

/// The list and the form. `now`: the server's clock as this page counts it on.
#[component]
pub fn DestinationsPanel(session: LiveSession, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    let change = Action::new(move |(add, remove): &(Vec<DestinationInput>, Vec<DestinationId>)| {
        let (id, add, remove) = (session.id(), add.clone(), remove.clone());
        async move {
            session.update_view(change_destinations(id, add, remove).await?);
            Ok::<(), crate::api::error::ApiError>(())
        }
    });
    let place = DestinationDraft::new(0);
    let typing = RwSignal::new(false);
    let stop_typing = move || {
        typing.set(false);
        place.clear();
    };
    let add = move || {
        change.dispatch((vec![as_sent(place)], Vec::new()));
        stop_typing();
    };
    let refused = move || change.value().get().and_then(Result::err);
    view! {
        <section class="panel" aria-labelledby="targets-title">
            <h2 id="targets-title">"Where it plays"</h2>
            <DestinationList session now on_remove=move |id| { change.dispatch((Vec::new(), vec![id])); }/>
            {move || refused().map(|error| view! { <ErrorNotice message=error.message/> })}
            <Show
                when=move || typing.get()
                fallback=move || {
                    view! {
                        <button class="button" type="button" disabled=move || change.pending().get() on:click=move |_| typing.set(true)>
                            "Add a destination"
                        </button>
                    }
                }
            >
                <DestinationForm place on_remove=move |()| stop_typing()/>
                <button class="button" type="button" disabled=move || place.fault().is_some() on:click=move |_| add()>
                    "Send it there"
                </button>
            </Show>
        </section>
    }
}

/// Each place with its health; without `on_remove` they can only be looked at.
#[component]
pub fn DestinationList(
    session: LiveSession,
    #[prop(into)] now: Signal<Timestamp>,
    #[prop(optional, into)] on_remove: Option<Callback<DestinationId>>,
) -> impl IntoView {
    let ids = move || session.view.with(|view| view.destinations.iter().map(|place| place.destination.id.clone()).collect::<Vec<_>>());
    let alone = move || session.view.with(|view| view.destinations.len() < 2 || is_over(view));
    let row = move |id: DestinationId| {
        let place = {
            let id = id.clone();
            Memo::new(move |_| session.view.with(|view| view.destinations.iter().find(|place| place.destination.id == id).cloned()))
        };
        let name = place.with_untracked(|place| place.as_ref().map(|place| place.destination.label().to_owned()).unwrap_or_default());
        let said = move || place.with(|place| place.as_ref().map(|place| labels::destination_status(place, now.get())));
        let kind = Signal::derive(move || said().map_or("quiet", |(kind, _)| kind));
        let sentence = Signal::derive(move || said().map(|(_, words)| words).unwrap_or_default());
        let facts = Signal::derive(move || {
            let Some(place) = place.get() else { return String::new() };
            let mut facts = vec![format!("{} on air", labels::format_duration(place.uptime_ms))];
            match place.reconnects {
                0 => {}
                1 => facts.push("came back once".to_owned()),
                times => facts.push(format!("came back {times} times")),
            }
            facts.extend(labels::viewers(place.viewer_count, place.peak_viewer_count));
            if let Some(address) = place.destination.address.filter(|_| place.destination.platform == Platform::Custom) {
                facts.push(address);
            }
            if !place.destination.key_tail.is_empty() {
                facts.push(format!("key ends in {}", place.destination.key_tail));
            }
            facts.join(" · ")
        });
        match on_remove.filter(|_| !alone()) {
            Some(remove) => {
                view! { <DestinationHealth name kind sentence facts on_remove=Callback::new(move |()| remove.run(id.clone()))/> }.into_any()
            }
            None => view! { <DestinationHealth name kind sentence facts/> }.into_any(),
        }
    };
    let listed = Memo::new(move |_| (ids(), alone()));
    view! { <ul class="live-destinations">{move || listed.get().0.into_iter().map(row).collect_view()}</ul> }
}
