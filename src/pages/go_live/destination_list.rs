//! The destinations of a session: status of each, adding one, removing one.

use super::{destination_picker::to_request, labels, live_session::LiveSession};
use crate::{
    api::sessions::DestinationInput,
    components::{
        badge::Tone,
        destination_form::{DestinationDraft, DestinationForm},
        destination_health::DestinationHealth,
        notice::ErrorNotice,
    },
    domain::{destination::Platform, ids::DestinationId, timestamp::Timestamp},
    rpc::sessions::{change_destinations, retry_destination},
};
use leptos::prelude::*;

/// The list and the form. `now` is the server's time, counted on by this page.
#[component]
pub fn DestinationsPanel(session: LiveSession, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    let change = Action::new(move |(add, remove): &(Vec<DestinationInput>, Vec<DestinationId>)| {
        let (id, add, remove) = (session.id(), add.clone(), remove.clone());
        async move {
            session.update_view(change_destinations(id, add, remove, Vec::new()).await?);
            Ok::<(), crate::api::error::ApiError>(())
        }
    });
    let draft = DestinationDraft::new(0);
    let editing = RwSignal::new(false);
    let close_form = move || {
        editing.set(false);
        draft.clear();
    };
    let add = move || {
        change.dispatch((vec![to_request(draft)], Vec::new()));
        close_form();
    };
    let refused = move || change.value().get().and_then(Result::err);
    view! {
        <section class="panel" aria-labelledby="targets-title">
            <h2 id="targets-title">"Destinations"</h2>
            <DestinationList session now on_remove=move |id| { change.dispatch((Vec::new(), vec![id])); }/>
            {move || refused().map(|error| view! { <ErrorNotice message=error.message/> })}
            <Show
                when=move || editing.get()
                fallback=move || {
                    view! {
                        <button class="button" type="button" disabled=move || change.pending().get() on:click=move |_| editing.set(true)>
                            "Add a destination"
                        </button>
                    }
                }
            >
                <DestinationForm draft close="Cancel" on_close=move |()| close_form()/>
                <button class="button" type="button" disabled=move || draft.problem().is_some() on:click=move |_| add()>
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
            let mut parts = vec![format!("{} on air", labels::format_duration(view.uptime_ms))];
            match view.reconnects {
                0 => {}
                1 => parts.push("1 reconnect".to_owned()),
                many => parts.push(format!("{many} reconnects")),
            }
            parts.extend(labels::viewers(view.viewer_count, view.peak_viewer_count));
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
