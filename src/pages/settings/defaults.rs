//! The default overlay of streams, and auto-start.

use super::{action_error, loaded};
use crate::{
    api::accounts::OwnerDefaults,
    components::{
        appearance_options::{AppearanceOptions, LayerOptions, WebcamOptions},
        checkbox::Checkbox,
    },
    domain::{
        agent::AfterGame,
        ids::AgentId,
        overlay::{OverlayPatch, OverlaySettings},
    },
    rpc::settings::{defaults, list_saved_destinations, set_defaults},
};
use leptos::prelude::*;

/// Of the user, or of one of their agents. Every change is saved at once.
#[component]
pub fn Defaults(agent: Option<AgentId>) -> impl IntoView {
    let of_agent = agent.is_some();
    let whose = StoredValue::new(agent);
    let loaded_defaults = Resource::new(|| (), move |()| defaults(whose.get_value()));
    // An agent may use its user's destinations too.
    let destinations = Resource::new(
        || (),
        move |()| async move {
            let mut all = list_saved_destinations(whose.get_value()).await?;
            if of_agent {
                all.extend(list_saved_destinations(None).await?);
            }
            Ok(all)
        },
    );
    let save = Action::new(move |wish: &OwnerDefaults| set_defaults(whose.get_value(), wish.clone()));
    let saved = move || matches!(save.value().get(), Some(Ok(_))).then(|| view! { <p class="done" role="status">"Saved."</p> });
    let rows = move |wish: OwnerDefaults| {
        let base = if of_agent { OverlaySettings::for_agent() } else { OverlaySettings::for_user() };
        let wish = RwSignal::new(wish);
        let settings = Signal::derive(move || wish.with(|wish| wish.overlay.apply(&base)));
        let patch = Callback::new(move |patch: OverlayPatch| {
            wish.update(|wish| {
                wish.overlay = wish.overlay.and(&patch);
            });
            save.dispatch(wish.get_untracked());
        });
        view! {
            <LayerOptions settings on_change=patch/>
            <WebcamOptions settings on_change=patch/>
            <AppearanceOptions settings on_change=patch/>
            <p><a href="/gallery">"Overlay gallery"</a></p>
            <AutoStartChoice wish of_agent on_change=move |()| { save.dispatch(wish.get_untracked()); } destinations/>
        }
        .into_any()
    };
    view! { <div class="settings-form panel">{loaded(loaded_defaults, rows)} {action_error(save)} {saved}</div> }
}

#[component]
fn AutoStartChoice(
    wish: RwSignal<OwnerDefaults>,
    of_agent: bool,
    #[prop(into)] on_change: Callback<()>,
    destinations: Resource<Result<Vec<crate::api::sessions::SavedDestinationView>, crate::api::error::ApiError>>,
) -> impl IntoView {
    let change = move |step: &dyn Fn(&mut OwnerDefaults)| {
        wish.update(|wish| step(wish));
        on_change.run(());
    };
    let rows = move |all: Vec<crate::api::sessions::SavedDestinationView>| {
        if all.is_empty() {
            return view! { <p class="quiet">"Save a destination first. Then streams can start there automatically."</p> }.into_any();
        }
        let checkboxes = all.into_iter().map(|saved| {
            let (id, label) = (saved.destination.id.clone(), saved.destination.label().to_owned());
            let shown = id.clone();
            let checked = Signal::derive(move || wish.with(|wish| wish.auto_start.destinations.contains(&shown)));
            let on_check = move |on: bool| {
                change(&|wish| {
                    wish.auto_start.destinations.retain(|one| one != &id);
                    if on {
                        wish.auto_start.destinations.push(id.clone());
                    }
                    wish.auto_start.on &= !wish.auto_start.destinations.is_empty();
                });
            };
            view! { <Checkbox label checked on_check/> }
        });
        view! { <div class="checkboxes">{checkboxes.collect_view()}</div> }.into_any()
    };
    let text = if of_agent { "Start a stream when a game begins" } else { "Use these destinations when a start names none" };
    view! {
        <fieldset class="layers">
            <legend>"Auto-start"</legend>
            {loaded(destinations, rows)}
            <Checkbox
                label=text
                checked=Signal::derive(move || wish.with(|wish| wish.auto_start.on))
                on_check=move |on| change(&|wish| wish.auto_start.on = on)
                disabled=Signal::derive(move || wish.with(|wish| wish.auto_start.destinations.is_empty()))
            />
            {of_agent.then(|| view! {
                <Checkbox
                    label="Stay on air when the game is over"
                    checked=Signal::derive(move || wish.with(|wish| wish.auto_start.after_game == AfterGame::Keep))
                    on_check=move |on| {
                        let after = if on { AfterGame::Keep } else { AfterGame::Stop };
                        change(&|wish| wish.auto_start.after_game = after);
                    }
                />
            })}
        </fieldset>
    }
}
