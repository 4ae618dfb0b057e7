//! What operators' own servers were told: each message, how its last attempt went, when the next one is due; any of them
//! once more.

use super::{
    labels::moment,
    layout::{load_error, parse_session_id},
    polling::poll,
};
use crate::{
    api::{
        admin::{DeliveryPage, DeliveryView},
        error::ApiError,
    },
    browser::clock,
    components::{
        badge::Badge,
        notice::{Empty, ErrorNotice, Loading},
    },
    rpc::admin::{load_deliveries, resend_delivery},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The list is read again this often.
const EVERY_MS: u64 = 4_000;
/// A message that was ordered again is attempted within a second or so.
const SOON_MS: u64 = 1_500;

/// Which lines: of one show, behind one line.
type Asked = (Option<String>, Option<String>);

/// `/admin/deliveries`, `?session=…` for one show's, `?behind=…` for a further page.
#[component]
pub fn Deliveries() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| (query.get("session"), query.get("behind"))));
    let page = Resource::new_blocking(move || asked.get(), load);
    let reload = Callback::new(move |()| page.refetch());
    view! {
        <Title text="Deliveries"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top">
                <h1>"Told to other servers"</h1>
                <a class="button" href="/admin/sessions">"Sessions"</a>
            </div>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    page.get().map(|answer| match answer {
                        Ok(page) => view! { <Lines page asked=asked.get_untracked()/> }.into_any(),
                        Err(error) => load_error(error, reload),
                    })
                }}
            </Transition>
        </main>
    }
    .into_any()
}

async fn load((session, behind): Asked) -> Result<DeliveryPage, ApiError> {
    load_deliveries(session.as_deref().map(parse_session_id).transpose()?, behind).await
}

/// The lines, read again while they are looked at; a row stays the same row.
#[component]
fn Lines(page: DeliveryPage, asked: Asked) -> impl IntoView {
    let of_show = asked.0.as_ref().map(|id| format!("session={id}&")).unwrap_or_default();
    let first = asked.1.as_ref().map(|_| format!("/admin/deliveries?{}", of_show.trim_end_matches('&')));
    let next = page.next_cursor.map(|behind| format!("/admin/deliveries?{of_show}behind={behind}"));
    let of_a_show = asked.0.is_some();
    let lines = RwSignal::new(page.deliveries);
    let look = poll(EVERY_MS, move || load(asked.clone()), move |page: DeliveryPage| lines.set(page.deliveries));
    let again = Action::new(|id: &String| resend_delivery(id.clone()));
    Effect::new(move |_| {
        if matches!(again.value().get(), Some(Ok(()))) {
            clock::after(SOON_MS, move || {
                // The page may have been left meanwhile: its signals are gone then.
                if lines.try_with_untracked(|_| ()).is_some() {
                    look.dispatch(());
                }
            });
        }
    });
    let said = move || {
        again.value().get().map(|answer| match answer {
            Ok(()) => view! { <p class="done">"It is on its way again."</p> }.into_any(),
            Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
        })
    };
    let empty = Memo::new(move |_| lines.with(Vec::is_empty));
    let ids = Memo::new(move |_| lines.with(|lines| lines.iter().map(|line| line.id.clone()).collect::<Vec<_>>()));
    let on_again = Callback::new(move |id: String| drop(again.dispatch(id)));
    let row = move |id: String| {
        let line = Memo::new(move |_| lines.with(|lines| lines.iter().find(|line| line.id == id).cloned()));
        line.get_untracked().map(|first| view! { <Row first line on_again/> })
    };
    view! {
        <div aria-live="polite">{said}</div>
        {move || empty.get().then(|| nothing(of_a_show))}
        <div class="panel table-panel" hidden=move || empty.get()>
            <table class="sessions">
                <thead>
                    <tr>
                        <th scope="col">"How it went"</th><th scope="col">"Message"</th><th scope="col">"Server"</th>
                        <th scope="col">"Happened"</th><th scope="col" class="number">"Attempts"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody><For each=move || ids.get() key=Clone::clone children=row/></tbody>
            </table>
        </div>
        <nav class="pagination" aria-label="Pages">
            {first.map(|href| view! { <a href=href class="button">"First page"</a> })}
            {next.map(|href| view! { <a href=href class="button">"Further messages"</a> })}
        </nav>
    }
}

fn nothing(of_a_show: bool) -> AnyView {
    let title = if of_a_show { "Nobody was told of this show" } else { "Nothing was told yet" };
    let text = "Servers named in FOOTLIGHT_WEBHOOKS are told when a show goes live, ends or fails, and when a destination fails.";
    view! { <Empty title text/> }.into_any()
}

#[component]
fn Row(first: DeliveryView, line: Memo<Option<DeliveryView>>, on_again: Callback<String>) -> impl IntoView {
    let said = Memo::new(move |_| line.with(|line| line.as_ref().map(verdict)).unwrap_or(("quiet", String::new())));
    let look = move || if said.with(|(kind, _)| *kind == "bad") { "yes" } else { "no" };
    let label = format!("Send {} to {} again", first.event, first.server);
    let id = first.id;
    view! {
        <tr data-look=look>
            <td data-label="How it went">
                <Badge kind=Signal::derive(move || said.get().0) text=Signal::derive(move || said.get().1)/>
            </td>
            <td data-label="Message">
                <b>{first.event}</b>
                <small class="ids"><a href=format!("/sessions/{}", first.session_id)>{first.session_id.to_string()}</a></small>
            </td>
            <td data-label="Server">{first.server}</td>
            <td data-label="Happened">{moment(first.at)}</td>
            <td data-label="Attempts" class="number">{move || line.with(|line| line.as_ref().map(|line| line.attempts))}</td>
            <td class="number">
                <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| on_again.run(id.clone())>"Send again"</button>
            </td>
        </tr>
    }
}

/// How a message stands: colour and words.
fn verdict(line: &DeliveryView) -> (&'static str, String) {
    match (&line.result, line.due) {
        (None, _) => ("quiet", "waiting for its turn".to_owned()),
        (Some(result), Some(due)) => ("warn", format!("{result}; again {}", moment(due))),
        (Some(result), None) if result.starts_with("given up") => ("bad", result.clone()),
        (Some(result), None) => ("ok", result.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn a_message_says_whether_it_was_taken_and_what_comes_next() {
        let line = |result: Option<&str>, due: Option<i64>| DeliveryView {
            id: "s/1".into(),
            server: "ops.example".into(),
            session_id: "s".parse().expect("an id"),
            event: "session.live".into(),
            at: Timestamp::from_millis(0),
            attempts: 1,
            result: result.map(str::to_owned),
            due: due.map(Timestamp::from_millis),
        };
        for (result, due, kind, words) in [
            (None, Some(0), "quiet", "waiting for its turn"),
            (Some("answered 500"), Some(1_795_421_948_792), "warn", "answered 500; again 2026-11-23 08:19 UTC"),
            (Some("given up: no answer"), None, "bad", "given up: no answer"),
            (Some("answered 200"), None, "ok", "answered 200"),
        ] {
            assert_eq!(verdict(&line(result, due)), (kind, words.to_owned()));
        }
    }
}
