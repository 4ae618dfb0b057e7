//! Before the stream: preview, destinations, preflight checks, and the button that goes live.

use super::{
    destination_picker::{DestinationChoice, DestinationPicker},
    devices_panel::{Extras, Menus, Switches},
    draft::SessionDraft,
    labels,
    local_media::{CaptureState, LocalMedia},
    media_check,
    preview::PreviewPanel,
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{NewSession, Preflight, PreflightResult, SessionView, VideoChoice},
    },
    browser::{clock, page, protocol::MediaPath, room},
    components::{
        appearance_options::WebcamOptions,
        check_list::{Check, CheckList, CheckResult},
        notice::ErrorNotice,
    },
    domain::{
        capture::CaptureTrouble,
        overlay::{OverlayPatch, OverlaySettings},
        overlay_state::OverlayState,
        room::RoomAccess,
        session::StreamType,
        video::VideoPreset,
    },
    rpc::sessions::{run_preflight, start_session},
};
use leptos::prelude::*;
use leptos_meta::Title;

/// The server's checks run again this often.
const RECHECK_MS: u64 = 15_000;

/// The round trip to LiveKit in milliseconds, once measured; `Some(None)` if it does not answer.
type RoundTrip = Option<Option<u32>>;

#[component]
pub fn PreJoin(
    media: LocalMedia,
    draft: SessionDraft,
    #[prop(into)] on_started: Callback<(SessionView, Option<RoomAccess>)>,
) -> impl IntoView {
    let SessionDraft { destinations, title, patch, preset } = draft;
    let settings = Signal::derive(move || patch.with(|patch| patch.apply(&OverlaySettings::for_user())));
    let round_trip = RwSignal::new(None::<Option<u32>>);
    let preflight = RwSignal::new(None::<Result<Preflight, ApiError>>);
    let ask = Action::new(move |(): &()| async move { preflight.set(Some(run_preflight().await)) });
    Effect::new(move |_| {
        room::warm_up();
        ask.dispatch(());
        clock::every(RECHECK_MS, move || {
            ask.dispatch(());
        });
    });
    let livekit = Memo::new(move |_| preflight.with(|known| known.as_ref()?.as_ref().ok().map(|known| known.livekit_url.clone())));
    Effect::new(move |_| {
        if let Some(url) = livekit.get() {
            room::probe(&url, move |reach| round_trip.set(Some(reach.ms)));
        }
    });
    let media_path = media_check::watch();
    let checks = Signal::derive(move || checks(media, destinations, preflight.get().as_ref(), round_trip.get(), media_path.get()));
    let ready = Signal::derive(move || {
        destinations.problem().is_none()
            && checks.with(|all| all.iter().all(|check| matches!(check.result, CheckResult::Pass | CheckResult::Warn)))
    });
    let start = start_action(media, draft, on_started);
    let press = move |replace: bool| {
        if !start.pending().get_untracked() {
            start.dispatch((replace, page::new_idempotency_key()));
        }
    };
    let on_change = Callback::new(move |change: OverlayPatch| patch.update(|patch| *patch = patch.and(&change)));
    view! {
        // Set here too: after a stream the tab would keep the title of its end.
        <Title text="Go live"/>
        <h1>"Check your preview, then go live"</h1>
        <div class="go-live-columns">
            <section aria-label="Preview">
                <PreviewPanel
                    media caption="This is what viewers will see" title settings live=Signal::stored(false) overlay=RwSignal::new(OverlayState::default())
                    data=None on_change
                />
                <Switches media on_air=false/>
                <Menus media/>
                <div class="two-columns">
                    <label class="field">
                        <span>"Display name"</span>
                        <input
                            class="input"
                            maxlength="60"
                            prop:value=move || media.choices.with(|choices| choices.name.clone())
                            on:input=move |event| media.update_choices(|choices| choices.name = event_target_value(&event))
                        />
                    </label>
                    <label class="field">
                        <span>"Title"</span>
                        <input
                            class="input"
                            maxlength="120"
                            placeholder="What the stream is about"
                            prop:value=title
                            on:input=move |event| title.set(event_target_value(&event))
                        />
                    </label>
                    <ResolutionMenu preset preflight/>
                </div>
                <WebcamOptions settings on_change/>
                <Extras media/>
            </section>
            <div class="go-live-aside">
                <DestinationPicker destinations/>
                <section class="panel" aria-labelledby="checks-title">
                    <h2 id="checks-title">"Preflight checks"</h2>
                    <CheckList checks/>
                    <button
                        class="button"
                        data-kind="go"
                        type="button"
                        disabled=move || !ready.get() || start.pending().get()
                        on:click=move |_| press(false)
                    >
                        {move || if start.pending().get() { "Starting…".to_owned() } else { labels::go_live_label(destinations.count(), destinations.rehearsal_only()) }}
                    </button>
                    <StartError answer=start.value() on_replace=move |()| press(true)/>
                </section>
            </div>
        </div>
    }
}

type StartAction = Action<(bool, String), Result<(), ApiError>>;

fn start_action(media: LocalMedia, draft: SessionDraft, on_started: Callback<(SessionView, Option<RoomAccess>)>) -> StartAction {
    let SessionDraft { destinations, title, patch, preset } = draft;
    Action::new(move |(replace, key): &(bool, String)| {
        let name = media.choices.with_untracked(|choices| choices.name.trim().to_owned());
        let request = NewSession {
            stream_type: StreamType::User,
            agent_id: None,
            user_id: None,
            public: false,
            current_lobby_id: None,
            broadcast_delay_ms: 0,
            stream_title: title.get_untracked().trim().to_owned(),
            entity_name: (!name.is_empty()).then_some(name),
            destination_ids: destinations.saved(),
            destinations: destinations.typed(),
            video: preset.get_untracked().map(VideoChoice::Preset),
            overlay: patch.get_untracked(),
            announces: media.active_video(),
            replace: *replace,
            idempotency_key: Some(key.clone()),
        };
        async move {
            let started = start_session(request).await?;
            destinations.clear_typed();
            on_started.run((started.session, started.room));
            Ok(())
        }
    })
}

/// Why the stream did not start; a running one can be replaced.
#[component]
fn StartError(#[prop(into)] answer: Signal<Option<Result<(), ApiError>>>, #[prop(into)] on_replace: Callback<()>) -> impl IntoView {
    move || {
        answer.get().and_then(Result::err).map(|error| {
            // Other conflicts, such as a limit, do not go away with the running stream.
            let conflict = error.code == ErrorCode::Conflict && error.detail.get("sessionId").is_some();
            view! {
                <ErrorNotice message=error.message/>
                {conflict
                    .then(|| {
                        view! {
                            <button class="button" type="button" on:click=move |_| on_replace.run(())>"End the running stream and start this one"</button>
                        }
                    })}
            }
        })
    }
}

/// The server's default until chosen.
#[component]
fn ResolutionMenu(preset: RwSignal<Option<VideoPreset>>, preflight: RwSignal<Option<Result<Preflight, ApiError>>>) -> impl IntoView {
    let known = move || {
        preflight.with(|known| known.as_ref().and_then(|known| known.as_ref().ok()).map(|known| (known.video, known.video_note.clone())))
    };
    let current = move || preset.get().or_else(|| known().map(|(default, _)| default)).unwrap_or(VideoPreset::FullHd30);
    let options = VideoPreset::ALL
        .into_iter()
        .map(|preset| view! { <option value=preset.name() selected=move || current() == preset>{described(preset)}</option> })
        .collect_view();
    let choose = move |event| {
        let name = event_target_value(&event);
        preset.set(VideoPreset::ALL.into_iter().find(|preset| preset.name() == name));
    };
    view! {
        <label class="field">
            <span>"Resolution"</span>
            <select class="input" on:change=choose>{options}</select>
            <small>{move || known().and_then(|(_, note)| note).map(|note| view! { <span>{note}</span> })}</small>
        </label>
    }
}

fn described(preset: VideoPreset) -> String {
    let format = preset.format();
    let portrait = if preset == VideoPreset::Portrait { ", portrait" } else { "" };
    format!("{}×{}, {} fps{portrait}", format.width, format.height, format.framerate)
}

/// What this browser knows first, then what the server knows.
fn checks(
    media: LocalMedia,
    destinations: DestinationChoice,
    server: Option<&Result<Preflight, ApiError>>,
    round_trip: RoundTrip,
    media_path: Option<MediaPath>,
) -> Vec<Check> {
    let mut all = vec![devices_check(media)];
    all.push(match round_trip {
        None => Check::new("Connection to LiveKit", CheckResult::Waiting, ""),
        Some(Some(ms)) if ms < 300 => Check::new("Connection to LiveKit", CheckResult::Pass, format!("{ms} ms")),
        Some(Some(ms)) => Check::new("Connection to LiveKit", CheckResult::Warn, format!("{ms} ms: expect delay")),
        Some(None) => Check::new("Connection to LiveKit", CheckResult::Warn, "LiveKit cannot be reached from this browser"),
    });
    all.push(media_check::line(media_path, server));
    match server {
        None => all.push(Check::new("Studio server", CheckResult::Waiting, "")),
        Some(Err(error)) => all.push(Check::new("Studio server", CheckResult::Fail, error.message.clone())),
        Some(Ok(preflight)) => all.extend(preflight.lines.iter().map(|line| {
            let result = match line.result {
                PreflightResult::Pass => CheckResult::Pass,
                PreflightResult::Warn => CheckResult::Warn,
                PreflightResult::Fail => CheckResult::Fail,
            };
            Check::new(&line.label, result, line.note.clone())
        })),
    }
    all.push(match destinations.problem() {
        None => Check::new(
            "Destinations",
            CheckResult::Pass,
            if destinations.count() == 1 { "1 destination".to_owned() } else { format!("{} destinations", destinations.count()) },
        ),
        Some(problem) => Check::new("Destinations", CheckResult::Fail, problem),
    });
    all
}

fn devices_check(media: LocalMedia) -> Check {
    let (camera, microphone, screen) = (media.camera.get(), media.microphone.get(), media.screen.get());
    let on = |state: &CaptureState| matches!(state, CaptureState::On { .. });
    let asking = |state: &CaptureState| matches!(state, CaptureState::Requesting(_));
    let label = "Camera and microphone";
    let silenced = |state: &CaptureState| state.trouble() == Some(CaptureTrouble::Silenced);
    match (on(&camera), on(&microphone)) {
        _ if asking(&camera) || asking(&microphone) => Check::new(label, CheckResult::Warn, "waiting for the browser's permission"),
        _ if silenced(&microphone) => Check::new(label, CheckResult::Warn, "the system has muted your microphone"),
        _ if silenced(&camera) => Check::new(label, CheckResult::Warn, "the system has switched off your camera"),
        _ if camera.trouble() == Some(CaptureTrouble::NoPicture) => {
            Check::new(label, CheckResult::Warn, "your camera gives no picture: viewers see your initial")
        }
        (true, true) => Check::new(label, CheckResult::Pass, "ready"),
        (true, false) => Check::new(label, CheckResult::Warn, "no microphone: viewers will not hear you"),
        (false, true) if on(&screen) => Check::new(label, CheckResult::Pass, "microphone and screen"),
        (false, true) => Check::new(label, CheckResult::Warn, "no camera: viewers see your initial"),
        (false, false) if on(&screen) => Check::new(label, CheckResult::Warn, "only the screen"),
        (false, false) => Check::new(label, CheckResult::Warn, "nothing to see or hear yet"),
    }
}
