//! `/go-live`: before a stream (`PreJoin`), during it (`Studio`), after it (`Ended`). One page, so that camera, microphone and
//! screen stay open from the first preview to the end.

mod activity;
mod destination_list;
mod destination_picker;
mod devices_panel;
mod draft;
mod ended;
mod labels;
mod live_session;
mod live_view;
mod local_media;
mod media_check;
mod missing_devices;
mod pre_join;
mod preflight;
mod preview;
mod scene_switch;
mod shortcuts;
mod studio;

use super::layout::{CurrentUser, load_error};
use crate::{
    api::sessions::{SessionView, StudioSetup},
    browser::{clock, hydration::after_hydration},
    components::notice::Loading,
    domain::room::RoomAccess,
    rpc::sessions::load_setup,
};
use draft::SessionDraft;
use leptos::prelude::*;
use leptos_meta::Title;
use live_view::LiveView;
use local_media::LocalMedia;
use pre_join::PreJoin;

/// A running session is found again when the page loads.
#[component]
pub fn GoLive() -> AnyView {
    let found = Resource::new_blocking(|| (), |()| load_setup());
    view! {
        <Title text="Go live"/>
        <main class="page go-live" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    found.get().map(|answer| match answer {
                        Ok(setup) => view! { <StageSwitch setup/> }.into_any(),
                        Err(error) => view! { <h1>"Go live"</h1>{load_error(error, Callback::new(move |()| found.refetch()))} }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}

#[derive(Clone)]
enum Stage {
    /// No session runs: preview, destinations, checks, the button.
    PreJoin,
    /// A session runs, or has just ended. Whoever started it in this page has access to its room.
    Session { view: Box<SessionView>, access: Option<RoomAccess> },
}

#[component]
fn StageSwitch(setup: StudioSetup) -> impl IntoView {
    let CurrentUser(me) = expect_context();
    let media = LocalMedia::new();
    let mut setup = setup;
    let first = setup.session.take().map_or(Stage::PreJoin, |view| Stage::Session { view: Box::new(view), access: None });
    let draft = SessionDraft::new(setup);
    // The studio is rendered in the browser only: it shows what only the browser knows.
    let hydrated = RwSignal::new(false);
    Effect::new(move |_| {
        let name = me.get_untracked().and_then(Result::ok).flatten().map(|me| me.name).unwrap_or_default();
        after_hydration(move || {
            media.start(&name);
            hydrated.set(true);
        });
    });
    on_cleanup(move || media.close_all());
    let stage = RwSignal::new(first);
    // In a task of its own, because the code that asks for it still reads signals of the old stage.
    let go = move |to: Stage| {
        clock::after(0, move || {
            // The page may have been left meanwhile.
            let _ = stage.try_set(to);
        });
    };
    let on_started = Callback::new(move |(view, access)| go(Stage::Session { view: Box::new(view), access }));
    let on_again = Callback::new(move |()| {
        go(Stage::PreJoin);
        media.reopen();
        draft.refresh();
    });
    move || match stage.get() {
        Stage::PreJoin => view! { <PreJoin media draft on_started/> }.into_any(),
        Stage::Session { .. } if !hydrated.get() => view! { <Loading/> }.into_any(),
        Stage::Session { view, access } => view! { <LiveView media setup=draft.setup view=*view access on_again/> }.into_any(),
    }
}
