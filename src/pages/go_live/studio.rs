//! On air: the picture, the light, the switches, where it plays and how that does.

use super::{
    activity::ActivityLog,
    destination_list::DestinationsPanel,
    devices_panel::{Menus, Switches},
    labels,
    live_session::{LiveSession, Presence},
    local_media::LocalMedia,
    overlay_panel::{Layers, SceneSwitch},
    preview::PreviewPanel,
    shortcuts::Shortcuts,
};
use crate::{
    api::sessions::SessionView,
    browser::{clock, protocol::Quality},
    components::{
        appearance_options::WebcamOptions, confirm::Confirm, notice::ErrorNotice, on_air_light::OnAirLight, scene_view::DataLayers,
    },
    domain::{overlay::OverlayPatch, room::RoomAccess},
    rpc::sessions::{set_overlay, stop_session},
};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Studio(media: LocalMedia, session: LiveSession, access: Option<RoomAccess>) -> impl IntoView {
    session.follow(media, access);
    let ticking = RwSignal::new(session.updated_at.get_untracked());
    Effect::new(move |_| {
        ticking.set(clock::now());
        clock::every(1000, move || ticking.set(clock::now()));
    });
    // The server's clock, counted on from the last answer: the browser's own may be wrong.
    let since_told = Memo::new(move |_| ticking.get().millis_since(session.updated_at.get()));
    let now = Signal::derive(move || {
        let told = session.view.with(|view| view.now);
        told.plus_millis(i64::try_from(since_told.get()).unwrap_or(0))
    });
    let elapsed = move || {
        let since = |view: &SessionView| if view.status == "live" { since_told.get() } else { 0 };
        session.view.with(|view| labels::format_duration(view.duration + since(view)))
    };
    let light = Memo::new(move |_| {
        let presence = session.presence.get();
        session.view.with(|view| labels::on_air_light(view, presence))
    });
    let settings = Signal::derive(move || session.view.with(|view| view.overlay.clone()));
    let title = Signal::derive(move || session.view.with(|view| view.stream_title.clone()));
    let live = Signal::derive(move || session.view.with(|view| view.status == "live"));
    let change = Action::new(move |patch: &OverlayPatch| {
        let (id, patch) = (session.id(), patch.clone());
        async move {
            session.update_overlay(set_overlay(id, patch).await?);
            Ok::<(), crate::api::error::ApiError>(())
        }
    });
    let on_change = Callback::new(move |patch: OverlayPatch| {
        change.dispatch(patch);
    });
    let not_changed = move || change.value().get().and_then(Result::err);
    let tab = move || match light.with(|(kind, _)| *kind) {
        "live" => "● On air",
        "bad" => "⚠ Off air",
        "rehearsal" => "● Rehearsal",
        _ => "Studio",
    };
    view! {
        <Title text=tab/>
        <div class="studio-top">
            <h1>{move || if title.with(String::is_empty) { "Your show".to_owned() } else { title.get() }}</h1>
            <OnAirLight kind=Signal::derive(move || light.get().0) text=Signal::derive(move || light.get().1)/>
            <span class="studio-clock" aria-label="Time on air">{elapsed}</span>
            <EndShow session/>
        </div>
        <ConnectionNote session/>
        <div class="go-live-columns">
            <section aria-label="Programme">
                <PreviewPanel media caption="What viewers get" title settings live overlay=session.overlay data=Some(DataLayers::all()) on_change/>
                <Switches media on_air=true/>
                <SceneSwitch settings on_change/>
                <Menus media/>
                <WebcamOptions settings on_change/>
                <Layers settings on_change/>
                <Shortcuts media on_change/>
                {move || not_changed().map(|error| view! { <ErrorNotice message=error.message/> })}
            </section>
            <div class="go-live-aside">
                <DestinationsPanel session now/>
                <Health session/>
                <ActivityLog session/>
            </div>
        </div>
    }
}

/// What is said when the host's own connection is not as it should be.
#[component]
fn ConnectionNote(session: LiveSession) -> impl IntoView {
    let note = move || match session.presence.get() {
        Presence::Reconnecting => Some("Your connection is lost. We bring it back; the show goes on meanwhile."),
        Presence::TakenOver => Some("This show is hosted from another tab or machine now. Close this one, or reload it to take over."),
        Presence::Joining | Presence::Connected if !session.feed_open.get() => {
            Some("The studio does not answer right now. What you see here may be old.")
        }
        Presence::Joining | Presence::Connected => None,
    };
    view! { <div aria-live="assertive">{move || note().map(|note| view! { <p class="notice" data-kind="error">{note}</p> })}</div> }
}

/// What goes up and what the relay receives.
#[component]
fn Health(session: LiveSession) -> impl IntoView {
    let upload = move || {
        let quality = match session.quality.get() {
            Quality::Excellent => "excellent",
            Quality::Good => "good",
            Quality::Poor => "poor: viewers may notice",
            Quality::Lost => "lost",
            Quality::Unknown => "not measured yet",
        };
        session.uplink.get().map_or_else(
            || quality.to_owned(),
            |uplink| {
                let limit = match uplink.limit.as_str() {
                    "cpu" => ", held back by this computer",
                    "bandwidth" => ", held back by the network",
                    _ => "",
                };
                format!("{quality}, {} Mbit/s at {} frames{limit}", labels::megabits(uplink.kbps), uplink.fps)
            },
        )
    };
    let composite =
        move || session.view.with(|view| view.composite.as_ref().map_or_else(|| "not there yet".to_owned(), labels::ingest_summary));
    let troubles = move || session.view.with(|view| view.health.iter().map(labels::explain).collect::<Vec<_>>());
    view! {
        <section class="panel" aria-labelledby="health-title">
            <h2 id="health-title">"How it goes"</h2>
            <dl class="stats">
                <div><dt>"your upload"</dt><dd>{upload}</dd></div>
                <div><dt>"the picture"</dt><dd>{composite}</dd></div>
            </dl>
            <ul class="issues" aria-live="polite">{move || troubles().into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
        </section>
    }
}

/// The way out, asked twice.
#[component]
fn EndShow(session: LiveSession) -> impl IntoView {
    let asking = RwSignal::new(false);
    let end = Action::new(move |(): &()| {
        let id = session.id();
        async move {
            session.update_view(stop_session(id).await?);
            Ok::<(), crate::api::error::ApiError>(())
        }
    });
    let refused = move || end.value().get().and_then(Result::err);
    view! {
        <button class="button" data-kind="end" type="button" disabled=move || end.pending().get() on:click=move |_| asking.set(true)>
            "End show"
        </button>
        {move || refused().map(|error| view! { <ErrorNotice message=error.message/> })}
        <Confirm
            open=asking
            title="End the show?"
            text="Every platform stops at once. This cannot be taken back."
            action="End show"
            on_confirm=Callback::new(move |_| {
                end.dispatch(());
            })
        />
    }
}
