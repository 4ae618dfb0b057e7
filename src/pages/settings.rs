//! What an account keeps: saved destinations and the password. Stream keys go in and never come out.

use super::{house::ToSignIn, words::key_tail};
use crate::{
    api::error::ErrorCode,
    components::{
        confirm::Confirm,
        notice::{Empty, Loading, Trouble},
    },
    domain::{destination::Destination, ids::DestinationId},
    rpc::{
        accounts::change_password,
        sessions::{delete_destination, saved_destinations},
    },
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/settings`
#[component]
pub fn Settings() -> AnyView {
    let saved = Resource::new_blocking(|| (), |()| saved_destinations());
    let forget = Action::new(|id: &DestinationId| delete_destination(id.clone()));
    let chosen = RwSignal::new(None::<Destination>);
    let asking = RwSignal::new(false);
    Effect::new(move |_| {
        if forget.value().get().is_some() {
            saved.refetch();
        }
    });
    let question = move || chosen.get().map(|one| format!("Forget {}?", one.label())).unwrap_or_default();
    let rows = move |all: Vec<Destination>| {
        if all.is_empty() {
            return view! { <Empty title="No saved destinations" text="Tick “keep it” beside a destination when you go live, and it stands here."/> }.into_any();
        }
        let rows = all.into_iter().map(|one| {
            let small = [one.address.clone(), key_tail(&one).map(|tail| format!("key {tail}"))]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ");
            let label = one.label().to_owned();
            let ask = move |_| {
                chosen.set(Some(one.clone()));
                asking.set(true);
            };
            view! {
                <li class="place panel">
                    <div><b>{label.clone()}</b><small>{small}</small></div>
                    <button class="button" type="button" aria-label=format!("Forget {label}") on:click=ask>"Forget"</button>
                </li>
            }
        });
        view! { <ul class="places">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <Title text="Settings"/>
        <main class="page" id="content">
            <div class="page-top"><h1>"Settings"</h1></div>
            <h2 class="section">"Saved destinations"</h2>
            {move || forget.value().get().and_then(Result::err).map(|error| view! { <Trouble message=error.message/> })}
            <Suspense fallback=|| view! { <Loading/> }>
                {move || {
                    saved.get().map(|answer| match answer {
                        Ok(all) => rows(all),
                        Err(error) if error.code == ErrorCode::Unauthenticated => view! { <ToSignIn/> }.into_any(),
                        Err(error) => view! { <Trouble message=error.message on_retry=Callback::new(move |()| saved.refetch())/> }.into_any(),
                    })
                }}
            </Suspense>
            <h2 class="section">"Password"</h2>
            <Password/>
            <Confirm
                open=asking
                title=Signal::derive(question)
                text="The stream key is erased. Running shows keep playing there."
                action="Forget it"
                cancel="Keep it"
                on_confirm=Callback::new(move |_| {
                    if let Some(one) = chosen.get_untracked() {
                        forget.dispatch(one.id);
                    }
                })
            />
        </main>
    }
    .into_any()
}

#[component]
fn Password() -> impl IntoView {
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let change = Action::new(|(old, new): &(String, String)| change_password((!old.is_empty()).then(|| old.clone()), new.clone()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        change.dispatch((old.get_untracked(), new.get_untracked()));
    };
    Effect::new(move |_| {
        if matches!(change.value().get(), Some(Ok(()))) {
            old.set(String::new());
            new.set(String::new());
        }
    });
    let outcome = move || {
        change.value().get().map(|answer| match answer {
            Ok(()) => view! { <p class="done" role="status">"The new password counts from now on."</p> }.into_any(),
            Err(error) => view! { <Trouble message=error.message/> }.into_any(),
        })
    };
    view! {
        <form class="password panel" method="post" on:submit=submit>
            <label class="field">
                <span>"Present password"</span>
                <input class="input" type="password" autocomplete="current-password" prop:value=old on:input=move |event| old.set(event_target_value(&event))/>
                <small class="quiet">"Leave it empty if you came by a one-time link and have none yet."</small>
            </label>
            <label class="field">
                <span>"New password"</span>
                <input class="input" type="password" autocomplete="new-password" required minlength="10" prop:value=new on:input=move |event| new.set(event_target_value(&event))/>
                <small class="quiet">"Ten characters or more."</small>
            </label>
            {outcome}
            <button class="button" type="submit" disabled=move || change.pending().get()>"Change the password"</button>
        </form>
    }
}
