//! One session: state, destinations, recording, timeline.

use super::{
    labels::{destination_status, explain, format_duration, health_badge, is_over, key_tail, recording, session_badge, title, viewers},
    layout::{load_error, parse_session_id},
};
use crate::{
    api::{
        error::ApiError,
        sessions::{DestinationView, SessionView, TimelineView},
    },
    browser::{
        clock as browser_clock,
        feed::{self, Connection},
        hydration::after_hydration,
    },
    components::{
        badge::{Badge, Tone},
        confirm::Confirm,
        local_time::LocalTime,
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
    let latest = RwSignal::new(None::<SessionView>);
    // Loaded here and not where it is shown: the server renders that part several times, and a timeline that grows meanwhile would
    // differ between the markup and the data for the browser.
    let revision = Memo::new(move |_| latest.with(|latest| latest.as_ref().map_or(0, |latest| latest.revision)));
    let timeline = Resource::new_blocking(
        move || (params.read().get("id").unwrap_or_default(), revision.get()),
        |(id, _)| async move { load_timeline(parse_session_id(&id)?).await },
    );
    let asking = RwSignal::new(false);
    let stop = Action::new(|id: &SessionId| stop_session(id.clone(), None));
    let refused = move || stop.value().get().and_then(Result::err);
    Effect::new(move |_| {
        let id = params.read().get("id").unwrap_or_default();
        if latest.with_untracked(Option::is_some) {
            latest.set(None);
        }
        if id.parse::<SessionId>().is_ok() {
            feed::of_session(&id, 0, Connection::SharedWhileShown, move |message| {
                if let ("session", Ok(update)) = (message.event.as_str(), serde_json::from_str::<SessionView>(&message.data)) {
                    // The feed starts at the beginning: older states are ignored.
                    let outdated = latest.with_untracked(|known| known.as_ref().is_some_and(|known| known.revision > update.revision));
                    if !outdated {
                        latest.set(Some(update));
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
                        Ok(first) => view! { <Details first latest timeline asking/> }.into_any(),
                        Err(error) => view! { <Title text="Stream"/>{load_error(error, reload)} }.into_any(),
                    })
                }}
            </Transition>
            <Confirm
                open=asking
                title="End the stream?"
                text="It ends on every platform at once. This cannot be undone."
                action="End stream"
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

/// `first` is what the page was loaded with, `latest` what the feed has sent since. Only what changes is rendered again, so that
/// focus, video and open details stay.
#[component]
fn Details(
    first: SessionView,
    latest: RwSignal<Option<SessionView>>,
    timeline: Resource<Result<TimelineView, ApiError>>,
    asking: RwSignal<bool>,
) -> impl IntoView {
    let id = first.session_id.clone();
    let view = Memo::new(move |_| {
        let newer = |latest: &SessionView| latest.session_id == first.session_id && latest.revision >= first.revision;
        latest.get().filter(newer).unwrap_or_else(|| first.clone())
    });
    let badge = move |of: fn(&SessionView) -> (Tone, String)| {
        let badge = Memo::new(move |_| view.with(of));
        view! { <Badge tone=Signal::derive(move || badge.get().0) text=Signal::derive(move || badge.get().1)/> }
    };
    let running = Memo::new(move |_| view.with(|view| !is_over(view)));
    let end_reason =
        Memo::new(move |_| view.with(|view| view.end_message.clone().filter(|_| is_over(view)).map(|why| (session_badge(view).0, why))));
    let issues = Memo::new(move |_| view.with(|view| if is_over(view) { Vec::new() } else { view.health.clone() }));
    let playlist = Memo::new(move |_| view.with(|view| recording(view).filter(|_| is_over(view))));
    let thumbnail = move || running.get().then(|| view! { <Thumbnail id=id.clone()/> });
    let stats = move || {
        let stats = view.with(stats).into_iter();
        stats.map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> }).collect_view()
    };
    let destinations =
        move || view.with(|view| view.destinations.iter().cloned().map(|of| view! { <DestinationRow of now=view.now/> }).collect_view());
    let issue_list = move || {
        let lines = issues.get().iter().map(|one| view! { <li>{explain(one)}</li> }).collect_view();
        issues.with(|all| !all.is_empty()).then(|| view! { <ul class="issues panel" aria-label="Issues">{lines}</ul> })
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
                    <button class="button" data-kind="end" type="button" on:click=move |_| asking.set(true)>"End stream"</button>
                </div>
            </Show>
        </div>
        {move || end_reason.get().map(|(tone, why)| view! { <p class="end-reason panel" data-state=tone.name()>{why}</p> })}
        {issue_list}
        <dl class="stats" data-small="yes">{stats}</dl>
        {thumbnail}
        {move || playlist.get().map(|src| view! { <h2 class="section">"Recording"</h2><Player src/> })}
        <h2 class="section">"Destinations"</h2>
        <ul class="item-list">{destinations}</ul>
        <Timeline timeline/>
    }
}

/// The latest thumbnail, loaded again every ten seconds.
#[component]
fn Thumbnail(id: SessionId) -> impl IntoView {
    let count = RwSignal::new(0_u32);
    let missing = RwSignal::new(false);
    Effect::new(move |_| {
        browser_clock::every(10_000, move || {
            missing.set(false);
            count.update(|count| *count += 1);
        });
    });
    // Loading can fail before the page is hydrated.
    let failed = move |_| after_hydration(move || missing.set(true));
    let address = move || format!("/api/streaming/thumbnails/{id}?{}", count.get());
    view! {
        <figure class="thumbnail panel">
            <img src=address alt="The stream as viewers see it, at most ten seconds old" hidden=move || missing.get() on:error=failed/>
            {move || missing.get().then(|| view! { <figcaption class="quiet">"No thumbnail yet."</figcaption> })}
        </figure>
    }
}

/// What happened; for administrators also the raw data.
#[component]
fn Timeline(timeline: Resource<Result<TimelineView, ApiError>>) -> impl IntoView {
    let loaded = |story: TimelineView| {
        let lines = story.lines.into_iter().map(|line| {
            view! { <li><LocalTime at=line.at/><p>{line.what}</p><small>{line.actor}" · "{line.state.as_str()}</small></li> }
        });
        let lines = lines.collect_view();
        let numbers = (story.events > 0).then(|| format!("{} overlay events, {} of them decisions. ", story.events, story.decisions));
        let cost = story.cost.map(|(amount, currency)| format!("Estimated cost: {amount:.2} {currency}."));
        let raw = story.raw.map(|raw| {
            view! { <details class="panel raw-data"><summary>"Raw data"</summary><pre tabindex="0">{raw}</pre></details> }
        });
        view! {
            <h2 class="section">"Timeline"</h2>
            {(numbers.is_some() || cost.is_some()).then(|| view! { <p class="quiet">{numbers}{cost}</p> })}
            <ol class="timeline">{lines}</ol>
            {raw}
        }
    };
    view! {
        <Transition fallback=|| view! { <Loading/> }>
            {move || {
                timeline.get().map(|answer| match answer {
                    Ok(story) => loaded(story).into_any(),
                    Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
                })
            }}
        </Transition>
    }
}

fn stats(session: &SessionView) -> Vec<(&'static str, AnyView)> {
    let video = session.video;
    let time = |at: Timestamp| view! { <LocalTime at/> }.into_any();
    let mut stats = vec![
        ("Time on air", format_duration(session.duration).into_any()),
        ("Created", time(session.created_at)),
        ("Video", format!("{}×{}, {} fps", video.width, video.height, video.framerate).into_any()),
        ("Bitrate", format!("{} kbit/s", video.bitrate_kbps).into_any()),
    ];
    stats.extend(viewers(session.viewer_count, session.peak_viewer_count).map(|text| ("Viewers", text.into_any())));
    stats.extend(session.started_at.map(|at| ("Went live", time(at))));
    stats.extend(session.ended_at.map(|at| ("Ended", time(at))));
    stats
}

#[component]
fn DestinationRow(of: DestinationView, now: Timestamp) -> impl IntoView {
    let (tone, status) = destination_status(&of, now);
    let key = key_tail(&of.destination).map(|tail| format!("key {tail}"));
    let reconnects = match of.reconnects {
        0 => None,
        1 => Some("1 reconnect".to_owned()),
        many => Some(format!("{many} reconnects")),
    };
    let platform = Some(of.destination.platform.label()).filter(|platform| *platform != of.destination.label());
    let on_air = format!("{} on air", format_duration(of.uptime_ms));
    let parts = [platform.map(str::to_owned), Some(on_air), viewers(of.viewer_count, of.peak_viewer_count), reconnects, key];
    let details = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <li class="item panel">
            <div>
                <b>{of.destination.label().to_owned()}</b>
                <small>{details}</small>
            </div>
            <Badge tone=Signal::stored(tone) text=Signal::stored(status)/>
        </li>
    }
}
