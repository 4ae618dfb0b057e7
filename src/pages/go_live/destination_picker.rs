//! Choosing destinations: saved ones, a rehearsal, new ones. Before a stream, and to add some during it.

use crate::{
    api::sessions::{DestinationInput, StudioSetup},
    components::{
        destination_checkbox::DestinationCheckbox,
        destination_form::{DestinationDraft, DestinationForm},
    },
    domain::{
        destination::{Destination, Platform, StreamKey},
        ids::DestinationId,
    },
};
use leptos::prelude::*;

/// The choice, as signals.
#[derive(Clone, Copy)]
pub struct DestinationChoice {
    /// It has the saved ones.
    setup: RwSignal<StudioSetup>,
    checked: RwSignal<Vec<DestinationId>>,
    rehearsal: RwSignal<bool>,
    typed: RwSignal<Vec<DestinationDraft>>,
    last_number: RwSignal<u32>,
}

impl DestinationChoice {
    pub fn new(setup: RwSignal<StudioSetup>) -> Self {
        Self {
            setup,
            checked: RwSignal::default(),
            rehearsal: RwSignal::new(false),
            typed: RwSignal::default(),
            last_number: RwSignal::new(0),
        }
    }

    pub fn count(self) -> usize {
        self.checked.with(Vec::len) + self.typed.with(Vec::len) + usize::from(self.rehearsal.get())
    }

    /// Whether only the streamer can watch it.
    pub fn rehearsal_only(self) -> bool {
        self.rehearsal.get() && self.count() == 1
    }

    /// What is missing or wrong, in words.
    pub fn problem(self) -> Option<String> {
        if self.count() == 0 {
            return Some("Choose a destination or a rehearsal.".to_owned());
        }
        self.typed.with(|typed| typed.iter().find_map(|draft| draft.problem()))
    }

    /// The saved ones that are chosen.
    pub fn checked(self) -> Vec<DestinationId> {
        self.checked.get_untracked()
    }

    /// The platforms of the saved and the new ones.
    pub fn platforms(self) -> Vec<Platform> {
        let checked = self.checked.get();
        let saved =
            self.setup.with(|setup| setup.saved.iter().filter(|of| checked.contains(&of.id)).map(|of| of.platform).collect::<Vec<_>>());
        saved.into_iter().chain(self.typed.get().into_iter().map(|draft| draft.platform.get())).collect()
    }

    pub fn rehearses(self) -> bool {
        self.rehearsal.get()
    }

    /// The new ones.
    pub fn published(self) -> Vec<DestinationInput> {
        self.typed.with_untracked(|typed| typed.iter().map(|draft| to_request(*draft)).collect())
    }

    /// The new ones and the rehearsal.
    pub fn typed(self) -> Vec<DestinationInput> {
        let mut all = self.published();
        if self.rehearsal.get_untracked() {
            all.push(rehearsal());
        }
        all
    }

    /// Removes the new ones, so that keys do not stay in the page longer than needed.
    pub fn clear_typed(self) {
        self.typed.set(Vec::new());
    }

    /// Chooses nothing.
    pub fn clear(self) {
        self.clear_typed();
        self.checked.set(Vec::new());
        self.rehearsal.set(false);
    }

    fn add(self) {
        self.last_number.update(|number| *number += 1);
        let draft = DestinationDraft::new(self.last_number.get_untracked());
        self.typed.update(|typed| typed.push(draft));
    }
}

/// The form as the API takes it.
fn to_request(draft: DestinationDraft) -> DestinationInput {
    let platform = draft.platform.get_untracked();
    let name = draft.name.get_untracked().trim().to_owned();
    let name = if name.is_empty() { platform.label().to_owned() } else { name };
    DestinationInput {
        platform,
        custom_rtmp_url: platform.wants_address().then(|| draft.address.get_untracked().trim().to_owned()),
        stream_key: StreamKey::new(draft.key.get_untracked()),
        save_as: draft.save.get_untracked().then_some(name),
        channel: untrack(|| draft.channel_to_send()),
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

/// What is in `used` is not offered.
#[component]
pub fn DestinationPicker(destinations: DestinationChoice, #[prop(into)] used: Signal<Vec<Destination>>) -> impl IntoView {
    let saved = move || {
        let mut all = destinations.setup.with(|setup| setup.saved.clone());
        used.with(|used| all.retain(|saved| !used.iter().any(|of| of.id == saved.id)));
        all.into_iter().map(|saved| view! { <Saved saved destinations/> }).collect_view()
    };
    let rehearsal = move || {
        let recorded = used.with(|used| used.iter().any(|of| of.platform == Platform::Rehearsal));
        (!recorded).then(|| {
            view! {
                <DestinationCheckbox
                    name="Rehearsal"
                    note="only you can watch it"
                    checked=destinations.rehearsal
                    on_check=move |on| destinations.rehearsal.set(on)
                />
            }
        })
    };
    let remove = move |number: u32| destinations.typed.update(|typed| typed.retain(|draft| draft.number != number));
    view! {
        {saved}
        {rehearsal}
        <For each=move || destinations.typed.get() key=|draft| draft.number let:draft>
            <DestinationForm draft on_close=move |()| remove(draft.number)/>
        </For>
        <button class="button" type="button" on:click=move |_| destinations.add()>"Add a destination"</button>
    }
}

#[component]
fn Saved(saved: Destination, destinations: DestinationChoice) -> impl IntoView {
    let note = match (saved.key_tail.is_empty(), &saved.address) {
        (false, _) => format!("{}, key ends in {}", saved.platform.label(), saved.key_tail),
        (true, Some(address)) => address.clone(),
        (true, None) => saved.platform.label().to_owned(),
    };
    let (id, name) = (saved.id.clone(), saved.label().to_owned());
    let checked = {
        let id = id.clone();
        Signal::derive(move || destinations.checked.with(|all| all.contains(&id)))
    };
    let check = move |on: bool| {
        destinations.checked.update(|all| {
            all.retain(|known| *known != id);
            if on {
                all.push(id.clone());
            }
        });
    };
    view! { <DestinationCheckbox name note checked on_check=check/> }
}
