//! One session: where it stands, where it plays, how it ended.

use super::{
    labels::{
        destination_status, explain, format_duration, health_badge, is_running, key_tail, moment, recording, session_badge, title, viewers,
    },
    layout::{load_error, parse_session_id},
};
use crate::{
    api::{
        error::ApiError,
        sessions::{DestinationView, SessionView, TimelineView},
    },
    browser::{clock as browser_clock, feed, hydration::after_hydration},
    components::{
        badge::Badge,
        confirm::Confirm,
        notice::{ErrorNotice, Loading},
        player::Player,
    },
    domain::{ids::SessionId, timestamp::Timestamp},
    rpc::sessions::{get_session, load_timeline, stop_session},
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
        |id| async move { get_session(parse_session_id(&id)?).await },
    );
    let reload = Callback::new(move |()| session.refetch());
    let told = RwSignal::new(None::<SessionView>);
    // Made here and not where it is shown: the server draws that part several times, and a story that grows meanwhile would be
    // another one in the markup than the one that the browser is given.
    let revision = Memo::new(move |_| told.with(|told| told.as_ref().map_or(0, |told| told.revision)));
    let story = Resource::new_blocking(
        move || (params.read().get("id").unwrap_or_default(), revision.get()),
        |(id, _)| async move { load_timeline(parse_session_id(&id)?).await },
    );
    let asking = RwSignal::new(false);
    let stop = Action::new(|id: &SessionId| stop_session(id.clone()));
    let refused = move || stop.value().get().and_then(Result::err);
    Effect::new(move |_| {
        let id = params.read().get("id").unwrap_or_default();
        if told.with_untracked(Option::is_some) {
            told.set(None);
        }
        if id.parse::<SessionId>().is_ok() {
            feed::of_session(&id, 0, move |message| {
                if let ("session", Ok(news)) = (message.event.as_str(), serde_json::from_str::<SessionView>(&message.data)) {
                    // The feed tells from its beginning; what the page knows already is not told again.
                    let known = told.with_untracked(|known| known.as_ref().is_some_and(|known| known.revision > news.revision));
                    if !known {
                        told.set(Some(news));
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
            {move || refused().map(|error| view! { <ErrorNotice message=error.message/> })}
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    session.get().map(|answer| match answer {
                        Ok(first) => view! { <Details first told story asking/> }.into_any(),
                        Err(error) => view! { <Title text="Show"/>{load_error(error, reload)} }.into_any(),
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

/// `first` is what the page was loaded with, `told` what the feed has said since. Only what changes is drawn again, so that
/// focus, picture and open folds stay.
#[component]
fn Details(
    first: SessionView,
    told: RwSignal<Option<SessionView>>,
    story: Resource<Result<TimelineView, ApiError>>,
    asking: RwSignal<bool>,
) -> impl IntoView {
    let id = first.session_id.clone();
    let view = Memo::new(move |_| {
        let newer = |told: &SessionView| told.session_id == first.session_id && told.revision >= first.revision;
        told.get().filter(newer).unwrap_or_else(|| first.clone())
    });
    let badge = move |of: fn(&SessionView) -> (&'static str, String)| {
        let said = Memo::new(move |_| view.with(of));
        view! { <Badge kind=Signal::derive(move || said.get().0) text=Signal::derive(move || said.get().1)/> }
    };
    let running = Memo::new(move |_| view.with(is_running));
    let verdict = Memo::new(move |_| {
        view.with(|view| view.end_message.clone().filter(|_| !is_running(view)).map(|why| (session_badge(view).0, why)))
    });
    let troubles = Memo::new(move |_| view.with(|view| if is_running(view) { view.health.clone() } else { Vec::new() }));
    let played = Memo::new(move |_| view.with(|view| recording(view).filter(|_| !is_running(view))));
    let thumbnail = move || running.get().then(|| view! { <Thumbnail id=id.clone()/> });
    let facts = move || {
        let facts = view.with(facts).into_iter();
        facts.map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view()
    };
    let places = move || {
        view.with(|view| view.destinations.iter().cloned().map(|place| view! { <DestinationRow place now=view.now/> }).collect_view())
    };
    let troubled = move || {
        let lines = troubles.get().iter().map(|one| view! { <li>{explain(one)}</li> }).collect_view();
        troubles.with(|all| !all.is_empty()).then(|| view! { <ul class="issues panel" aria-label="What is wrong">{lines}</ul> })
    };
    view! {
        <Title text=move || view.with(title)/>
        <div class="page-top">
            <div>
                <h1>{move || view.with(title)}</h1>
                <p class="badges">{badge(session_badge)}{move || running.get().then(|| badge(health_badge))}</p>
            </div>
            <Show when=move || running.get()>
                <div class="buttons">
                    <a class="button" href="/go-live">"Open the studio"</a>
                    <button class="button" data-kind="end" type="button" on:click=move |_| asking.set(true)>"End the show"</button>
                </div>
            </Show>
        </div>
        {move || verdict.get().map(|(kind, why)| view! { <p class="end-reason panel" data-state=kind>{why}</p> })}
        {troubled}
        <dl class="stats" data-small="yes">{facts}</dl>
        {thumbnail}
        {move || played.get().map(|src| view! { <h2 class="section">"The recording"</h2><Player src/> })}
        <h2 class="section">"Where it plays"</h2>
        <ul class="item-list">{places}</ul>
        <Timeline story/>
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
    // The picture can be refused while the page is still being made alive.
    let gone = move |_| after_hydration(move || missing.set(true));
    let address = move || format!("/api/streaming/thumbnails/{id}?{}", turn.get());
    view! {
        <figure class="thumbnail panel">
            <img src=address alt="The picture that viewers get, at most ten seconds old" hidden=move || missing.get() on:error=gone/>
            {move || missing.get().then(|| view! { <figcaption class="quiet">"There is no picture yet."</figcaption> })}
        </figure>
    }
}

/// What happened, and for administrators what lies underneath.
#[component]
fn Timeline(story: Resource<Result<TimelineView, ApiError>>) -> impl IntoView {
    let told = |story: TimelineView| {
        let lines = story.lines.into_iter().map(|line| {
            view! { <li><time>{moment(line.at)}</time><p>{line.what}</p><small>{line.actor}" · "{line.state}</small></li> }
        });
        let lines = lines.collect_view();
        let numbers =
            (story.events > 0).then(|| format!("{} events on the picture, {} of them decisions. ", story.events, story.decisions));
        let cost = story.cost.map(|(amount, currency)| format!("Estimated cost: {amount:.2} {currency}."));
        let raw = story.raw.map(|raw| {
            view! { <details class="panel raw-data"><summary>"As it is stored, and as LiveKit and the relay tell it"</summary><pre tabindex="0">{raw}</pre></details> }
        });
        view! {
            <h2 class="section">"What happened"</h2>
            {(numbers.is_some() || cost.is_some()).then(|| view! { <p class="quiet">{numbers}{cost}</p> })}
            <ol class="timeline">{lines}</ol>
            {raw}
        }
    };
    view! {
        <Transition fallback=|| view! { <Loading/> }>
            {move || {
                story.get().map(|answer| match answer {
                    Ok(story) => told(story).into_any(),
                    Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
                })
            }}
        </Transition>
    }
}

fn facts(session: &SessionView) -> Vec<(&'static str, String)> {
    let video = session.video;
    let mut facts = vec![
        ("on air", format_duration(session.duration)),
        ("asked for", moment(session.created_at)),
        ("picture", format!("{}×{} at {}", video.width, video.height, video.framerate)),
        ("bitrate", format!("{} kbit/s", video.bitrate_kbps)),
    ];
    facts.extend(viewers(session.viewer_count, session.peak_viewer_count).map(|text| ("watching", text)));
    facts.extend(session.started_at.map(|at| ("went live", moment(at))));
    facts.extend(session.ended_at.map(|at| ("over", moment(at))));
    facts
}

#[component]
fn DestinationRow(place: DestinationView, now: Timestamp) -> impl IntoView {
    let (kind, words) = destination_status(&place, now);
    let tail = key_tail(&place.destination).map(|tail| format!("key {tail}"));
    let back = (place.reconnects > 0).then(|| format!("came back {} ×", place.reconnects));
    let watched = viewers(place.viewer_count, place.peak_viewer_count);
    let platform = Some(place.destination.platform.label()).filter(|platform| *platform != place.destination.label());
    let on_air = format!("{} on air", format_duration(place.uptime_ms));
    let parts = [platform.map(str::to_owned), Some(on_air), watched, back, tail];
    let small = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li class="item panel">
            <div>
                <b>{place.destination.label().to_owned()}</b>
                <small>{small}</small>
            </div>
            <Badge kind=Signal::stored(kind) text=Signal::stored(words)/>
        </li>
    }
}
