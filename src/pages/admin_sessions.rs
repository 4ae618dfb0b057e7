//! Every session and its true state. The one that needs a look stands out by tint and words. What is shown stands in the
//! address, so that it can be kept, sent and gone back to.

mod filters;
mod row;
mod summary;
mod table;

use super::layout::load_error;
use crate::{
    api::{
        admin::{SessionOverview, SessionQuery},
        error::ApiError,
    },
    components::notice::Loading,
    rpc::admin::load_session_overview,
};
use filters::Filters;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use summary::Summary;
use table::Table;

/// `/admin/sessions`
#[component]
pub fn AdminSessions() -> AnyView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.with(|query| filters::read(|name| query.get(name))));
    let loaded = Resource::new_blocking(move || wanted.get(), load_session_overview);
    let reload = Callback::new(move |()| loaded.refetch());
    view! {
        <Title text="Sessions"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top">
                <h1>"Sessions"</h1>
                <a class="button" href="/admin/deliveries">"Told to other servers"</a>
            </div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    loaded.get().map(|answer: Result<SessionOverview, ApiError>| match answer {
                        Ok(loaded) => whole(loaded, wanted.get_untracked(), reload),
                        Err(error) => load_error(error, reload),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

fn whole(loaded: SessionOverview, wanted: SessionQuery, reload: Callback<()>) -> AnyView {
    view! {
        <Summary counts=loaded.counts capacity=loaded.capacity.clone() draining=loaded.draining/>
        <Filters wanted=wanted.clone()/>
        <Table loaded wanted reload/>
    }
    .into_any()
}
