//! Counts, capacity, and the switch that refuses new streams.

use crate::{
    api::admin::{Capacity, SessionCounts, SessionOverview, SessionQuery},
    components::notice::ErrorNotice,
    pages::polling::poll,
    rpc::admin::{load_session_overview, set_draining},
};
use leptos::prelude::*;

/// The figures are read again this often.
const EVERY_MS: u64 = 3_000;

/// Label and value of a count.
type Stat = (&'static str, fn(SessionCounts) -> u64);

#[component]
pub fn Summary(counts: SessionCounts, capacity: Option<Capacity>, draining: bool) -> impl IntoView {
    let overview = RwSignal::new((counts, capacity, draining));
    // The table shows when the connection is lost.
    let reload = poll(
        EVERY_MS,
        || load_session_overview(SessionQuery::default()),
        move |now: SessionOverview| overview.set((now.counts, now.capacity, now.draining)),
    );
    let drain = Action::new(|on: &bool| set_draining(*on));
    Effect::new(move |_| {
        if matches!(drain.value().get(), Some(Ok(()))) {
            reload.dispatch(());
        }
    });
    let counts = move || overview.with(|(counts, ..)| *counts);
    let stats: [Stat; 4] = [
        ("On air", |counts| counts.on_air),
        ("Needs attention", |counts| counts.needs_attention),
        ("Starting or ending", |counts| counts.changing),
        ("Failed in 24 h", |counts| counts.failed),
    ];
    let stats = stats.map(|(label, of)| view! { <div><dt>{label}</dt><dd>{move || of(counts())}</dd></div> });
    let capacity = move || {
        overview.with(|(_, capacity, _)| match capacity {
            Some(Capacity { used, total, forecast, .. }) => format!("{used} of {total} captures in use. {forecast}"),
            None => "The capture service does not report its capacity.".to_owned(),
        })
    };
    let draining = Memo::new(move |_| overview.with(|(_, _, draining)| *draining));
    let warning = Memo::new(move |_| overview.with(|(_, capacity, _)| capacity.as_ref().and_then(|capacity| capacity.warning.clone())));
    view! {
        {move || warning.get().map(|message| view! { <ErrorNotice message/> })}
        <dl class="stats">{stats}</dl>
        <div class="capacity panel" data-draining=move || if draining.get() { "yes" } else { "no" }>
            <p>{capacity}</p>
            <p aria-live="polite">{move || if draining.get() { "New streams are refused; running ones go on." } else { "New streams are accepted." }}</p>
            <button class="button" type="button" disabled=move || drain.pending().get() on:click=move |_| { drain.dispatch(!draining.get_untracked()); }>
                {move || if draining.get() { "Accept new streams" } else { "Drain: refuse new streams" }}
            </button>
        </div>
        {move || drain.value().get().and_then(Result::err).map(|error| view! { <ErrorNotice message=error.message/> })}
    }
}
