//! Every session and its true state. The one that needs a look stands out by tint and words. What is shown stands in the
//! address, so that it can be kept, sent and gone back to.

mod filters;
mod head;
mod row;
mod table;

use super::house::refusal;
use crate::{
    api::{
        admin::{Hall, Wanted},
        error::ApiError,
    },
    components::notice::Loading,
    rpc::admin::load_hall,
};
use filters::Filters;
use head::Head;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use table::Table;

/// `/admin/sessions`
#[component]
pub fn AdminSessions() -> AnyView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.with(|query| filters::read(|name| query.get(name))));
    let hall = Resource::new_blocking(move || wanted.get(), load_hall);
    let reload = Callback::new(move |()| hall.refetch());
    view! {
        <Title text="Sessions"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top">
                <h1>"Sessions"</h1>
                <a class="button" href="/admin/deliveries">"Told to other servers"</a>
            </div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    hall.get().map(|answer: Result<Hall, ApiError>| match answer {
                        Ok(hall) => whole(hall, wanted.get_untracked(), reload),
                        Err(error) => refusal(error, reload),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

fn whole(hall: Hall, wanted: Wanted, reload: Callback<()>) -> AnyView {
    view! {
        <Head counts=hall.counts capacity=hall.capacity.clone() draining=hall.draining/>
        <Filters wanted=wanted.clone()/>
        <Table hall wanted reload/>
    }
    .into_any()
}
