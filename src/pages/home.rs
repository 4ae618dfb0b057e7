//! The front page: a welcome, or the streams of who is signed in.

use super::{
    labels::{format_duration, health_badge, is_over, session_badge, title},
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
        local_time::LocalTime,
        notice::{Empty, ErrorNotice, Loading},
    },
    domain::session::Owner,
    rpc::{admin::load_analytics, sessions::my_sessions},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The page at `/`.
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

#[component]
fn Welcome() -> impl IntoView {
    let features = [
        ("One scene", "Screen, webcam and live game data become one video, rendered once."),
        ("Multistreaming", "Twitch, YouTube, Kick, X or any RTMP server at the same time. One that fails never affects another."),
        ("Keeps running", "Reload the page, lose the network, restart the server: the stream goes on."),
    ];
    let features = features.map(|(title, text)| view! { <li><h2>{title}</h2><p>{text}</p></li> }).collect_view();
    view! {
        <main class="welcome" id="content">
            <div class="welcome-text">
                <h1>"Your own studio. "<span>"Live everywhere."</span></h1>
                <p>"Footlight is a live-streaming studio on your own server. Choose camera, microphone and screen, press one button, and see that you are on air."</p>
                <div class="buttons">
                    <a class="button" data-kind="go" href="/sign-in?next=/go-live">"Sign in to go live"</a>
                </div>
            </div>
            <div class="welcome-lights" aria-hidden="true"><b></b><b></b><b></b><b></b><b></b></div>
            <ul class="welcome-features">{features}</ul>
        </main>
    }
}

#[component]
fn MySessions(me: Me) -> impl IntoView {
    let query = use_query_map();
    let behind = Memo::new(move |_| query.with(|query| query.get("behind")));
    let sessions_page = Resource::new_blocking(
        move || behind.get(),
        |behind| async move { my_sessions(behind.as_deref().map(parse_session_id).transpose()?).await },
    );
    let totals = Resource::new_blocking(|| (), |()| load_analytics(false, DateRange::default()));
    // Without them the list is shown alone.
    let summed = move |answer: Result<Analytics, ApiError>| {
        let total = answer.ok()?.report.total;
        let stats = [
            ("Streams in 30 days", total.shows.to_string()),
            ("Time on air", format_duration(total.on_air_ms)),
            ("Failed", total.failed.to_string()),
        ];
        let stats = stats.map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view();
        (total.shows > 0).then(|| view! { <dl class="stats" data-small="yes">{stats}</dl> })
    };
    let host = StoredValue::new(Owner::User(me.id));
    // The page for going live shows what they host, not the sessions of their agents.
    let hosts = move |session: &SessionView| host.with_value(|host| &session.owner == host);
    let list = move |answer: Result<SessionPage, ApiError>| match answer {
        Err(error) => load_error(error, Callback::new(move |()| sessions_page.refetch())),
        Ok(page) if page.sessions.is_empty() && behind.with_untracked(Option::is_none) => view! {
            <Empty title="No streams yet" text="Your first one is a click away. Only you can watch a rehearsal.">
                <a class="button" data-kind="go" href="/go-live">"Go live"</a>
            </Empty>
        }
        .into_any(),
        Ok(SessionPage { sessions, next_cursor }) => {
            let (running, past): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| !is_over(session));
            let later = behind.with_untracked(Option::is_some);
            let idle = !running.iter().any(hosts) && !later;
            let empty = past.is_empty();
            view! {
                {running
                    .into_iter()
                    .map(|session| {
                        let own = hosts(&session);
                        view! { <RunningSession session own/> }
                    })
                    .collect_view()}
                {idle.then(|| view! { <p class="buttons"><a class="button" data-kind="go" href="/go-live">"Go live"</a></p> })}
                {(!empty)
                    .then(|| {
                        let rows = past.into_iter().map(|session| view! { <PastSession session/> }).collect_view();
                        view! { <h2 class="section">"Past streams"</h2><ul class="session-list panel">{rows}</ul> }
                    })}
                {(later || next_cursor.is_some())
                    .then(|| {
                        let newest = later.then(|| view! { <a class="button" data-kind="quiet" href="/">"Newest streams"</a> });
                        let older = next_cursor.map(|behind| view! { <a class="button" data-kind="quiet" href=format!("/?behind={behind}")>"Older streams"</a> });
                        view! { <p class="buttons">{newest}{older}</p> }
                    })}
            }
            .into_any()
        }
    };
    view! {
        <main class="page" id="content">
            <div class="page-top">
                <h1>{format!("Welcome back, {}", me.name)}</h1>
                <a class="button" href="/analytics">"Analytics"</a>
            </div>
            <Suspense fallback=|| ()>{move || totals.get().map(summed)}</Suspense>
            <Suspense fallback=|| view! { <Loading/> }>{move || sessions_page.get().map(list)}</Suspense>
        </main>
    }
}

#[component]
fn RunningSession(session: SessionView, own: bool) -> impl IntoView {
    let (tone, text) = session_badge(&session);
    let (health_tone, health) = health_badge(&session);
    let destinations = session.destinations.iter().map(|view| view.destination.label().to_owned()).collect::<Vec<_>>().join(", ");
    view! {
        <section class="running-session panel" data-state=tone.name() aria-label="Your running stream">
            <div>
                <p class="badges">
                    <Badge tone=Signal::stored(tone) text=Signal::stored(text)/>
                    <Badge tone=Signal::stored(health_tone) text=Signal::stored(health)/>
                </p>
                <h2>{title(&session)}</h2>
                <p class="quiet">{destinations}</p>
            </div>
            <div class="buttons">
                {own.then(|| view! { <a class="button" data-kind="go" href="/go-live">"Back to the studio"</a> })}
                <a class="button" href=format!("/sessions/{}", session.session_id)>"Details"</a>
            </div>
        </section>
    }
}

#[component]
fn PastSession(session: SessionView) -> impl IntoView {
    let (tone, text) = session_badge(&session);
    let destinations = session.destinations.iter().map(|view| view.destination.label().to_owned()).collect::<Vec<_>>().join(", ");
    let why = session.end_message.clone().filter(|_| session.status.is_failed());
    view! {
        <li class="session-list-item">
            <a href=format!("/sessions/{}", session.session_id)>
                <b>{title(&session)}</b>
                <small><LocalTime at=session.created_at/>" · "{destinations}</small>
                {why.map(|why| view! { <small class="session-list-error">{why}</small> })}
            </a>
            <span class="session-list-duration">{format_duration(session.duration)}</span>
            <Badge tone=Signal::stored(tone) text=Signal::stored(text)/>
        </li>
    }
}
