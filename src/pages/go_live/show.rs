//! What the page needs only after a click: the show, on air and after it, and the form for a destination. It is a file of its own,
//! fetched behind the first preview and there by the time of the click.

use super::{
    desk::Desk,
    ended::Ended,
    running::{Running, is_over},
    studio::Studio,
};
use crate::{
    api::{
        error::ApiError,
        sessions::{SessionView, StartShow},
    },
    browser::clock,
    components::destination_form::{DestinationForm, TypedPlace},
    domain::room::RoomAccess,
    rpc::sessions::{running_session, start_session},
};
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};
use std::pin::Pin;

/// A show that can be shown. The page hands it on without knowing what is in it.
pub struct Opening(Box<dyn FnOnce(Desk, Callback<()>) -> AnyView + Send + Sync>);

impl Opening {
    fn of(view: SessionView, access: Option<RoomAccess>) -> Self {
        Self(Box::new(move |desk, on_again| view! { <Show desk view access on_again/> }.into_any()))
    }

    /// What is on the page from now on. `on_again`: the streamer wants another show.
    pub fn open(self, desk: Desk, on_again: Callback<()>) -> AnyView {
        self.0(desk, on_again)
    }
}

/// What is asked of the server from within the file.
type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>;

/// Starts a show. Written out instead of `#[lazy]`, which breaks the whole page off when the file does not come.
#[allow(clippy::unnecessary_wraps, reason = "the file may not come: the macro makes the error")]
#[wasm_split(studio, wasm_split_path = leptos::wasm_split, preload(preload_studio), fallible)]
pub fn start(wish: StartShow) -> Result<Answer<Opening>, SplitLoaderError> {
    Ok(Box::pin(async move { start_session(wish).await.map(|started| Opening::of(started.session, started.room)) }))
}

/// The show that runs already, if it still does: a reload rejoins it.
#[allow(clippy::unnecessary_wraps, reason = "the file may not come: the macro makes the error")]
#[wasm_split(studio, wasm_split_path = leptos::wasm_split, fallible)]
pub fn resume() -> Result<Answer<Option<Opening>>, SplitLoaderError> {
    Ok(Box::pin(async move { running_session().await.map(|found| found.map(|view| Opening::of(view, None))) }))
}

/// The form of one destination.
#[allow(clippy::unnecessary_wraps, reason = "the file may not come: the macro makes the error")]
#[wasm_split(studio, wasm_split_path = leptos::wasm_split, fallible)]
pub fn destination_form(place: TypedPlace, on_remove: Callback<()>) -> Result<AnyView, SplitLoaderError> {
    Ok(view! { <DestinationForm place on_remove/> }.into_any())
}

/// On air until it is over, then how it ended.
#[component]
fn Show(desk: Desk, view: SessionView, access: Option<RoomAccess>, on_again: Callback<()>) -> impl IntoView {
    let running = Running::new(view);
    let access = StoredValue::new(access);
    let over = RwSignal::new(running.view.with_untracked(is_over));
    // It changes in a turn of its own: in the turn of the news itself parts of the studio may be queued to read it, behind what
    // drops the studio and all its signals.
    Effect::new(move |_| {
        if running.view.with(is_over) {
            // The page may have been left meanwhile, or other news may have brought the end: it is not built twice.
            clock::after(0, move || {
                if over.try_get_untracked() == Some(false) {
                    over.set(true);
                }
            });
        }
    });
    move || {
        if over.get() {
            view! { <Ended desk running on_again/> }.into_any()
        } else {
            view! { <Studio desk running access=access.try_update_value(Option::take).flatten()/> }.into_any()
        }
    }
}
