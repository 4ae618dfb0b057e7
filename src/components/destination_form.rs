//! One destination as it is typed: platform, address, key. The key stays in its field until the show starts.

use crate::domain::{
    destination::{Platform, StreamKey, UnusableDestination, ingest_address},
    viewers::channel,
};
use leptos::prelude::*;

/// A destination being typed, as signals: each field belongs to its input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DestinationDraft {
    /// Tells the forms of one page apart.
    pub number: u32,
    /// What kind of place.
    pub platform: RwSignal<Platform>,
    /// The server's address, where the platform wants one.
    pub address: RwSignal<String>,
    /// The stream key.
    pub key: RwSignal<String>,
    /// Whether it is kept for the next show.
    pub keep: RwSignal<bool>,
    /// The owner's name for it.
    pub name: RwSignal<String>,
    /// The channel there, whose viewers are counted.
    pub channel: RwSignal<String>,
}

impl DestinationDraft {
    /// An empty form.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            platform: RwSignal::new(Platform::Twitch),
            address: RwSignal::default(),
            key: RwSignal::default(),
            keep: RwSignal::new(false),
            name: RwSignal::default(),
            channel: RwSignal::default(),
        }
    }

    /// Empties it: a key does not stay in the page longer than needed.
    pub fn clear(self) {
        self.platform.set(Platform::Twitch);
        for text in [self.address, self.key, self.name, self.channel] {
            text.set(String::new());
        }
        self.keep.set(false);
    }

    /// The channel as it is sent: none where the platform tells nobody how many watch.
    pub fn channel_to_send(self) -> Option<String> {
        let typed = self.channel.get();
        (self.platform.get().tells_viewers() && !typed.trim().is_empty()).then_some(typed)
    }

    /// What is still wrong with it, in words.
    pub fn fault(self) -> Option<String> {
        let channel = || channel(self.platform.get(), self.channel_to_send().as_deref()).err().map(|fault| fault.to_string());
        self.unusable().map(|fault| fault.to_string()).or_else(channel)
    }

    fn unusable(self) -> Option<UnusableDestination> {
        let address = self.address.get();
        let key = StreamKey::new(self.key.get());
        match ingest_address(self.platform.get(), Some(&address), &key) {
            Err(fault) => Some(fault),
            Ok(Some(address))
                if !["rtmp://", "rtmps://"].iter().any(|scheme| address.len() > scheme.len() && address.starts_with(scheme)) =>
            {
                Some(UnusableDestination::AddressMalformed(address))
            }
            Ok(_) => None,
        }
    }
}

/// The fields of one typed destination, with a way to take it back.
#[component]
pub fn DestinationForm(place: DestinationDraft, #[prop(into)] on_remove: Callback<()>) -> impl IntoView {
    let revealed = RwSignal::new(false);
    let wants_address = move || place.platform.get().wants_address();
    let options = Platform::ALL
        .into_iter()
        .filter(|platform| *platform != Platform::Rehearsal)
        .map(|platform| {
            let words = if platform == Platform::Custom { "Custom server" } else { platform.label() };
            view! { <option value=platform.name() selected=move || place.platform.get() == platform>{words}</option> }
        })
        .collect_view();
    let choose = move |event| {
        let name = event_target_value(&event);
        if let Some(platform) = Platform::ALL.into_iter().find(|platform| platform.name() == name) {
            place.platform.set(platform);
        }
    };
    let touched = move || [place.key, place.address, place.channel].iter().any(|text| !text.with(String::is_empty));
    view! {
        <fieldset class="destination-form">
            <legend class="visually-hidden">"A destination for this show"</legend>
            <label class="field">
                <span>"Platform"</span>
                <select class="input" on:change=choose>{options}</select>
            </label>
            <Show when=wants_address>
                <label class="field">
                    <span>"Server address"</span>
                    <input
                        class="input"
                        inputmode="url"
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="rtmps://host/application"
                        prop:value=place.address
                        on:input=move |event| place.address.set(event_target_value(&event))
                    />
                </label>
            </Show>
            <div class="destination-form-key">
                <label class="field">
                    <span>"Stream key"</span>
                    <input
                        class="input"
                        type=move || if revealed.get() { "text" } else { "password" }
                        autocomplete="off"
                        spellcheck="false"
                        prop:value=place.key
                        on:input=move |event| place.key.set(event_target_value(&event))
                    />
                </label>
                <button class="button" type="button" on:click=move |_| revealed.update(|shown| *shown = !*shown)>
                    {move || if revealed.get() { "Hide" } else { "Reveal" }}
                </button>
            </div>
            <Show when=move || place.platform.get().tells_viewers()>
                <label class="field">
                    <span>"Channel, to count viewers"</span>
                    <input
                        class="input"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength="200"
                        placeholder=move || if place.platform.get() == Platform::Twitch { "twitch.tv/name" } else { "@handle" }
                        prop:value=place.channel
                        on:input=move |event| place.channel.set(event_target_value(&event))
                    />
                </label>
            </Show>
            <label class="checkbox">
                <input type="checkbox" prop:checked=place.keep on:change=move |event| place.keep.set(event_target_checked(&event))/>
                <span>"Keep it"</span>
            </label>
            <Show when=move || place.keep.get()>
                <label class="field">
                    <span>"Keep it under"</span>
                    <input
                        class="input"
                        maxlength="60"
                        placeholder=move || place.platform.get().label()
                        prop:value=place.name
                        on:input=move |event| place.name.set(event_target_value(&event))
                    />
                </label>
            </Show>
            <p class="destination-form-error" aria-live="polite">{move || place.fault().filter(|_| touched()).map(|fault| sentence(&fault))}</p>
            <button class="button" type="button" on:click=move |_| on_remove.run(())>"Take it back"</button>
        </fieldset>
    }
}

fn sentence(fault: &str) -> String {
    let mut letters = fault.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
