//! Saved destinations: added, renamed or moved, tried, forgotten.

use super::{fault, loaded};
use crate::{
    api::sessions::{DestinationInput, SavedDestinationView},
    components::{
        confirm::Confirm,
        destination_form::{DestinationDraft, DestinationForm},
    },
    domain::{
        destination::StreamKey,
        ids::{AgentId, DestinationId},
    },
    pages::labels::{key_tail, moment},
    rpc::{
        sessions::delete_destination,
        settings::{list_saved_destinations, save_destination, test_destination, update_destination},
    },
};
use leptos::prelude::*;

/// The saved destinations of the user, or of one of their agents.
#[component]
pub fn SavedDestinations(agent: Option<AgentId>) -> impl IntoView {
    let whose = StoredValue::new(agent);
    let saved = Resource::new(|| (), move |()| list_saved_destinations(whose.get_value()));
    let forget = Action::new(|id: &DestinationId| delete_destination(id.clone()));
    let save = Action::new(move |(id, typed): &(Option<DestinationId>, DestinationInput)| {
        let (id, typed) = (id.clone(), typed.clone());
        async move {
            match id {
                Some(id) => update_destination(id, typed).await,
                None => save_destination(whose.get_value(), typed).await,
            }
        }
    });
    let chosen = RwSignal::new(None::<SavedDestinationView>);
    let asking = RwSignal::new(false);
    // `Some(None)` is a new one.
    let editing = RwSignal::new(None::<Option<SavedDestinationView>>);
    let form = DestinationDraft::new(0);
    Effect::new(move |_| {
        if matches!(save.value().get(), Some(Ok(_))) {
            editing.set(None);
            form.clear();
        }
        if forget.value().get().is_some() || save.value().get().is_some() {
            saved.refetch();
        }
    });
    let edit = move |place: Option<SavedDestinationView>| {
        form.clear();
        if let Some(place) = &place {
            form.platform.set(place.destination.platform);
            form.name.set(place.destination.name.clone());
            form.channel.set(place.destination.channel.clone().unwrap_or_default());
            form.address.set(place.destination.address.clone().filter(|_| place.destination.platform.wants_address()).unwrap_or_default());
        }
        form.keep.set(true);
        editing.set(Some(place));
    };
    let submit = move |_| {
        let id = editing.get_untracked().flatten().map(|place| place.destination.id);
        let typed = DestinationInput {
            platform: form.platform.get_untracked(),
            custom_rtmp_url: Some(form.address.get_untracked()).filter(|address| !address.is_empty()),
            stream_key: StreamKey::new(form.key.get_untracked()),
            save_as: Some(form.name.get_untracked()),
            channel: untrack(|| form.channel_to_send()),
        };
        save.dispatch((id, typed));
    };
    let rows = move |all: Vec<SavedDestinationView>| {
        if all.is_empty() {
            return view! { <p class="quiet">"Nothing is kept yet. Add a destination, or tick “Keep it” beside one when you go live."</p> }
                .into_any();
        }
        let rows = all.into_iter().map(|place| view! { <Row place on_edit=move |place| edit(Some(place)) on_forget=move |place| { chosen.set(Some(place)); asking.set(true); }/> });
        view! { <ul class="item-list">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        {fault(forget)}
        {loaded(saved, rows)}
        <Show
            when=move || editing.get().is_some()
            fallback=move || view! { <div class="buttons"><button class="button" type="button" on:click=move |_| edit(None)>"Add a destination"</button></div> }
        >
            <div class="settings-form panel">
                <Show when=move || editing.get().flatten().is_some()>
                    <p class="quiet">"Name and channel change without the key. Another platform or address needs its own."</p>
                </Show>
                <DestinationForm place=form on_remove=move |()| editing.set(None)/>
                {fault(save)}
                <button class="button" data-kind="go" type="button" disabled=move || save.pending().get() on:click=submit>"Save the destination"</button>
            </div>
        </Show>
        <Confirm
            open=asking
            title=Signal::derive(move || chosen.get().map(|one| format!("Forget {}?", one.destination.label())).unwrap_or_default())
            text="The stream key is erased. Running shows keep playing there."
            action="Forget it"
            cancel="Keep it"
            on_confirm=Callback::new(move |_| {
                if let Some(one) = chosen.get_untracked() {
                    forget.dispatch(one.destination.id);
                }
            })
        />
    }
}

#[component]
fn Row(
    place: SavedDestinationView,
    #[prop(into)] on_edit: Callback<SavedDestinationView>,
    #[prop(into)] on_forget: Callback<SavedDestinationView>,
) -> impl IntoView {
    let one = &place.destination;
    let label = one.label().to_owned();
    let used = place.used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", moment(at)));
    let small: Vec<String> = [
        one.address.clone(),
        key_tail(one).map(|tail| format!("key {tail}")),
        one.channel.as_ref().map(|of| format!("channel {of}")),
        Some(used),
    ]
    .into_iter()
    .flatten()
    .collect();
    let attempt = Action::new(|id: &DestinationId| test_destination(id.clone()));
    let outcome = move || {
        attempt.value().get().map(|answer| match answer {
            Ok(tried) => {
                view! { <small class="test-result" data-reached=if tried.reached { "yes" } else { "no" }>{tried.note}</small> }.into_any()
            }
            Err(error) => view! { <small class="test-result" data-reached="no">{error.message}</small> }.into_any(),
        })
    };
    let (id, edited, forgotten) = (one.id.clone(), place.clone(), place.clone());
    view! {
        <li class="item panel">
            <div>
                <b>{label.clone()}</b>
                <small>{small.join(" · ")}</small>
                <span aria-live="polite">{outcome}</span>
            </div>
            <div class="buttons">
                <button class="button" data-size="small" type="button" disabled=move || attempt.pending().get() on:click=move |_| { attempt.dispatch(id.clone()); }>
                    {move || if attempt.pending().get() { "Testing" } else { "Test connection" }}
                </button>
                <button class="button" data-size="small" type="button" aria-label=format!("Change {label}") on:click=move |_| on_edit.run(edited.clone())>"Change"</button>
                <button class="button" data-size="small" type="button" aria-label=format!("Forget {label}") on:click=move |_| on_forget.run(forgotten.clone())>"Forget"</button>
            </div>
        </li>
    }
}
