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
    browser::{alive::once_alive, clock},
    components::notice::{Loading, Trouble},
    rpc::sessions::show_runs,
};
use desk::Desk;
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use plan::Plan;
use pre_join::PreJoin;
use show::{Opening, preload_studio, resume};

/// The page. A running show is found again at load.
#[component]
pub fn GoLive() -> AnyView {
    let found = Resource::new_blocking(|| (), |()| show_runs());
    view! {
        <Title text="Go live"/>
        <main class="page go-live" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    found.get().map(|answer| match answer {
                        Ok(runs) => view! { <Stages runs/> }.into_any(),
                        Err(error) => view! { <h1>"Go live"</h1>{refusal(error, Callback::new(move |()| found.refetch()))} }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Which of the two it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Show,
}

#[component]
fn Stages(runs: bool) -> impl IntoView {
    let Guest(me) = expect_context();
    let desk = Desk::new();
    let plan = Plan::new();
    let opening = StoredValue::new(None::<Opening>);
    // A part that is fetched cannot be made alive together with the page: after a reload it comes behind it.
    let alive = RwSignal::new(false);
    Effect::new(move |_| {
        // By the time of the click it is there.
        spawn_local(async {
            // If not, it is asked for again when it is needed.
            let _ = preload_studio().await;
        });
        let name = me.get_untracked().and_then(Result::ok).flatten().map(|me| me.name).unwrap_or_default();
        once_alive(move || {
            desk.begin(&name);
            alive.set(true);
        });
    });
    on_cleanup(move || desk.close_all());
    let stage = RwSignal::new(if runs { Stage::Show } else { Stage::Before });
    // In a turn of its own: what asks for it still reads what goes with the old stage.
    let go = move |to: Stage| {
        clock::after(0, move || {
            // The page may have been left meanwhile.
            let _ = stage.try_set(to);
        });
    };
    let on_started = Callback::new(move |started: Opening| {
        opening.set_value(Some(started));
        go(Stage::Show);
    });
    let on_again = Callback::new(move |()| {
        go(Stage::Before);
        desk.wake();
    });
    let again = Callback::new(move |()| stage.notify());
    let found = move || async move {
        let Ok(answer) = resume().await else {
            return not_here("The show is running, but the studio did not reach this browser.".to_owned(), again);
        };
        match answer.await {
            Ok(Some(opening)) => opening.open(desk, on_again),
            // It ended in between.
            Ok(None) => {
                on_again.run(());
                view! { <Loading/> }.into_any()
            }
            Err(error) => not_here(error.message, again),
        }
    };
    move || match stage.get() {
        Stage::Before => view! { <PreJoin desk plan on_started/> }.into_any(),
        Stage::Show if !alive.get() => view! { <Loading/> }.into_any(),
        Stage::Show => match opening.try_update_value(Option::take).flatten() {
            Some(opening) => opening.open(desk, on_again),
            None => view! { <Suspense fallback=|| view! { <Loading/> }>{Suspend::new(found())}</Suspense> }.into_any(),
        },
    }
}

fn not_here(message: String, again: Callback<()>) -> AnyView {
    view! { <Trouble message on_retry=again/> }.into_any()
}
