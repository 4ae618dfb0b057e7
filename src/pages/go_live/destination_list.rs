//! The destinations of a session: status of each, adding some, removing one.

use super::{
    destination_picker::{DestinationChoice, DestinationPicker},
    labels,
    live_session::LiveSession,
};
use crate::{
    api::{
        error::ApiError,
        sessions::{DestinationInput, StudioSetup},
    },
    components::{badge::Tone, destination_health::DestinationHealth, notice::ErrorIfAny},
    domain::{destination::Platform, ids::DestinationId, timestamp::Timestamp},
    rpc::sessions::{change_destinations, retry_destination},
};
use leptos::prelude::*;

/// Saved ones to add, new ones to add, those to remove.
type Change = (Vec<DestinationId>, Vec<DestinationInput>, Vec<DestinationId>);

/// The list, and what can be added to it. `now` is the server's time, counted on by this page.
#[component]
pub fn DestinationsPanel(session: LiveSession, setup: RwSignal<StudioSetup>, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    let choice = DestinationChoice::new(setup);
    let change = Action::new(move |change: &Change| {
        let (id, (saved, add, remove)) = (session.id(), change.clone());
        async move {
            let added = remove.is_empty();
            session.update_view(change_destinations(id, add, remove, saved).await?);
            if added {
                choice.clear();
            }
            Ok::<(), ApiError>(())
        }
    });
    let used = Memo::new(move |_| session.view.with(|view| view.destinations.iter().map(|of| of.destination.clone()).collect::<Vec<_>>()));
    let total = Memo::new(move |_| session.view.with(labels::total_viewers));
    let refused = Signal::derive(move || change.value().get().and_then(Result::err).map(|error| error.message));
    let add = move |_| {
        change.dispatch((choice.checked(), choice.typed(), Vec::new()));
    };
    view! {
        <section class="panel" aria-labelledby="targets-title">
            <h2 id="targets-title">"Destinations"</h2>
            {move || total.get().map(|total| view! { <p class="total-viewers" translate="no">{total}</p> })}
            <DestinationList session now on_remove=move |id| { change.dispatch((Vec::new(), Vec::new(), vec![id])); }/>
            <ErrorIfAny message=refused/>
            <DestinationPicker destinations=choice used/>
            <Show when=move || choice.count() != 0>
                <button class="button" type="button" disabled=move || choice.problem().is_some() || change.pending().get() on:click=add>
                    "Start streaming there"
                </button>
            </Show>
        </section>
    }
}

/// Without `on_remove` nothing can be removed.
#[component]
pub fn DestinationList(
    session: LiveSession,
    #[prop(into)] now: Signal<Timestamp>,
    #[prop(optional, into)] on_remove: Option<Callback<DestinationId>>,
) -> impl IntoView {
    let ids = move || session.view.with(|view| view.destinations.iter().map(|view| view.destination.id.clone()).collect::<Vec<_>>());
    let fixed = move || session.view.with(|view| view.destinations.len() < 2 || labels::is_over(view));
    let row = move |id: DestinationId| {
        let view = {
            let id = id.clone();
            Memo::new(move |_| session.view.with(|view| view.destinations.iter().find(|of| of.destination.id == id).cloned()))
        };
        let name = view.with_untracked(|view| view.as_ref().map(|view| view.destination.label().to_owned()).unwrap_or_default());
        let labelled = move || view.with(|view| view.as_ref().map(|view| labels::destination_status(view, now.get())));
        let tone = Signal::derive(move || labelled().map_or(Tone::Neutral, |(tone, _)| tone));
        let status = Signal::derive(move || labelled().map(|(_, text)| text).unwrap_or_default());
        let details = Signal::derive(move || {
            let Some(view) = view.get() else { return String::new() };
            let mut parts = labels::destination_facts(&view);
            if let Some(address) = view.destination.address.filter(|_| view.destination.platform == Platform::Custom) {
                parts.push(address);
            }
            if !view.destination.key_tail.is_empty() {
                parts.push(format!("key ends in {}", view.destination.key_tail));
            }
            parts.join(" · ")
        });
        let lost = Signal::derive(move || view.with(|view| view.as_ref().is_some_and(|view| labels::is_lost(&view.state))));
        let retry = Action::new({
            let id = id.clone();
            move |()| {
                let (session, id) = (session.id(), id.clone());
                // Its status says how it went.
                async move { drop(retry_destination(session, id).await) }
            }
        });
        let on_retry = Callback::new(move |()| drop(retry.dispatch(())));
        match on_remove.filter(|_| !fixed()) {
            Some(remove) => {
                view! { <DestinationHealth name tone status details lost on_retry on_remove=Callback::new(move |()| remove.run(id.clone()))/> }.into_any()
            }
            None => view! { <DestinationHealth name tone status details lost on_retry/> }.into_any(),
        }
    };
    let listed = Memo::new(move |_| (ids(), fixed()));
    view! { <ul class="live-destinations">{move || listed.get().0.into_iter().map(row).collect_view()}</ul> }
}
