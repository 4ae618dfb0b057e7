//! All sessions, for administrators. Those that need attention stand out. The filter is in the address, so that it can be
//! bookmarked and shared.

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
    let filter = Memo::new(move |_| query.with(|query| filters::read(|name| query.get(name))));
    let overview = Resource::new_blocking(move || filter.get(), load_session_overview);
    let reload = Callback::new(move |()| overview.refetch());
    view! {
        <Title text="All streams"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top">
                <h1>"All streams"</h1>
                <div class="buttons">
                    <a class="button" href="/admin/health">"Health"</a>
                    <a class="button" href="/admin/deliveries">"Webhook deliveries"</a>
                </div>
            </div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    overview.get().map(|answer: Result<SessionOverview, ApiError>| match answer {
                        Ok(overview) => whole(overview, filter.get_untracked(), reload),
                        Err(error) => load_error(error, reload),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

fn whole(overview: SessionOverview, filter: SessionQuery, reload: Callback<()>) -> AnyView {
    view! {
        <Summary counts=overview.counts capacity=overview.capacity.clone() draining=overview.draining/>
        <Filters filter=filter.clone()/>
        <Table overview filter reload/>
    }
    .into_any()
}
