//! The form of one destination: platform, address, key. The key stays in its field until the stream starts.

use super::{checkbox::Checkbox, text_field::TextField};
use crate::domain::{
    destination::{Platform, StreamKey, UnusableDestination, ingest_address, separate},
    viewers::channel,
};
use leptos::prelude::*;

/// The state of the form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DestinationDraft {
    /// Distinguishes the forms of a page.
    pub number: u32,
    pub platform: RwSignal<Platform>,
    /// The ingest address, if the platform has no fixed one.
    pub address: RwSignal<String>,
    pub key: RwSignal<String>,
    /// Whether to save it for the next stream.
    pub save: RwSignal<bool>,
    /// The name to save it under.
    pub name: RwSignal<String>,
    /// The channel whose viewers are counted.
    pub channel: RwSignal<String>,
}

impl DestinationDraft {
    pub fn new(number: u32) -> Self {
        Self {
            number,
            platform: RwSignal::new(Platform::Twitch),
            address: RwSignal::default(),
            key: RwSignal::default(),
            save: RwSignal::new(false),
            name: RwSignal::default(),
            channel: RwSignal::default(),
        }
    }

    /// Empties it, so that the key does not stay in the page longer than needed.
    pub fn clear(self) {
        self.platform.set(Platform::Twitch);
        for text in [self.address, self.key, self.name, self.channel] {
            text.set(String::new());
        }
        self.save.set(false);
    }

    /// `None` if the platform reports no viewer counts.
    pub fn channel_to_send(self) -> Option<String> {
        let typed = self.channel.get();
        (self.platform.get().tells_viewers() && !typed.trim().is_empty()).then_some(typed)
    }

    /// What is missing or wrong, in words.
    pub fn problem(self) -> Option<String> {
        let channel = || channel(self.platform.get(), self.channel_to_send().as_deref()).err().map(|problem| problem.to_string());
        self.unusable().map(|problem| problem.to_string()).or_else(channel)
    }

    fn unusable(self) -> Option<UnusableDestination> {
        let platform = self.platform.get();
        let (address, key) = separate(platform, Some(&self.address.get()), StreamKey::new(self.key.get()));
        match ingest_address(platform, address.as_deref(), &key) {
            Err(problem) => Some(problem),
            Ok(Some(address))
                if !["rtmp://", "rtmps://"].iter().any(|scheme| address.len() > scheme.len() && address.starts_with(scheme)) =>
            {
                Some(UnusableDestination::AddressMalformed(address))
            }
            Ok(_) => None,
        }
    }
}

#[component]
pub fn DestinationForm(
    draft: DestinationDraft,
    /// Label of the button that closes the form.
    #[prop(default = "Remove")]
    close: &'static str,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let revealed = RwSignal::new(false);
    let wants_address = move || draft.platform.get().wants_address();
    let options = Platform::ALL
        .into_iter()
        .filter(|platform| *platform != Platform::Rehearsal)
        .map(|platform| {
            let text = if platform == Platform::Custom { "Custom server" } else { platform.label() };
            view! { <option value=platform.name() selected=move || draft.platform.get() == platform>{text}</option> }
        })
        .collect_view();
    let choose = move |event| {
        let name = event_target_value(&event);
        if let Some(platform) = Platform::ALL.into_iter().find(|platform| platform.name() == name) {
            draft.platform.set(platform);
        }
    };
    let touched = move || [draft.key, draft.address, draft.channel].iter().any(|text| !text.with(String::is_empty));
    view! {
        <fieldset class="destination-form">
            <legend class="visually-hidden">"Destination"</legend>
            <label class="field">
                <span>"Platform"</span>
                <select class="input" on:change=choose>{options}</select>
            </label>
            <Show when=wants_address>
                <TextField
                    label="Server address"
                    inputmode="url"
                    verbatim=true
                    placeholder="rtmps://host/application"
                    value=draft.address
                    on_type=move |text| draft.address.set(text)
                />
            </Show>
            <div class="destination-form-key">
                <TextField
                    label="Stream key"
                    hidden=Signal::derive(move || !revealed.get())
                    verbatim=true
                    value=draft.key
                    on_type=move |text| draft.key.set(text)
                />
                <button class="button" type="button" on:click=move |_| revealed.update(|shown| *shown = !*shown)>
                    {move || if revealed.get() { "Hide" } else { "Reveal" }}
                </button>
            </div>
            <Show when=move || draft.platform.get().tells_viewers()>
                <TextField
                    label="Channel (for viewer counts)"
                    verbatim=true
                    most=200
                    placeholder=Signal::derive(move || if draft.platform.get() == Platform::Twitch { "twitch.tv/name" } else { "@handle" })
                    value=draft.channel
                    on_type=move |text| draft.channel.set(text)
                />
            </Show>
            <Checkbox label="Save for next time" checked=draft.save on_check=move |on| draft.save.set(on)/>
            <Show when=move || draft.save.get()>
                <TextField
                    label="Save as"
                    most=60
                    placeholder=Signal::derive(move || draft.platform.get().label())
                    value=draft.name
                    on_type=move |text| draft.name.set(text)
                />
            </Show>
            <p class="destination-form-error" aria-live="polite">{move || draft.problem().filter(|_| touched()).map(|problem| sentence(&problem))}</p>
            <button class="button" type="button" on:click=move |_| on_close.run(())>{close}</button>
        </fieldset>
    }
}

fn sentence(problem: &str) -> String {
    let mut letters = problem.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
