//! The table. An update changes only its row; a new session is added on top if the filter and the sorting allow it.

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

/// A session, and when this page received it.
pub type RowState = (SessionView, Timestamp);
type Rows = RwSignal<Vec<(SessionId, RwSignal<RowState>)>>;

/// Rows, pagination, and ending several streams at once.
#[component]
pub fn Table(overview: SessionOverview, filter: SessionQuery, reload: Callback<()>) -> impl IntoView {
    let next = overview.next.clone().map(|behind| address(&SessionQuery { behind: Some(behind), ..filter.clone() }));
    let first = filter.behind.is_some().then(|| address(&SessionQuery { behind: None, ..filter.clone() }));
    let known = |view: SessionView| (view.session_id.clone(), RwSignal::new((view, Timestamp::default())));
    let rows: Rows = RwSignal::new(overview.sessions.into_iter().map(known).collect());
    let chosen = RwSignal::new(Vec::<SessionId>::new());
    let now = RwSignal::new(Timestamp::default());
    let asking = RwSignal::new(false);
    let stop = Action::new(|(ids, note): &(Vec<SessionId>, String)| stop_shows(ids.clone(), note.clone()));
    let searched = !filter.search.is_empty() || filter.behind.is_some();
    let current_filter = StoredValue::new(filter);
    Effect::new(move |_| {
        now.set(clock::now());
        clock::every(1000, move || now.set(clock::now()));
        let was_open = StoredValue::new(false);
        feed::of_all(move |message| match (message.event.as_str(), message.data.as_str()) {
            // What was missed while disconnected is read again.
            ("connection", "open") if was_open.get_value() => reload.run(()),
            ("connection", "open") => was_open.set_value(true),
            ("session", data) => {
                if let Ok(update) = serde_json::from_str(data) {
                    current_filter.with_value(|filter| apply_update(rows, update, filter));
                }
            }
            _ => {}
        });
    });
    Effect::new(move |_| {
        for stopped in stop.value().get().and_then(Result::ok).into_iter().flatten() {
            if let Ok(view) = stopped.result {
                current_filter.with_value(|filter| apply_update(rows, view, filter));
            }
            chosen.update(|chosen| chosen.retain(|id| id != &stopped.session_id));
        }
    });
    let on_stop = Callback::new(move |id| {
        chosen.set(vec![id]);
        asking.set(true);
    });
    let question = move || match chosen.with(Vec::len) {
        1 => "End this stream?".to_owned(),
        many => format!("End {many} streams?"),
    };
    let empty = move || {
        rows.with(Vec::is_empty).then(|| {
            let (title, text) = if searched {
                ("Nothing found", "No stream on this page of results has this in its title, names or ids.")
            } else {
                ("No streams", "Streams appear here as soon as they are created.")
            };
            view! { <Empty title text/> }
        })
    };
    view! {
        <div class="bulk-actions" role="group" aria-label="Selected streams">
            <button class="button" data-kind="stop" type="button" disabled=move || chosen.with(Vec::is_empty) on:click=move |_| asking.set(true)>
                {move || match chosen.with(Vec::len) { 0 => "End selected streams".to_owned(), 1 => "End 1 stream".to_owned(), many => format!("End {many} streams") }}
            </button>
        </div>
        <div aria-live="polite">{move || stop.value().get().map(|answer| outcome(answer.map_err(|error| error.message)))}</div>
        <div class="panel table-panel" hidden=move || rows.with(Vec::is_empty)>
            <table class="sessions">
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">"Select"</span></th>
                        <th scope="col">"Status"</th><th scope="col">"Stream"</th><th scope="col">"Destinations"</th>
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
            {next.map(|href| view! { <a href=href class="button">"Next page"</a> })}
        </nav>
        <Confirm
            open=asking
            title=Signal::derive(question)
            text="It ends on every platform. The owner sees your reason."
            action="End now"
            reason="Reason"
            on_confirm=Callback::new(move |note| { stop.dispatch((chosen.get_untracked(), note)); })
        />
    }
}

/// Puts a newer state into its row, or on top of the list if it belongs there.
fn apply_update(rows: Rows, update: SessionView, filter: &SessionQuery) {
    let id = update.session_id.clone();
    let row = rows.with_untracked(|rows| rows.iter().find(|(known, _)| known == &id).map(|(_, row)| *row));
    if let Some(row) = row {
        // A row stays where it is, even when it no longer matches: nothing moves under the pointer.
        if row.with_untracked(|(known, _)| known.revision <= update.revision) {
            row.set((update, clock::now()));
        }
        return;
    }
    let on_top = filter.behind.is_none() && !filter.oldest_first && filter.search.is_empty() && filter.to.is_empty();
    let matches_platform = filter.platform.is_none_or(|platform| update.destinations.iter().any(|of| of.destination.platform == platform));
    if on_top && matches_platform && filter.status.matches(update.status) && is_newest(rows, &id) {
        rows.update(|rows| rows.insert(0, (id, RwSignal::new((update, clock::now())))));
    }
}

/// Ids sort by creation time. An older session belongs to a later page.
fn is_newest(rows: Rows, id: &SessionId) -> bool {
    rows.with_untracked(|rows| rows.first().is_none_or(|(first, _)| first < id))
}

fn outcome(answer: Result<Vec<StopResult>, String>) -> AnyView {
    let all = match answer {
        Ok(all) => all,
        Err(message) => return view! { <ErrorNotice message/> }.into_any(),
    };
    let done = all.iter().filter(|one| one.result.is_ok()).count();
    let text = if done == 1 { "1 stream has ended or is ending.".to_owned() } else { format!("{done} streams have ended or are ending.") };
    let refused = all.into_iter().filter_map(|one| {
        let error = one.result.err()?;
        Some(view! { <ErrorNotice message=format!("{}: {}", one.session_id, error.message)/> })
    });
    view! {
        <p class="done">{text}</p>
        {refused.collect_view()}
    }
    .into_any()
}
