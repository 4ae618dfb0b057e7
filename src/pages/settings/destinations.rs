//! Saved destinations: add, edit, test, delete.

use super::{action_error, loaded};
use crate::{
    api::sessions::{DestinationInput, SavedDestinationView},
    components::{
        confirm::Confirm,
        destination_form::{DestinationDraft, DestinationForm},
        local_time::LocalTime,
    },
    domain::{
        destination::StreamKey,
        ids::{AgentId, DestinationId},
    },
    pages::labels::key_tail,
    rpc::{
        sessions::delete_destination,
        settings::{list_saved_destinations, save_destination, test_destination, update_destination},
    },
};
use leptos::prelude::*;

/// Of the user, or of one of their agents.
#[component]
pub fn SavedDestinations(agent: Option<AgentId>) -> impl IntoView {
    let owner = StoredValue::new(agent);
    let saved = Resource::new(|| (), move |()| list_saved_destinations(owner.get_value()));
    let delete = Action::new(|id: &DestinationId| delete_destination(id.clone()));
    let save = Action::new(move |(id, typed): &(Option<DestinationId>, DestinationInput)| {
        let (id, typed) = (id.clone(), typed.clone());
        async move {
            match id {
                Some(id) => update_destination(id, typed).await,
                None => save_destination(owner.get_value(), typed).await,
            }
        }
    });
    let chosen = RwSignal::new(None::<SavedDestinationView>);
    let asking = RwSignal::new(false);
    // `Some(None)`: a new destination is being entered.
    let editing = RwSignal::new(None::<Option<SavedDestinationView>>);
    let form = DestinationDraft::new(0);
    Effect::new(move |_| {
        if matches!(save.value().get(), Some(Ok(_))) {
            editing.set(None);
            form.clear();
        }
        if delete.value().get().is_some() || save.value().get().is_some() {
            saved.refetch();
        }
    });
    let edit = move |saved: Option<SavedDestinationView>| {
        form.clear();
        if let Some(saved) = &saved {
            form.platform.set(saved.destination.platform);
            form.name.set(saved.destination.name.clone());
            form.channel.set(saved.destination.channel.clone().unwrap_or_default());
            form.address.set(saved.destination.address.clone().filter(|_| saved.destination.platform.wants_address()).unwrap_or_default());
        }
        form.save.set(true);
        editing.set(Some(saved));
    };
    let submit = move |_| {
        let id = editing.get_untracked().flatten().map(|saved| saved.destination.id);
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
            return view! { <p class="quiet">"No saved destinations yet. Add one here, or choose “Save for next time” when you go live."</p> }
                .into_any();
        }
        let rows = all.into_iter().map(|saved| view! { <Row saved on_edit=move |saved| edit(Some(saved)) on_delete=move |saved| { chosen.set(Some(saved)); asking.set(true); }/> });
        view! { <ul class="item-list">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        {action_error(delete)}
        {loaded(saved, rows)}
        <Show
            when=move || editing.get().is_some()
            fallback=move || view! { <div class="buttons"><button class="button" type="button" on:click=move |_| edit(None)>"Add a destination"</button></div> }
        >
            <div class="settings-form panel">
                <Show when=move || editing.get().flatten().is_some()>
                    <p class="quiet">"Name and channel can be changed without the key. Another platform or address needs its own key."</p>
                </Show>
                <DestinationForm draft=form close="Cancel" on_close=move |()| editing.set(None)/>
                {action_error(save)}
                <button class="button" data-kind="go" type="button" disabled=move || save.pending().get() on:click=submit>"Save destination"</button>
            </div>
        </Show>
        <Confirm
            open=asking
            title=Signal::derive(move || chosen.get().map(|one| format!("Delete {}?", one.destination.label())).unwrap_or_default())
            text="The stream key is erased. Running streams are not affected."
            action="Delete"
            on_confirm=Callback::new(move |_| {
                if let Some(one) = chosen.get_untracked() {
                    delete.dispatch(one.destination.id);
                }
            })
        />
    }
}

#[component]
fn Row(
    saved: SavedDestinationView,
    #[prop(into)] on_edit: Callback<SavedDestinationView>,
    #[prop(into)] on_delete: Callback<SavedDestinationView>,
) -> impl IntoView {
    let one = &saved.destination;
    let label = one.label().to_owned();
    let small =
        [one.address.clone(), key_tail(one).map(|tail| format!("key {tail}")), one.channel.as_ref().map(|of| format!("channel {of}"))];
    let small = small.into_iter().flatten().fold(String::new(), |text, part| text + &part + " · ");
    let used = match saved.used_at {
        None => "never used".into_any(),
        Some(at) => view! { "used "<LocalTime at/> }.into_any(),
    };
    let attempt = Action::new(|id: &DestinationId| test_destination(id.clone()));
    let outcome = move || {
        attempt.value().get().map(|answer| match answer {
            Ok(tried) => {
                view! { <small class="test-result" data-reached=if tried.reached { "yes" } else { "no" }>{tried.note}</small> }.into_any()
            }
            Err(error) => view! { <small class="test-result" data-reached="no">{error.message}</small> }.into_any(),
        })
    };
    let (id, edited, deleted) = (one.id.clone(), saved.clone(), saved.clone());
    view! {
        <li class="item panel">
            <div>
                <b>{label.clone()}</b>
                <small>{small}{used}</small>
                <span aria-live="polite">{outcome}</span>
            </div>
            <div class="buttons">
                <button class="button" data-size="small" type="button" disabled=move || attempt.pending().get() on:click=move |_| { attempt.dispatch(id.clone()); }>
                    {move || if attempt.pending().get() { "Testing…" } else { "Test connection" }}
                </button>
                <button class="button" data-size="small" type="button" aria-label=format!("Edit {label}") on:click=move |_| on_edit.run(edited.clone())>"Edit"</button>
                <button class="button" data-size="small" type="button" aria-label=format!("Delete {label}") on:click=move |_| on_delete.run(deleted.clone())>"Delete"</button>
            </div>
        </li>
    }
}
