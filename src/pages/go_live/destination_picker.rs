//! Where the show will play: saved destinations, a rehearsal, and those typed for this show.

use crate::{
    api::{error::ApiError, sessions::DestinationInput},
    components::{
        destination_checkbox::DestinationCheckbox,
        destination_form::{DestinationDraft, DestinationForm},
        notice::ErrorNotice,
    },
    domain::{
        destination::{Destination, Platform, StreamKey},
        ids::DestinationId,
    },
    rpc::sessions::saved_destinations,
};
use leptos::prelude::*;

/// The list being made, as signals.
#[derive(Clone, Copy)]
pub struct DestinationChoice {
    checked: RwSignal<Vec<DestinationId>>,
    rehearsal: RwSignal<bool>,
    typed: RwSignal<Vec<DestinationDraft>>,
    numbered: RwSignal<u32>,
}

impl DestinationChoice {
    /// Nothing ticked, nothing typed.
    pub fn new() -> Self {
        Self { checked: RwSignal::default(), rehearsal: RwSignal::new(false), typed: RwSignal::default(), numbered: RwSignal::new(0) }
    }

    /// How many places.
    pub fn count(self) -> usize {
        self.checked.with(Vec::len) + self.typed.with(Vec::len) + usize::from(self.rehearsal.get())
    }

    /// Whether nobody but the streamer will see it.
    pub fn rehearsal_only(self) -> bool {
        self.rehearsal.get() && self.count() == 1
    }

    /// What is wrong with the list, if anything is.
    pub fn fault(self) -> Option<String> {
        if self.count() == 0 {
            return Some("Pick a place, or a rehearsal.".to_owned());
        }
        self.typed.with(|typed| typed.iter().find_map(|place| place.fault()))
    }

    /// The saved ones that are ticked.
    pub fn saved(self) -> Vec<DestinationId> {
        self.checked.get_untracked()
    }

    /// The typed ones and the rehearsal, as they are sent.
    pub fn typed(self) -> Vec<DestinationInput> {
        let mut all: Vec<_> = self.typed.with_untracked(|typed| typed.iter().map(|place| as_sent(*place)).collect());
        if self.rehearsal.get_untracked() {
            all.push(rehearsal());
        }
        all
    }

    /// Forgets what was typed: keys do not stay in the page longer than needed.
    pub fn forget_typed(self) {
        self.typed.set(Vec::new());
    }

    fn add(self) {
        self.numbered.update(|number| *number += 1);
        let place = DestinationDraft::new(self.numbered.get_untracked());
        self.typed.update(|typed| typed.push(place));
    }
}

/// A typed form as it is sent.
pub fn as_sent(place: DestinationDraft) -> DestinationInput {
    let platform = place.platform.get_untracked();
    let name = place.name.get_untracked().trim().to_owned();
    let name = if name.is_empty() { platform.label().to_owned() } else { name };
    DestinationInput {
        platform,
        custom_rtmp_url: platform.wants_address().then(|| place.address.get_untracked().trim().to_owned()),
        stream_key: StreamKey::new(place.key.get_untracked()),
        save_as: place.keep.get_untracked().then_some(name),
        channel: untrack(|| place.channel_to_send()),
    }
}

fn rehearsal() -> DestinationInput {
    DestinationInput {
        platform: Platform::Rehearsal,
        custom_rtmp_url: None,
        stream_key: StreamKey::new(String::new()),
        save_as: None,
        channel: None,
    }
}

/// The panel.
#[component]
pub fn DestinationPicker(destinations: DestinationChoice) -> impl IntoView {
    let saved = Resource::new(|| (), |()| saved_destinations());
    let list = move |answer: Result<Vec<Destination>, ApiError>| match answer {
        Err(error) => view! { <ErrorNotice message=error.message on_retry=Callback::new(move |()| saved.refetch())/> }.into_any(),
        Ok(all) => all.into_iter().map(|place| view! { <Saved place destinations/> }).collect_view().into_any(),
    };
    let remove = move |number: u32| destinations.typed.update(|typed| typed.retain(|place| place.number != number));
    view! {
        <section class="panel" aria-labelledby="places-title">
            <h2 id="places-title">"Where it plays"</h2>
            <Suspense fallback=|| ()>{move || saved.get().map(list)}</Suspense>
            <DestinationCheckbox
                name="Rehearsal"
                note="only you can watch it"
                checked=destinations.rehearsal
                on_check=move |on| destinations.rehearsal.set(on)
            />
            <For each=move || destinations.typed.get() key=|place| place.number let:place>
                <DestinationForm place on_remove=move |()| remove(place.number)/>
            </For>
            <button class="button" type="button" on:click=move |_| destinations.add()>"Add a destination"</button>
        </section>
    }
}

#[component]
fn Saved(place: Destination, destinations: DestinationChoice) -> impl IntoView {
    let note = match (place.key_tail.is_empty(), &place.address) {
        (false, _) => format!("{}, key ends in {}", place.platform.label(), place.key_tail),
        (true, Some(address)) => address.clone(),
        (true, None) => place.platform.label().to_owned(),
    };
    let (id, name) = (place.id.clone(), place.label().to_owned());
    let checked = {
        let id = id.clone();
        Signal::derive(move || destinations.checked.with(|all| all.contains(&id)))
    };
    let tick = move |on: bool| {
        destinations.checked.update(|all| {
            all.retain(|known| *known != id);
            if on {
                all.push(id.clone());
            }
        });
    };
    view! { <DestinationCheckbox name note checked on_check=tick/> }
}
