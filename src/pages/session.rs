//! One session: state, destinations, recording, timeline.

use super::{
    labels::{
        destination_facts, destination_status, explain, format_duration, health_badge, is_over, key_tail, recording, session_badge, title,
        viewers,
    },
    layout::{CurrentUser, load_error, parse_session_id},
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
        destination_health::DestinationHealth,
        local_time::LocalTime,
        notice::{ErrorIfAny, ErrorNotice, Loading},
        player::Player,
        stats::stat_lines,
    },
    domain::{ids::SessionId, session::Owner, timestamp::Timestamp},
    rpc::sessions::{get_session, load_timeline, stop_session},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// `/sessions/{id}`, for its owner and admins.
#[component]
pub fn Session() -> AnyView {
    let params = use_params_map();
    let CurrentUser(me) = expect_context();
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
    let stop =
        Action::new(|(id, reason): &(SessionId, String)| stop_session(id.clone(), Some(reason.clone()).filter(|text| !text.is_empty())));
    let refused = Signal::derive(move || stop.value().get().and_then(Result::err).map(|error| error.message));
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
            <ErrorIfAny message=refused/>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    session.get().zip(me.get()).map(|(answer, me)| match answer {
                        Ok(first) => {
                            // The page for going live shows only what the reader hosts.
                            let hosted = me.ok().flatten().is_some_and(|me| first.owner == Owner::User(me.id));
                            view! { <Details first hosted latest timeline asking/> }.into_any()
                        }
                        Err(error) => view! { <Title text="Stream"/>{load_error(error, reload)} }.into_any(),
                    })
                }}
            </Transition>
            <Confirm
                open=asking
                title="End the stream?"
                text="It ends on every platform at once. This cannot be undone."
                action="End stream"
                reason="Reason (optional)"
                on_confirm=Callback::new(move |reason| {
                    if let Ok(id) = params.read_untracked().get("id").unwrap_or_default().parse() {
                        stop.dispatch((id, reason));
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
    hosted: bool,
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
    let delete_page = StoredValue::new(format!("/sessions/{id}/delete"));
    // One that never went live has no picture.
    let pictured = Memo::new(move |_| view.with(|view| !is_over(view) || view.started_at.is_some()));
    let overlay = format!("/stream/overlay?sessionId={id}&preview=1");
    let watch = move || {
        // The overlay is a document of its own, which the router does not know.
        let (address, text, rel) = if hosted { ("/go-live", "Open the studio", "") } else { (&*overlay, "Watch the overlay", "external") };
        view! { <a class="button" href=address.to_owned() rel=rel>{text}</a> }
    };
    let thumbnail = move || pictured.get().then(|| view! { <Thumbnail id=id.clone() running/> });
    let stats = move || stat_lines(view.with(stats));
    let destinations = move || view.with(|view| view.destinations.iter().map(|of| destination(of, view.now)).collect_view());
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
            <Show when=move || running.get() fallback=move || view! { <a class="button" rel="external" href=delete_page.get_value()>"Delete…"</a> }>
                <div class="buttons">
                    {watch.clone()}
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
        <ul class="live-destinations">{destinations}</ul>
        <Timeline timeline/>
    }
}

/// The latest thumbnail, loaded again every ten seconds while the session runs. The last one stays.
#[component]
fn Thumbnail(id: SessionId, running: Memo<bool>) -> impl IntoView {
    let count = RwSignal::new(0_u32);
    let missing = RwSignal::new(false);
    Effect::new(move |_| {
        if running.get() {
            browser_clock::every(10_000, move || {
                missing.set(false);
                count.update(|count| *count += 1);
            });
        }
    });
    let alt = move || {
        if running.get() { "The stream as viewers see it, at most ten seconds old" } else { "The end of the stream as viewers saw it" }
    };
    // Loading can fail before the page is hydrated.
    let failed = move |_| after_hydration(move || missing.set(true));
    let address = move || format!("/api/streaming/thumbnails/{id}?{}", count.get());
    view! {
        <figure class="thumbnail panel" hidden=move || missing.get() && !running.get()>
            <img src=address alt=alt hidden=move || missing.get() on:error=failed/>
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
        let cost = story.cost.map(|cost| format!("Estimated cost: {cost}."));
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

fn destination(of: &DestinationView, now: Timestamp) -> impl IntoView + use<> {
    let (tone, status) = destination_status(of, now);
    let name = of.destination.label().to_owned();
    let platform = Some(of.destination.platform.label().to_owned()).filter(|platform| *platform != name);
    let key = key_tail(&of.destination).map(|tail| format!("key {tail}"));
    let details = platform.into_iter().chain(destination_facts(of)).chain(key).collect::<Vec<_>>().join(" · ");
    view! { <DestinationHealth name tone=Signal::stored(tone) status=Signal::stored(status) details=Signal::stored(details)/> }
}
