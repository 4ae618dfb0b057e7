//! How the house stands: what an administrator looks for first, what still fits, and the switch for no new shows.

use crate::{
    api::admin::{Capacity, SessionCounts, SessionOverview, SessionQuery},
    components::notice::ErrorNotice,
    pages::polling::poll,
    rpc::admin::{load_session_overview, set_draining},
};
use leptos::prelude::*;

/// The figures are asked for again this often.
const EVERY_MS: u64 = 3_000;

/// A count's label, and which it is.
type Fact = (&'static str, fn(SessionCounts) -> u64);

/// Counts, capacity, drain.
#[component]
pub fn Summary(counts: SessionCounts, capacity: Option<Capacity>, draining: bool) -> impl IntoView {
    let overview = RwSignal::new((counts, capacity, draining));
    // The table says when the connection is lost.
    let look = poll(
        EVERY_MS,
        || load_session_overview(SessionQuery::default()),
        move |loaded: SessionOverview| overview.set((loaded.counts, loaded.capacity, loaded.draining)),
    );
    let drain = Action::new(|on: &bool| set_draining(*on));
    Effect::new(move |_| {
        if matches!(drain.value().get(), Some(Ok(()))) {
            look.dispatch(());
        }
    });
    let counts = move || overview.with(|(counts, ..)| *counts);
    let facts: [Fact; 4] = [
        ("on air", |counts| counts.on_air),
        ("to look at", |counts| counts.needs_attention),
        ("coming or going", |counts| counts.changing),
        ("failed in 24 h", |counts| counts.failed),
    ];
    let facts = facts.map(|(label, of)| view! { <div><dt>{label}</dt><dd>{move || of(counts())}</dd></div> });
    let capacity = move || {
        overview.with(|(_, capacity, _)| match capacity {
            Some(Capacity { used, total, forecast }) => format!("{used} of {total} captures in use. {forecast}"),
            None => "The capture engine does not tell how much it carries.".to_owned(),
        })
    };
    let draining = Memo::new(move |_| overview.with(|(_, _, draining)| *draining));
    view! {
        <dl class="stats">{facts}</dl>
        <div class="capacity panel" data-draining=move || if draining.get() { "yes" } else { "no" }>
            <p>{capacity}</p>
            <p aria-live="polite">{move || if draining.get() { "New shows are refused; running ones go on." } else { "New shows are taken." }}</p>
            <button class="button" type="button" disabled=move || drain.pending().get() on:click=move |_| { drain.dispatch(!draining.get_untracked()); }>
                {move || if draining.get() { "Take new shows again" } else { "Drain: take no new shows" }}
            </button>
        </div>
        {move || drain.value().get().and_then(Result::err).map(|error| view! { <ErrorNotice message=error.message/> })}
    }
}
