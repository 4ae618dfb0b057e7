//! API keys: create, show once, revoke.

use super::{action_error, loaded};
use crate::{
    api::accounts::NewApiKey,
    browser::clock,
    components::{confirm::Confirm, local_time::LocalTime},
    domain::{
        ids::{AgentId, KeyId},
        key::{ApiKey, Scope},
    },
    rpc::settings::{keys, make_key, revoke_key},
};
use leptos::prelude::*;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Of the user and their agents. An administrator's own may have the scope `admin`.
#[component]
pub fn Keys(agents: Vec<(AgentId, String)>, admin: bool) -> impl IntoView {
    let all = Resource::new(|| (), |()| keys());
    let create = Action::new(|wish: &NewApiKey| make_key(wish.clone()));
    let revoke = Action::new(|id: &KeyId| revoke_key(id.clone()));
    let (asking, chosen) = (RwSignal::new(false), RwSignal::new(None::<ApiKey>));
    Effect::new(move |_| {
        if create.value().get().is_some() || revoke.value().get().is_some() {
            all.refetch();
        }
    });
    let names = StoredValue::new(agents.clone());
    let rows = move |all: Vec<ApiKey>| {
        let valid: Vec<ApiKey> = all.into_iter().filter(|key| key.revoked_at.is_none()).collect();
        if valid.is_empty() {
            return view! { <p class="quiet">"No API keys. A key lets a program call the API."</p> }.into_any();
        }
        let rows = valid.into_iter().map(|key| {
            let whose = key.agent.as_ref().and_then(|id| names.with_value(|all| all.iter().find(|(one, _)| one == id).map(|(_, name)| name.clone())));
            let small = [
                Some(format!("{}…", key.prefix)),
                whose.map(|name| format!("for {name}")),
                Some(key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")),
            ];
            let used = match key.last_used_at {
                None => view! { " · never used" }.into_any(),
                Some(at) => view! { " · used "<LocalTime at/> }.into_any(),
            };
            let expires = key.expires_at.map(|at| view! { " · expires "<LocalTime at/> });
            let label = key.name.clone();
            view! {
                <li class="item panel">
                    <div><b>{label.clone()}</b><small>{small.into_iter().flatten().collect::<Vec<_>>().join(" · ")}{used}{expires}</small></div>
                    <button class="button" data-size="small" type="button" aria-label=format!("Revoke {label}") on:click=move |_| { chosen.set(Some(key.clone())); asking.set(true); }>"Revoke"</button>
                </li>
            }
        });
        view! { <ul class="item-list">{rows.collect_view()}</ul> }.into_any()
    };
    let new_key = move || {
        create.value().get().and_then(Result::ok).map(|made| {
            view! {
                <div class="new-key panel" role="status">
                    <p>"Copy this key now: it is not shown again."</p>
                    <code>{made.text}</code>
                </div>
            }
        })
    };
    view! {
        {action_error(revoke)}
        {loaded(all, rows)}
        {new_key}
        <CreatedApiKey agents admin on_create=move |wish| { create.dispatch(wish); } busy=create.pending()/>
        {action_error(create)}
        <Confirm
            open=asking
            title=Signal::derive(move || chosen.get().map(|one| format!("Revoke {}?", one.name)).unwrap_or_default())
            text="Programs that use this key are refused from now on. This cannot be undone."
            action="Revoke"
            on_confirm=Callback::new(move |_| {
                if let Some(one) = chosen.get_untracked() {
                    revoke.dispatch(one.id);
                }
            })
        />
    }
}

#[component]
fn CreatedApiKey(
    agents: Vec<(AgentId, String)>,
    admin: bool,
    #[prop(into)] on_create: Callback<NewApiKey>,
    #[prop(into)] busy: Signal<bool>,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let agent = RwSignal::new(None::<AgentId>);
    let scopes = RwSignal::new(Scope::ALL.to_vec());
    let days = RwSignal::new(None::<i64>);
    let options = agents.iter().map(|(id, name)| view! { <option value=id.to_string()>{name.clone()}</option> }).collect_view();
    let offered = if admin { Scope::WITH_ADMIN.to_vec() } else { Scope::ALL.to_vec() };
    let checkboxes = offered.into_iter().map(|scope| {
        view! {
            <label class="checkbox">
                <input
                    type="checkbox"
                    prop:checked=move || scopes.with(|all| all.contains(&scope))
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        scopes.update(|all| {
                            all.retain(|one| *one != scope);
                            if on {
                                all.push(scope);
                            }
                        });
                    }
                />
                <span>{if scope == Scope::Admin { "admin (everybody's streams)" } else { scope.name() }}</span>
            </label>
        }
    });
    let checkboxes = checkboxes.collect_view();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        on_create.run(NewApiKey {
            name: name.get_untracked(),
            agent_id: agent.get_untracked(),
            scopes: scopes.get_untracked(),
            expires_at: days.get_untracked().map(|days| clock::now().plus_millis(days * DAY_MS)),
        });
    };
    view! {
        <form class="settings-form panel" method="post" on:submit=submit>
            <div class="settings-line">
                <label class="field">
                    <span>"New key name"</span>
                    <input class="input" maxlength="60" required placeholder="game server" prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
                </label>
                <label class="field">
                    <span>"Acts as"</span>
                    <select class="input" on:change=move |event| agent.set(event_target_value(&event).parse().ok())>
                        <option value="">"Yourself"</option>
                        {options}
                    </select>
                </label>
                <label class="field">
                    <span>"Expires"</span>
                    <select class="input" on:change=move |event| days.set(event_target_value(&event).parse().ok())>
                        <option value="">"Never"</option>
                        <option value="7">"In 7 days"</option>
                        <option value="30">"In 30 days"</option>
                        <option value="365">"In a year"</option>
                    </select>
                </label>
            </div>
            <fieldset class="layers">
                <legend>"Scopes"</legend>
                {checkboxes}
            </fieldset>
            <button class="button" type="submit" disabled=move || busy.get()>"Create API key"</button>
        </form>
    }
}
