//! One session: where it stands, where it plays, how it ended.

use super::{
    house::ToSignIn,
    words::{clock, destination, health, is_running, key_tail, moment, recording, state, title, trouble},
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{DestinationView, SessionView, Story},
    },
    browser::clock as browser_clock,
    browser::feed,
    components::{
        badge::Badge,
        confirm::Confirm,
        notice::{Loading, Trouble},
        player::Player,
    },
    domain::{ids::SessionId, timestamp::Timestamp},
    rpc::sessions::{get_session, load_story, stop_session},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// `/sessions/{id}`, for its owner and admins.
#[component]
pub fn Session() -> AnyView {
    let params = use_params_map();
    let session = Resource::new_blocking(
        move || params.read().get("id").unwrap_or_default(),
        |id| async move {
            let id: SessionId = id.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such show."))?;
            get_session(id).await
        },
    );
    let reload = Callback::new(move |()| session.refetch());
    let asking = RwSignal::new(false);
    let stop = Action::new(|id: &SessionId| stop_session(id.clone()));
    let refused = move || stop.value().get().and_then(Result::err);
    Effect::new(move |_| {
        let id = params.read().get("id").unwrap_or_default();
        if id.parse::<SessionId>().is_ok() {
            feed::of_session(&id, 0, move |message| {
                if let ("session", Ok(news)) = (message.event.as_str(), serde_json::from_str::<SessionView>(&message.data)) {
                    // The feed tells from its beginning; what the page knows already is not told again.
                    let known = session.with_untracked(|known| matches!(known, Some(Ok(known)) if known.revision > news.revision));
                    if !known {
                        session.set(Some(Ok(news)));
                    }
                }
            });
        }
    });
    Effect::new(move |_| {
        if matches!(stop.value().get(), Some(Ok(_))) {
            reload.run(());
        }
    });
    view! {
        <main class="page" id="content">
            {move || refused().map(|error| view! { <Trouble message=error.message/> })}
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    session.get().map(|answer| match answer {
                        Ok(session) => view! { <Details session asking/> }.into_any(),
                        Err(error) if error.code == ErrorCode::Unauthenticated => view! { <ToSignIn/> }.into_any(),
                        Err(error) => view! { <Title text="Show"/><Trouble message=error.message on_retry=reload/> }.into_any(),
                    })
                }}
            </Transition>
            <Confirm
                open=asking
                title="End the show?"
                text="Every platform stops at once. This cannot be taken back."
                action="End the show"
                on_confirm=Callback::new(move |_| {
                    if let Ok(id) = params.read_untracked().get("id").unwrap_or_default().parse() {
                        stop.dispatch(id);
                    }
                })
            />
        </main>
    }
    .into_any()
}

#[component]
fn Details(session: SessionView, asking: RwSignal<bool>) -> impl IntoView {
    let (kind, word) = state(&session);
    let (health_kind, health) = health(&session);
    let running = is_running(&session);
    let now = session.now;
    let places = session.destinations.iter().cloned().map(|place| view! { <Place place now/> }).collect_view();
    let facts = facts(&session).into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view();
    let troubles = session.health.iter().map(|one| view! { <li>{trouble(one)}</li> }).collect_view();
    let show_troubles = running && !session.health.is_empty();
    view! {
        <Title text=title(&session)/>
        <div class="page-top">
            <div>
                <h1>{title(&session)}</h1>
                <p class="running-badges">
                    <Badge kind=Signal::stored(kind) text=Signal::stored(word)/>
                    <Badge kind=Signal::stored(health_kind) text=Signal::stored(health)/>
                </p>
            </div>
            {running
                .then(|| {
                    view! {
                        <div class="buttons">
                            <a class="button" href="/go-live">"Open the studio"</a>
                            <button class="button" data-kind="end" type="button" on:click=move |_| asking.set(true)>"End the show"</button>
                        </div>
                    }
                })}
        </div>
        {session.end_message.clone().filter(|_| !running).map(|why| view! { <p class="verdict panel" data-state=kind>{why}</p> })}
        {show_troubles.then(|| view! { <ul class="troubles panel" aria-label="What is wrong">{troubles}</ul> })}
        <dl class="facts" data-small="yes">{facts}</dl>
        {running.then(|| view! { <Thumbnail id=session.session_id.clone()/> })}
        {recording(&session).filter(|_| !running).map(|src| view! { <h2 class="section">"The recording"</h2><Player src/> })}
        <h2 class="section">"Where it plays"</h2>
        <ul class="places">{places}</ul>
        <What id=session.session_id.clone() revision=session.revision/>
    }
}

/// The relay's latest picture, asked for again every ten seconds.
#[component]
fn Thumbnail(id: SessionId) -> impl IntoView {
    let turn = RwSignal::new(0_u32);
    let missing = RwSignal::new(false);
    Effect::new(move |_| {
        browser_clock::every(10_000, move || {
            missing.set(false);
            turn.update(|turn| *turn += 1);
        });
    });
    let address = move || format!("/api/streaming/thumbnails/{id}?{}", turn.get());
    view! {
        <figure class="thumbnail panel">
            <img src=address alt="The picture that viewers get, at most ten seconds old" hidden=move || missing.get() on:error=move |_| missing.set(true)/>
            {move || missing.get().then(|| view! { <figcaption class="quiet">"There is no picture yet."</figcaption> })}
        </figure>
    }
}

/// What happened, and for administrators what lies underneath.
#[component]
fn What(id: SessionId, revision: u64) -> impl IntoView {
    // Asked for again with every revision: this component is made anew then.
    let story = Resource::new_blocking(move || revision, move |_| load_story(id.clone()));
    let told = |story: Story| {
        let lines = story.lines.into_iter().map(|line| {
            view! { <li><time>{moment(line.at)}</time><p>{line.what}</p><small>{line.actor}" · "{line.state}</small></li> }
        });
        let lines = lines.collect_view();
        let numbers =
            (story.events > 0).then(|| format!("{} events on the picture, {} of them decisions. ", story.events, story.decisions));
        let cost = story.cost.map(|(amount, currency)| format!("Estimated cost: {amount:.2} {currency}."));
        let raw = story.raw.map(|raw| {
            view! { <details class="panel raw"><summary>"As it is stored, and as LiveKit and the relay tell it"</summary><pre tabindex="0">{raw}</pre></details> }
        });
        view! {
            <h2 class="section">"What happened"</h2>
            <p class="quiet">{numbers}{cost}</p>
            <ol class="story">{lines}</ol>
            {raw}
        }
    };
    view! {
        <Transition fallback=|| view! { <Loading/> }>
            {move || {
                story.get().map(|answer| match answer {
                    Ok(story) => told(story).into_any(),
                    Err(error) => view! { <Trouble message=error.message/> }.into_any(),
                })
            }}
        </Transition>
    }
}

fn facts(session: &SessionView) -> Vec<(&'static str, String)> {
    let video = session.video;
    let mut facts = vec![
        ("on air", clock(session.duration)),
        ("asked for", moment(session.created_at)),
        ("picture", format!("{}×{} at {}", video.width, video.height, video.framerate)),
        ("bitrate", format!("{} kbit/s", video.bitrate_kbps)),
    ];
    facts.extend(session.started_at.map(|at| ("went live", moment(at))));
    facts.extend(session.ended_at.map(|at| ("over", moment(at))));
    facts
}

#[component]
fn Place(place: DestinationView, now: Timestamp) -> impl IntoView {
    let (kind, words) = destination(&place, now);
    let tail = key_tail(&place.destination).map(|tail| format!("key {tail}"));
    let back = (place.reconnects > 0).then(|| format!("came back {} ×", place.reconnects));
    let small = [Some(format!("{} on air", clock(place.uptime_ms))), back, tail].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li class="place panel">
            <div>
                <b>{place.destination.label().to_owned()}</b>
                <small>{small}</small>
            </div>
            <Badge kind=Signal::stored(kind) text=Signal::stored(words)/>
        </li>
    }
}
