//! Agents: create, rename, set the avatar, delete.

use super::{action_error, defaults::Defaults, destinations::SavedDestinations};
use crate::{
    api::accounts::NewAgent,
    components::confirm::Confirm,
    domain::{agent::Agent, ids::AgentId},
    rpc::settings::{delete_agent, fetch_avatar, make_agent, rename_agent},
};
use leptos::prelude::*;

#[component]
pub fn Agents(all: Vec<Agent>, on_change: Callback<()>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let create = Action::new(|name: &String| make_agent(NewAgent { name: name.clone() }));
    let delete = Action::new(|id: &AgentId| delete_agent(id.clone()));
    let (asking, chosen) = (RwSignal::new(false), RwSignal::new(None::<Agent>));
    Effect::new(move |_| {
        if matches!(create.value().get(), Some(Ok(_))) || matches!(delete.value().get(), Some(Ok(()))) {
            on_change.run(());
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        create.dispatch(name.get_untracked());
    };
    let rows = all
        .into_iter()
        .map(|agent| view! { <AgentCard agent on_change on_delete=move |agent| { chosen.set(Some(agent)); asking.set(true); }/> })
        .collect_view();
    view! {
        <p class="quiet">"An agent streams without a camera: a program starts its streams and fills the overlay through the API, with its own API key."</p>
        {action_error(delete)}
        <ul class="item-list">{rows}</ul>
        <form class="settings-line" method="post" on:submit=submit>
            <label class="field">
                <span>"New agent name"</span>
                <input class="input" maxlength="40" required prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
            </label>
            <button class="button" type="submit" disabled=move || create.pending().get()>"Create agent"</button>
        </form>
        {action_error(create)}
        <Confirm
            open=asking
            title=Signal::derive(move || chosen.get().map(|one| format!("Delete {}?", one.name)).unwrap_or_default())
            text="Its API keys stop working at once; its destinations and avatar are deleted. Its past streams stay."
            action="Delete"
            on_confirm=Callback::new(move |_| {
                if let Some(one) = chosen.get_untracked() {
                    delete.dispatch(one.id);
                }
            })
        />
    }
}

#[component]
fn AgentCard(agent: Agent, on_change: Callback<()>, #[prop(into)] on_delete: Callback<Agent>) -> impl IntoView {
    let (name, address) = (RwSignal::new(agent.name.clone()), RwSignal::new(String::new()));
    let id = StoredValue::new(agent.id.clone());
    let rename = Action::new(move |name: &String| rename_agent(id.get_value(), NewAgent { name: name.clone() }));
    let fetch = Action::new(move |address: &String| fetch_avatar(id.get_value(), address.clone()));
    Effect::new(move |_| {
        if matches!(rename.value().get(), Some(Ok(_))) || matches!(fetch.value().get(), Some(Ok(_))) {
            on_change.run(());
        }
    });
    let avatar = agent.avatar.map(|number| format!("/api/streaming/agents/{}/avatar?{number}", agent.id));
    let (label, deleted) = (agent.name.clone(), agent.clone());
    view! {
        <li class="agent panel">
            <div class="agent-top">
                {avatar.map(|src| view! { <img class="agent-picture" src=src alt="" width="40" height="40"/> })}
                <div><b>{label.clone()}</b><small class="quiet">{agent.id.to_string()}</small></div>
                <button class="button" data-size="small" type="button" aria-label=format!("Delete {label}") on:click=move |_| on_delete.run(deleted.clone())>"Delete"</button>
            </div>
            <details>
                <summary>"Name, avatar, destinations, default overlay"</summary>
                <form class="settings-line" method="post" on:submit=move |event: leptos::ev::SubmitEvent| { event.prevent_default(); rename.dispatch(name.get_untracked()); }>
                    <label class="field">
                        <span>"Display name"</span>
                        <input class="input" maxlength="40" required prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
                    </label>
                    <button class="button" type="submit">"Rename"</button>
                </form>
                {action_error(rename)}
                <form class="settings-line" method="post" on:submit=move |event: leptos::ev::SubmitEvent| { event.prevent_default(); fetch.dispatch(address.get_untracked()); }>
                    <label class="field">
                        <span>"Avatar URL"</span>
                        <input class="input" type="url" required placeholder="https://host/picture.png" prop:value=address on:input=move |event| address.set(event_target_value(&event))/>
                        <small class="quiet">"PNG, JPEG or WebP, at most 512 kB. It is downloaded once and stored here."</small>
                    </label>
                    <button class="button" type="submit" disabled=move || fetch.pending().get()>"Download"</button>
                </form>
                {action_error(fetch)}
                <h3>"Destinations"</h3>
                <SavedDestinations agent=Some(agent.id.clone())/>
                <h3>"Default overlay"</h3>
                <Defaults agent=Some(agent.id.clone())/>
            </details>
        </li>
    }
}
