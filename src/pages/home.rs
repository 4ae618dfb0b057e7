//! The front page: what this is, and for who is signed in their running show and the past ones.

use super::{
    labels::{format_duration, health_badge, is_running, moment, session_badge, title},
    layout::{CurrentUser, load_error, parse_session_id},
};
use crate::{
    api::{
        accounts::Me,
        admin::{Analytics, DateRange},
        error::ApiError,
        public_http::SessionPage,
        sessions::SessionView,
    },
    components::{
        badge::Badge,
        notice::{Empty, ErrorNotice, Loading},
    },
    rpc::{admin::load_analytics, sessions::my_sessions},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// `/`
#[component]
pub fn Home() -> AnyView {
    let CurrentUser(me) = expect_context();
    view! {
        <Title text=""/>
        <Suspense fallback=|| ()>
            {move || {
                me.get().map(|me| match me {
                    Ok(Some(me)) => view! { <MySessions me/> }.into_any(),
                    Ok(None) => view! { <Welcome/> }.into_any(),
                    Err(error) => view! { <main class="page" id="content"><ErrorNotice message=error.message/></main> }.into_any(),
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// For strangers: what this house does.
#[component]
fn Welcome() -> impl IntoView {
    let promises = [
        ("One picture", "Screen, webcam and live game data become one composed show, rendered once."),
        ("Every platform", "Twitch, YouTube, Kick, X or any RTMP address, at the same time. One that fails never touches another."),
        ("Hard to kill", "Reload the page, lose the network, restart the server: the show goes on."),
    ];
    let promises = promises.map(|(title, text)| view! { <li><h2>{title}</h2><p>{text}</p></li> }).collect_view();
    view! {
        <main class="welcome" id="content">
            <div class="welcome-text">
                <h1>"The house lights go down. "<span>"You go live."</span></h1>
                <p>"Footlight is your own live-streaming studio. Pick camera, microphone and screen, press one button, and be sure that you are on air."</p>
                <div class="buttons">
                    <a class="button" data-kind="go" href="/sign-in?next=/go-live">"Sign in and go live"</a>
                </div>
            </div>
            <div class="welcome-lights" aria-hidden="true"><b></b><b></b><b></b><b></b><b></b></div>
            <ul class="welcome-features">{promises}</ul>
        </main>
    }
}

/// For who is signed in: their shows.
#[component]
fn MySessions(me: Me) -> impl IntoView {
    let query = use_query_map();
    let behind = Memo::new(move |_| query.with(|query| query.get("behind")));
    let sessions_page = Resource::new_blocking(
        move || behind.get(),
        |behind| async move { my_sessions(behind.as_deref().map(parse_session_id).transpose()?).await },
    );
    let totals = Resource::new_blocking(|| (), |()| load_analytics(false, DateRange::default()));
    // Beside the list they are a courtesy: where they cannot be had the list stands alone.
    let summed = move |answer: Result<Analytics, ApiError>| {
        let total = answer.ok()?.report.total;
        let facts = [
            ("shows in 30 days", total.shows.to_string()),
            ("on air", format_duration(total.on_air_ms)),
            ("failed", total.failed.to_string()),
        ];
        let facts = facts.map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view();
        (total.shows > 0).then(|| view! { <dl class="stats" data-small="yes">{facts}</dl> })
    };
    let list = move |answer: Result<SessionPage, ApiError>| match answer {
        Err(error) => load_error(error, Callback::new(move |()| sessions_page.refetch())),
        Ok(page) if page.sessions.is_empty() && behind.with_untracked(Option::is_none) => view! {
            <Empty title="No shows yet" text="Your first one is a click away. A rehearsal plays to nobody but you.">
                <a class="button" data-kind="go" href="/go-live">"Go live"</a>
            </Empty>
        }
        .into_any(),
        Ok(SessionPage { sessions, next_cursor }) => {
            let (running, past): (Vec<_>, Vec<_>) = sessions.into_iter().partition(is_running);
            let later = behind.with_untracked(Option::is_some);
            let idle = running.is_empty() && !later;
            let empty = past.is_empty();
            view! {
                {running.into_iter().map(|show| view! { <RunningSession show/> }).collect_view()}
                {idle.then(|| view! { <p class="buttons"><a class="button" data-kind="go" href="/go-live">"Go live"</a></p> })}
                {(!empty)
                    .then(|| {
                        let rows = past.into_iter().map(|show| view! { <PastSession show/> }).collect_view();
                        view! { <h2 class="section">"Past shows"</h2><ul class="session-list panel">{rows}</ul> }
                    })}
                {(later || next_cursor.is_some())
                    .then(|| {
                        let newest = later.then(|| view! { <a class="button" data-kind="quiet" href="/">"Newest shows"</a> });
                        let older = next_cursor.map(|behind| view! { <a class="button" data-kind="quiet" href=format!("/?behind={behind}")>"Older shows"</a> });
                        view! { <p class="buttons">{newest}{older}</p> }
                    })}
            }
            .into_any()
        }
    };
    view! {
        <main class="page" id="content">
            <div class="page-top">
                <h1>{format!("Good to see you, {}", me.name)}</h1>
                <a class="button" href="/analytics">"Analytics"</a>
            </div>
            <Suspense fallback=|| ()>{move || totals.get().map(summed)}</Suspense>
            <Suspense fallback=|| view! { <Loading/> }>{move || sessions_page.get().map(list)}</Suspense>
        </main>
    }
}

#[component]
fn RunningSession(show: SessionView) -> impl IntoView {
    let (kind, word) = session_badge(&show);
    let (health_kind, health) = health_badge(&show);
    let places = show.destinations.iter().map(|place| place.destination.label().to_owned()).collect::<Vec<_>>().join(", ");
    view! {
        <section class="running-session panel" data-state=kind aria-label="Your running show">
            <div>
                <p class="badges">
                    <Badge kind=Signal::stored(kind) text=Signal::stored(word)/>
                    <Badge kind=Signal::stored(health_kind) text=Signal::stored(health)/>
                </p>
                <h2>{title(&show)}</h2>
                <p class="quiet">{places}</p>
            </div>
            <div class="buttons">
                <a class="button" data-kind="go" href="/go-live">"Back to the studio"</a>
                <a class="button" href=format!("/sessions/{}", show.session_id)>"Details"</a>
            </div>
        </section>
    }
}

#[component]
fn PastSession(show: SessionView) -> impl IntoView {
    let (kind, word) = session_badge(&show);
    let places = show.destinations.iter().map(|place| place.destination.label().to_owned()).collect::<Vec<_>>().join(", ");
    let why = show.end_message.clone().filter(|_| show.status == "failed");
    view! {
        <li class="session-list-item">
            <a href=format!("/sessions/{}", show.session_id)>
                <b>{title(&show)}</b>
                <small>{moment(show.created_at)}" · "{places}</small>
                {why.map(|why| view! { <small class="session-list-error">{why}</small> })}
            </a>
            <span class="session-list-duration">{format_duration(show.duration)}</span>
            <Badge kind=Signal::stored(kind) text=Signal::stored(word)/>
        </li>
    }
}
