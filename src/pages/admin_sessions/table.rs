//! The table. News changes the row it is about and no other; what is new comes on top where it belongs there.

use super::{filters::address, row::Row};
use crate::{
    api::{
        admin::{SessionOverview, SessionQuery, StopResult},
        sessions::SessionView,
    },
    browser::{clock, feed},
    components::{
        confirm::Confirm,
        notice::{Empty, ErrorNotice},
    },
    domain::{ids::SessionId, timestamp::Timestamp},
    rpc::admin::stop_shows,
};
use leptos::prelude::*;

/// A session, and when this page heard of it.
pub type RowState = (SessionView, Timestamp);
type Rows = RwSignal<Vec<(SessionId, RwSignal<RowState>)>>;

/// Rows, pages, and the order to stop some.
#[component]
pub fn Table(loaded: SessionOverview, wanted: SessionQuery, reload: Callback<()>) -> impl IntoView {
    let next = loaded.next.clone().map(|behind| address(&SessionQuery { behind: Some(behind), ..wanted.clone() }));
    let first = wanted.behind.is_some().then(|| address(&SessionQuery { behind: None, ..wanted.clone() }));
    let known = |view: SessionView| (view.session_id.clone(), RwSignal::new((view, Timestamp::default())));
    let rows: Rows = RwSignal::new(loaded.sessions.into_iter().map(known).collect());
    let chosen = RwSignal::new(Vec::<SessionId>::new());
    let now = RwSignal::new(Timestamp::default());
    let asking = RwSignal::new(false);
    let stop = Action::new(|(ids, note): &(Vec<SessionId>, String)| stop_shows(ids.clone(), note.clone()));
    let searched = !wanted.search.is_empty() || wanted.behind.is_some();
    let kept = StoredValue::new(wanted);
    Effect::new(move |_| {
        now.set(clock::now());
        clock::every(1000, move || now.set(clock::now()));
        let was_open = StoredValue::new(false);
        feed::of_all(move |message| match (message.event.as_str(), message.data.as_str()) {
            // What was missed while the connection was away is read again.
            ("connection", "open") if was_open.get_value() => reload.run(()),
            ("connection", "open") => was_open.set_value(true),
            ("session", data) => {
                if let Ok(update) = serde_json::from_str(data) {
                    kept.with_value(|wanted| apply_update(rows, update, wanted));
                }
            }
            _ => {}
        });
    });
    Effect::new(move |_| {
        for stopped in stop.value().get().and_then(Result::ok).into_iter().flatten() {
            if let Ok(view) = stopped.result {
                kept.with_value(|wanted| apply_update(rows, view, wanted));
            }
            chosen.update(|chosen| chosen.retain(|id| id != &stopped.session_id));
        }
    });
    let on_stop = Callback::new(move |id| {
        chosen.set(vec![id]);
        asking.set(true);
    });
    let question = move || match chosen.with(Vec::len) {
        1 => "Stop this show?".to_owned(),
        many => format!("Stop {many} shows?"),
    };
    let empty = move || {
        rows.with(Vec::is_empty).then(|| {
            let (title, text) = if searched {
                ("Nothing found", "No show has this in its title, names or ids, as far as was looked.")
            } else {
                ("Nothing here", "Shows appear here the moment they are asked for.")
            };
            view! { <Empty title text/> }
        })
    };
    view! {
        <div class="bulk-actions" role="group" aria-label="Chosen shows">
            <button class="button" data-kind="stop" type="button" disabled=move || chosen.with(Vec::is_empty) on:click=move |_| asking.set(true)>
                {move || match chosen.with(Vec::len) { 0 => "Stop chosen shows".to_owned(), 1 => "Stop 1 show".to_owned(), many => format!("Stop {many} shows") }}
            </button>
        </div>
        <div aria-live="polite">{move || stop.value().get().map(|answer| outcome(answer.map_err(|error| error.message)))}</div>
        <div class="panel table-panel" hidden=move || rows.with(Vec::is_empty)>
            <table class="sessions">
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">"Choose"</span></th>
                        <th scope="col">"State"</th><th scope="col">"Show"</th><th scope="col">"Plays on"</th>
                        <th scope="col" class="number">"On air"</th><th scope="col" class="number">"Viewers"</th>
                        <th scope="col">"Health"</th><th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || rows.get() key=|(id, _)| id.clone() let((_, known))>
                        <Row known now chosen on_stop/>
                    </For>
                </tbody>
            </table>
        </div>
        {empty}
        <nav class="pagination" aria-label="Pages">
            {first.map(|href| view! { <a href=href class="button">"First page"</a> })}
            {next.map(|href| view! { <a href=href class="button">"Further shows"</a> })}
        </nav>
        <Confirm
            open=asking
            title=Signal::derive(question)
            text="It ends on every platform. Its owner reads your reason."
            action="Stop now"
            reason="Reason"
            on_confirm=Callback::new(move |note| { stop.dispatch((chosen.get_untracked(), note)); })
        />
    }
}

/// The newest word on a session: into its row, or on top where the list would begin with it.
fn apply_update(rows: Rows, update: SessionView, wanted: &SessionQuery) {
    let id = update.session_id.clone();
    let row = rows.with_untracked(|rows| rows.iter().find(|(known, _)| known == &id).map(|(_, row)| *row));
    if let Some(row) = row {
        // A row stays where it is, over as it may be, until the list is read again: nothing moves under a hand.
        if row.with_untracked(|(known, _)| known.revision <= update.revision) {
            row.set((update, clock::now()));
        }
        return;
    }
    let on_top = wanted.behind.is_none() && !wanted.oldest_first && wanted.search.is_empty() && wanted.to.is_empty();
    let there = wanted.platform.is_none_or(|platform| update.destinations.iter().any(|of| of.destination.platform == platform));
    if on_top && there && wanted.status.matches(&update.status) && is_newest(rows, &id) {
        rows.update(|rows| rows.insert(0, (id, RwSignal::new((update, clock::now())))));
    }
}

/// Ids sort by the time at which they were made. One that is older belongs to a later page.
fn is_newest(rows: Rows, id: &SessionId) -> bool {
    rows.with_untracked(|rows| rows.first().is_none_or(|(first, _)| first < id))
}

/// What came of the order.
fn outcome(answer: Result<Vec<StopResult>, String>) -> AnyView {
    let all = match answer {
        Ok(all) => all,
        Err(message) => return view! { <ErrorNotice message/> }.into_any(),
    };
    let done = all.iter().filter(|one| one.result.is_ok()).count();
    let words = if done == 1 { "1 show is over or ending.".to_owned() } else { format!("{done} shows are over or ending.") };
    let refused = all.into_iter().filter_map(|one| {
        let error = one.result.err()?;
        Some(view! { <ErrorNotice message=format!("{}: {}", one.session_id, error.message)/> })
    });
    view! {
        <p class="done">{words}</p>
        {refused.collect_view()}
    }
    .into_any()
}
