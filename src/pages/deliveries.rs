//! Webhook deliveries: each message, its last attempt, when the next one is due; any of them can be sent again.

use super::{
    layout::{load_error, parse_session_id},
    polling::poll,
};
use crate::{
    api::{
        admin::{DeliveryPage, DeliveryState, DeliveryView},
        error::ApiError,
    },
    browser::clock,
    components::{
        badge::{Badge, Tone},
        local_time::LocalTime,
        notice::{Empty, ErrorNotice, Loading},
    },
    rpc::admin::{load_deliveries, resend_delivery},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The list is read again this often.
const EVERY_MS: u64 = 4_000;
/// A redelivery is attempted within about a second.
const SOON_MS: u64 = 1_500;

/// The session and the cursor.
type Asked = (Option<String>, Option<String>);

/// `/admin/deliveries`, `?session=…` for one session's, `?behind=…` for a further page.
#[component]
pub fn Deliveries() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| (query.get("session"), query.get("behind"))));
    let page = Resource::new_blocking(move || asked.get(), load);
    let reload = Callback::new(move |()| page.refetch());
    view! {
        <Title text="Webhook deliveries"/>
        <main class="page" data-wide="yes" id="content">
            <div class="page-top">
                <h1>"Webhook deliveries"</h1>
                <a class="button" href="/admin/sessions">"All streams"</a>
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

/// The list is read again while it is shown; rows keep their elements.
#[component]
fn Lines(page: DeliveryPage, asked: Asked) -> impl IntoView {
    let of_session = asked.0.as_ref().map(|id| format!("session={id}&")).unwrap_or_default();
    let first = asked.1.as_ref().map(|_| format!("/admin/deliveries?{}", of_session.trim_end_matches('&')));
    let next = page.next_cursor.map(|behind| format!("/admin/deliveries?{of_session}behind={behind}"));
    let one_session = asked.0.is_some();
    let lines = RwSignal::new(page.deliveries);
    let reload = poll(EVERY_MS, move || load(asked.clone()), move |page: DeliveryPage| lines.set(page.deliveries));
    let again = Action::new(|id: &String| resend_delivery(id.clone()));
    Effect::new(move |_| {
        if matches!(again.value().get(), Some(Ok(()))) {
            clock::after(SOON_MS, move || {
                // The page may have been left meanwhile: its signals are gone then.
                if lines.try_with_untracked(|_| ()).is_some() {
                    reload.dispatch(());
                }
            });
        }
    });
    let outcome = move || {
        again.value().get().map(|answer| match answer {
            Ok(()) => view! { <p class="done">"Queued for delivery again."</p> }.into_any(),
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
        <div aria-live="polite">{outcome}</div>
        {move || empty.get().then(|| nothing(one_session))}
        <div class="panel table-panel" hidden=move || empty.get()>
            <table class="sessions">
                <thead>
                    <tr>
                        <th scope="col">"Status"</th><th scope="col">"Event"</th><th scope="col">"Endpoint"</th>
                        <th scope="col">"Time"</th><th scope="col" class="number">"Attempts"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody><For each=move || ids.get() key=Clone::clone children=row/></tbody>
            </table>
        </div>
        <nav class="pagination" aria-label="Pages">
            {first.map(|href| view! { <a href=href class="button">"First page"</a> })}
            {next.map(|href| view! { <a href=href class="button">"Next page"</a> })}
        </nav>
    }
}

fn nothing(one_session: bool) -> AnyView {
    let title = if one_session { "No deliveries for this stream" } else { "No deliveries yet" };
    let text = "The endpoints in FOOTLIGHT_WEBHOOKS are called when a stream goes live, ends or fails, and when a destination fails.";
    view! { <Empty title text/> }.into_any()
}

#[component]
fn Row(first: DeliveryView, line: Memo<Option<DeliveryView>>, on_again: Callback<String>) -> impl IntoView {
    let status = Memo::new(move |_| line.with(|line| line.as_ref().map(verdict)).unwrap_or((Tone::Neutral, String::new())));
    let due = Memo::new(move |_| line.with(|line| line.as_ref().filter(|line| line.result.is_some())?.due));
    let look = move || if status.with(|(tone, _)| *tone == Tone::Bad) { "yes" } else { "no" };
    let label = format!("Redeliver {} to {}", first.event, first.server);
    let id = first.id;
    view! {
        <tr data-look=look>
            <td data-label="Status">
                <Badge tone=Signal::derive(move || status.get().0) text=Signal::derive(move || status.get().1)/>
                {move || due.get().map(|at| view! { <small>"Next attempt "<LocalTime at/></small> })}
            </td>
            <td data-label="Event">
                <b>{first.event}</b>
                <small class="ids"><a href=format!("/sessions/{}", first.session_id)>{first.session_id.to_string()}</a></small>
            </td>
            <td data-label="Endpoint">{first.server}</td>
            <td data-label="Time"><LocalTime at=first.at/></td>
            <td data-label="Attempts" class="number">{move || line.with(|line| line.as_ref().map(|line| line.attempts))}</td>
            <td class="number">
                <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| on_again.run(id.clone())>"Redeliver"</button>
            </td>
        </tr>
    }
}

fn verdict(line: &DeliveryView) -> (Tone, String) {
    let tone = match line.state() {
        DeliveryState::Waiting => Tone::Neutral,
        DeliveryState::Retrying { .. } => Tone::Warn,
        DeliveryState::Delivered => Tone::Ok,
        DeliveryState::GivenUp => Tone::Bad,
    };
    (tone, line.result.clone().unwrap_or_else(|| "queued".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn the_status_follows_the_last_attempt() {
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
        for (result, due, tone, text) in [
            (None, Some(0), Tone::Neutral, "queued"),
            (Some("answered 500"), Some(1_795_421_948_792), Tone::Warn, "answered 500"),
            (Some("given up: no answer"), None, Tone::Bad, "given up: no answer"),
            (Some("answered 200"), None, Tone::Ok, "answered 200"),
        ] {
            assert_eq!(verdict(&line(result, due)), (tone, text.to_owned()));
        }
    }
}
