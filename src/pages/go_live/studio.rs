//! The studio: preview, on-air light, media controls, destinations, stream health.

use super::{
    activity::ActivityLog,
    destination_list::DestinationsPanel,
    devices_panel::{Menus, Switches},
    labels,
    live_session::{LiveSession, Presence},
    local_media::LocalMedia,
    media_check,
    preview::PreviewPanel,
    scene_switch::SceneSwitch,
    shortcuts::Shortcuts,
};
use crate::{
    api::sessions::{SessionView, StudioSetup},
    browser::{clock, protocol::Quality},
    components::{
        appearance_options::{LayerOptions, WebcamOptions},
        confirm::Confirm,
        notice::ErrorIfAny,
        on_air_light::{LightState, OnAirLight},
        scene_view::DataLayers,
    },
    domain::{overlay::OverlayPatch, room::RoomAccess},
    rpc::sessions::{set_overlay, stop_session},
};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Studio(media: LocalMedia, setup: RwSignal<StudioSetup>, session: LiveSession, access: Option<RoomAccess>) -> impl IntoView {
    session.follow(media, access);
    let ticking = RwSignal::new(session.updated_at.get_untracked());
    Effect::new(move |_| {
        ticking.set(clock::now());
        clock::every(1000, move || ticking.set(clock::now()));
    });
    // The server's clock, counted on from the last update: the browser's own may be wrong.
    let since_update = Memo::new(move |_| ticking.get().millis_since(session.updated_at.get()));
    let now = Signal::derive(move || {
        let then = session.view.with(|view| view.now);
        then.plus_millis(i64::try_from(since_update.get()).unwrap_or(0))
    });
    let elapsed = move || {
        let since = |view: &SessionView| if view.status.is_live() { since_update.get() } else { 0 };
        session.view.with(|view| labels::format_duration(view.duration + since(view)))
    };
    let light = Memo::new(move |_| {
        let presence = session.presence.get();
        session.view.with(|view| labels::on_air_light(view, presence))
    });
    let settings = Signal::derive(move || session.view.with(|view| view.overlay.clone()));
    let title = Signal::derive(move || session.view.with(|view| view.stream_title.clone()));
    let live = Signal::derive(move || session.view.with(|view| view.status.is_live()));
    let platforms =
        Signal::derive(move || session.view.with(|view| view.destinations.iter().map(|of| of.destination.platform).collect::<Vec<_>>()));
    let video = Signal::derive(move || session.view.with(|view| view.video));
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
    let not_changed = Signal::derive(move || change.value().get().and_then(Result::err).map(|error| error.message));
    let tab = move || match light.with(|(state, _)| *state) {
        LightState::OnAir => "● On air",
        LightState::Interrupted => "⚠ Off air",
        LightState::Rehearsal => "● Rehearsal",
        _ => "Studio",
    };
    view! {
        <Title text=tab/>
        <div class="studio-top">
            <h1>{move || if title.with(String::is_empty) { "Your stream".to_owned() } else { title.get() }}</h1>
            <OnAirLight state=Signal::derive(move || light.get().0) text=Signal::derive(move || light.get().1)/>
            <span class="studio-clock" aria-label="Time on air" translate="no">{elapsed}</span>
            <EndStream session/>
        </div>
        <ConnectionNote session/>
        <div class="go-live-columns">
            <section aria-label="Preview">
                <PreviewPanel
                    media caption="What viewers see" title platforms settings video live overlay=session.overlay data=Some(DataLayers::all())
                    on_change
                />
                <Switches media on_air=true/>
                <SceneSwitch settings on_change/>
                <Menus media/>
                <WebcamOptions settings on_change/>
                <LayerOptions settings on_change/>
                <Shortcuts media on_change/>
                <ErrorIfAny message=not_changed/>
            </section>
            <div class="go-live-aside">
                <DestinationsPanel session setup now/>
                <StreamHealth session/>
                <ActivityLog session/>
            </div>
        </div>
    }
}

/// Shown when the host's own connection is bad.
#[component]
fn ConnectionNote(session: LiveSession) -> impl IntoView {
    let blocked = media_check::explanation(move || session.presence.get() == Presence::MediaBlocked);
    let note = move || match session.presence.get() {
        Presence::Reconnecting => Some("Your connection is lost. Reconnecting; the stream goes on meanwhile.".to_owned()),
        Presence::MediaBlocked => Some(blocked.get()),
        Presence::TakenOver => {
            Some("This stream is hosted from another tab or device now. Close this one, or reload it to take over.".to_owned())
        }
        Presence::Joining | Presence::Connected if !session.feed_open.get() => {
            Some("The studio server does not answer. What you see here may be out of date.".to_owned())
        }
        Presence::Joining | Presence::Connected => None,
    };
    view! { <div aria-live="assertive">{move || note().map(|note| view! { <p class="notice" data-kind="error">{note}</p> })}</div> }
}

#[component]
fn StreamHealth(session: LiveSession) -> impl IntoView {
    let upload = move || {
        // A good connection is not mentioned: beside a low frame rate it would look like a contradiction.
        let connection = match session.quality.get() {
            Quality::Poor => ", poor connection",
            Quality::Lost => ", connection lost",
            Quality::Excellent | Quality::Good | Quality::Unknown => "",
        };
        let Some(uplink) = session.uplink.get() else { return "not measured yet".to_owned() };
        let limit = match uplink.limit.as_str() {
            "cpu" => ", CPU-limited",
            "bandwidth" => ", network-limited",
            _ => "",
        };
        format!("{} Mbit/s, {} fps{limit}{connection}", labels::megabits(uplink.kbps), uplink.fps)
    };
    let output = move || session.view.with(|view| view.composite.as_ref().map_or_else(|| "not yet".to_owned(), labels::ingest_summary));
    let issues = move || session.view.with(|view| view.health.iter().map(labels::explain).collect::<Vec<_>>());
    view! {
        <section class="panel" aria-labelledby="health-title">
            <h2 id="health-title">"Stream health"</h2>
            <dl class="stats">
                <div><dt>"Upload"</dt><dd translate="no">{upload}</dd></div>
                <div><dt>"Output"</dt><dd translate="no">{output}</dd></div>
            </dl>
            <ul class="issues" aria-live="polite">{move || issues().into_iter().map(|text| view! { <li>{text}</li> }).collect_view()}</ul>
        </section>
    }
}

#[component]
fn EndStream(session: LiveSession) -> impl IntoView {
    let asking = RwSignal::new(false);
    let end = Action::new(move |(): &()| {
        let id = session.id();
        async move {
            session.update_view(stop_session(id, None).await?);
            Ok::<(), crate::api::error::ApiError>(())
        }
    });
    let refused = Signal::derive(move || end.value().get().and_then(Result::err).map(|error| error.message));
    view! {
        <button class="button" data-kind="end" type="button" disabled=move || end.pending().get() on:click=move |_| asking.set(true)>
            "End stream"
        </button>
        <ErrorIfAny message=refused/>
        <Confirm
            open=asking
            title="End the stream?"
            text="It ends on every platform at once. This cannot be undone."
            action="End stream"
            on_confirm=Callback::new(move |_| {
                end.dispatch(());
            })
        />
    }
}
