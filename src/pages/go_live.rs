//! `/go-live`: before the show (`PreJoin`), on air (Studio), after it. One page, so that camera, microphone and screen run
//! through from the first preview to the end.

mod desk;
mod devices_panel;
mod ended;
mod log;
mod overlay_panel;
mod places;
mod plan;
mod pre_join;
mod programme;
mod running;
mod shortcuts;
mod show;
mod studio;
mod targets;
mod words;

use super::house::{Guest, refusal};
use crate::{
    api::sessions::SessionView,
    browser::{alive::once_alive, clock},
    components::notice::Loading,
    domain::room::RoomAccess,
    rpc::sessions::running_session,
};
use desk::Desk;
use leptos::prelude::*;
use leptos_meta::Title;
use plan::Plan;
use pre_join::PreJoin;
use show::Show;

/// The page. A running show is found again at load.
#[component]
pub fn GoLive() -> AnyView {
    let found = Resource::new_blocking(|| (), |()| running_session());
    view! {
        <Title text="Go live"/>
        <main class="page go-live" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    found.get().map(|answer| match answer {
                        Ok(running) => view! { <Stages running/> }.into_any(),
                        Err(error) => view! { <h1>"Go live"</h1>{refusal(error, Callback::new(move |()| found.refetch()))} }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

/// What stands on the page.
#[derive(Clone)]
enum Stage {
    /// Nothing runs: the picture, the destinations, the button.
    Before,
    /// A show runs, or has just ended. Who started it here has the access to its room.
    Show { view: Box<SessionView>, access: Option<RoomAccess> },
}

#[component]
fn Stages(running: Option<SessionView>) -> impl IntoView {
    let Guest(me) = expect_context();
    let desk = Desk::new();
    let plan = Plan::new();
    // The studio is made in the browser only: it shows what only the browser knows.
    let alive = RwSignal::new(false);
    Effect::new(move |_| {
        let name = me.get_untracked().and_then(Result::ok).flatten().map(|me| me.name).unwrap_or_default();
        once_alive(move || {
            desk.begin(&name);
            alive.set(true);
        });
    });
    on_cleanup(move || desk.close_all());
    let first = running.map_or(Stage::Before, |view| Stage::Show { view: Box::new(view), access: None });
    let stage = RwSignal::new(first);
    // In a turn of its own: what asks for it still reads what goes with the old stage.
    let go = move |to: Stage| {
        clock::after(0, move || {
            // The page may have been left meanwhile.
            let _ = stage.try_set(to);
        });
    };
    let on_started = Callback::new(move |(view, access)| go(Stage::Show { view: Box::new(view), access }));
    let on_again = Callback::new(move |()| {
        go(Stage::Before);
        desk.wake();
    });
    move || match stage.get() {
        Stage::Before => view! { <PreJoin desk plan on_started/> }.into_any(),
        Stage::Show { .. } if !alive.get() => view! { <Loading/> }.into_any(),
        Stage::Show { view, access } => view! { <Show desk view=*view access on_again/> }.into_any(),
    }
}
