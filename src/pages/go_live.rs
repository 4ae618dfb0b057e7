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
mod studio;
mod targets;
mod words;

use super::house::{Guest, refusal};
use crate::{
    api::sessions::{SessionView, StartedShow},
    browser::{alive::once_alive, clock},
    components::notice::{Loading, Trouble},
    domain::room::RoomAccess,
    rpc::sessions::running_session,
};
use desk::Desk;
use ended::Ended;
use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_split::{SplitLoaderError, wasm_split},
};
use leptos_meta::Title;
use plan::Plan;
use pre_join::PreJoin;
use running::{Running, is_over};
use studio::Studio;

/// The page. A running show is found again at load: a reload rejoins it.
#[component]
pub fn GoLive() -> AnyView {
    let found = Resource::new_blocking(|| (), |()| running_session());
    view! {
        <Title text="Go live"/>
        <main class="page go-live" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    found.get().map(|answer| match answer {
                        Ok(found) => view! { <Stages found/> }.into_any(),
                        Err(error) => view! { <h1>"Go live"</h1>{refusal(error, Callback::new(move |()| found.refetch()))} }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Which of the three stages it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    OnAir,
    After,
}

impl Stage {
    #[expect(clippy::ref_option, reason = "what a signal lends")]
    fn of(view: &Option<SessionView>) -> Self {
        match view {
            None => Self::Before,
            Some(view) if is_over(view) => Self::After,
            Some(_) => Self::OnAir,
        }
    }
}

#[component]
fn Stages(found: Option<SessionView>) -> impl IntoView {
    let Guest(me) = expect_context();
    let desk = Desk::new();
    let running = Running::new(found);
    let plan = Plan::new();
    let access = StoredValue::new(None::<RoomAccess>);
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
    let stage = RwSignal::new(running.view.with_untracked(Stage::of));
    // It changes in a turn of its own: in the turn of the news itself parts of the old stage may be queued to read it, behind
    // what drops that stage and all its signals.
    Effect::new(move |_| {
        if running.view.with(Stage::of) == stage.get_untracked() {
            return;
        }
        clock::after(0, move || {
            // The page may have been left meanwhile, or other news may have brought the stage there: it is not built twice.
            if let Some(now) = running.view.try_with_untracked(Stage::of)
                && now != stage.get_untracked()
            {
                stage.set(now);
            }
        });
    });
    let on_started = Callback::new(move |started: StartedShow| {
        access.set_value(started.room);
        running.tell(started.session);
    });
    let again = Callback::new(move |()| {
        running.clear();
        desk.wake();
    });
    move || match stage.get() {
        Stage::Before => view! { <PreJoin desk plan on_started/> }.into_any(),
        Stage::OnAir if !alive.get() => view! { <Loading/> }.into_any(),
        Stage::OnAir => {
            let access = access.try_update_value(Option::take).flatten();
            let shown = async move { studio(desk, running, access).await.unwrap_or_else(|_| not_loaded(stage)) };
            view! { <Suspense fallback=|| view! { <Loading/> }>{Suspend::new(shown)}</Suspense> }.into_any()
        }
        Stage::After => view! { <Ended desk running on_again=again/> }.into_any(),
    }
}

/// The Studio in a file of its own, so that the first preview does not wait for it. Written out instead of `#[lazy]`, which
/// breaks the whole page off when the file does not come.
#[allow(clippy::unnecessary_wraps, reason = "the file may not come: the macro makes the error")]
#[wasm_split(studio, wasm_split_path = leptos::wasm_split, preload(preload_studio), fallible)]
fn studio(desk: Desk, running: Running, access: Option<RoomAccess>) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <Studio desk running access/> }.into_any())
}

fn not_loaded(stage: RwSignal<Stage>) -> AnyView {
    let again = Callback::new(move |()| stage.notify());
    view! { <Trouble message="The show is running, but the studio did not reach this browser." on_retry=again/> }.into_any()
}
