//! Saved destinations, default overlay, agents, API keys, password, signed-in devices. Secrets are written and never shown
//! again, except an API key once, when it is created.

mod agents;
mod defaults;
mod destinations;
mod device_name;
mod keys;
mod password;
mod sign_ins;

use super::layout::load_error;
use crate::{
    api::error::ApiError,
    components::notice::{ErrorNotice, Loading},
    domain::account::Role,
    rpc::{accounts::who_am_i, settings::agents as load_agents},
};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Serialize, de::DeserializeOwned};

/// `/settings`
#[component]
pub fn Settings() -> AnyView {
    let agents = Resource::new_blocking(|| (), |()| load_agents());
    let me = Resource::new_blocking(|| (), |()| who_am_i());
    view! {
        <Title text="Settings"/>
        <main class="page" id="content">
            <div class="page-top">
                <h1>"Settings"</h1>
                <a class="button" href="/api/docs">"HTTP API"</a>
            </div>
            <Suspense fallback=|| view! { <Loading/> }>
                {move || {
                    agents.get().zip(me.get()).map(|(answer, me)| match answer {
                        Err(error) => load_error(error, Callback::new(move |()| agents.refetch())),
                        Ok(all) => {
                            let names = StoredValue::new(all.iter().map(|agent| (agent.id.clone(), agent.name.clone())).collect::<Vec<_>>());
                            let admin = me.ok().flatten().is_some_and(|me| me.role == Role::Admin);
                            view! {
                                <section class="settings" aria-labelledby="s-destinations">
                                    <h2 class="section" id="s-destinations">"Saved destinations"</h2>
                                    <destinations::SavedDestinations agent=None/>
                                </section>
                                <section class="settings" aria-labelledby="s-defaults">
                                    <h2 class="section" id="s-defaults">"Default overlay"</h2>
                                    <defaults::Defaults agent=None/>
                                </section>
                                <section class="settings" aria-labelledby="s-agents">
                                    <h2 class="section" id="s-agents">"Agents"</h2>
                                    <agents::Agents all on_change=Callback::new(move |()| agents.refetch())/>
                                </section>
                                <section class="settings" aria-labelledby="s-keys">
                                    <h2 class="section" id="s-keys">"API keys"</h2>
                                    <keys::Keys agents=names.get_value() admin/>
                                </section>
                                <section class="settings" aria-labelledby="s-password">
                                    <h2 class="section" id="s-password">"Password"</h2>
                                    <password::Password/>
                                </section>
                                <section class="settings" aria-labelledby="s-sign-ins">
                                    <h2 class="section" id="s-sign-ins">"Signed-in devices"</h2>
                                    <sign_ins::SignIns/>
                                </section>
                                <section class="settings" aria-labelledby="s-data">
                                    <h2 class="section" id="s-data">"Your data"</h2>
                                    <p class="quiet">"Everything that is stored of this account, as one JSON file. Stream keys and passwords are not in it."</p>
                                    <p class="buttons">
                                        <a class="button" rel="external" download="footlight-account.json" href="/api/account/export">"Export account"</a>
                                        <a class="button" rel="external" href="/account/delete">"Delete account…"</a>
                                    </p>
                                </section>
                            }
                            .into_any()
                        }
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

/// A list while it is loading, once it is loaded, or the error.
pub(super) fn loaded<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static>(
    resource: Resource<Result<T, ApiError>>,
    rows: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let rows = StoredValue::new(rows);
    view! {
        <Transition fallback=|| view! { <Loading/> }>
            {move || {
                resource.get().map(|answer| match answer {
                    Ok(all) => rows.with_value(|rows| rows(all)),
                    Err(error) => view! { <ErrorNotice message=error.message on_retry=Callback::new(move |()| resource.refetch())/> }.into_any(),
                })
            }}
        </Transition>
    }
}

/// The error of an action.
pub(super) fn action_error<I: Send + Sync + 'static, T: Clone + Send + Sync + 'static>(
    action: Action<I, Result<T, ApiError>>,
) -> impl IntoView {
    move || action.value().get().and_then(Result::err).map(|error| view! { <ErrorNotice message=error.message/> })
}
