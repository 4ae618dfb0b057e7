//! Before the stream: preview, destinations, preflight checks, and the button that goes live.

use super::{
    destination_picker::DestinationPicker,
    devices_panel::{Extras, Menus, Switches},
    draft::SessionDraft,
    labels,
    local_media::LocalMedia,
    preflight,
    preview::PreviewPanel,
};
use crate::{
    api::{
        error::{ApiError, ErrorCode},
        sessions::{NewSession, SessionView, VideoChoice},
    },
    browser::{page, room},
    components::{appearance_options::WebcamOptions, check_list::CheckList, notice::ErrorNotice, text_field::TextField},
    domain::{
        overlay::OverlayPatch,
        overlay_state::OverlayState,
        room::RoomAccess,
        session::StreamType,
        video::{VideoFormat, VideoPreset},
    },
    rpc::sessions::start_session,
};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn PreJoin(
    media: LocalMedia,
    draft: SessionDraft,
    #[prop(into)] on_started: Callback<(SessionView, Option<RoomAccess>)>,
) -> impl IntoView {
    let SessionDraft { destinations, title, patch, .. } = draft;
    let settings = Signal::derive(move || draft.overlay());
    let video = Signal::derive(move || draft.video());
    let platforms = Signal::derive(move || destinations.platforms());
    Effect::new(|_| room::warm_up());
    let (checks, ready) = preflight::watch(media, destinations);
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
                    media caption="This is what viewers will see" title platforms settings video live=Signal::stored(false)
                    overlay=RwSignal::new(OverlayState::default()) data=None on_change
                />
                <Switches media on_air=false/>
                <Menus media/>
                <div class="two-columns">
                    <TextField
                        label="Display name"
                        most=60
                        value=Signal::derive(move || media.choices.with(|choices| choices.name.clone()))
                        on_type=move |name| media.update_choices(|choices| choices.name = name)
                    />
                    <TextField label="Title" most=120 placeholder="What the stream is about" value=title on_type=move |text| title.set(text)/>
                    <ResolutionMenu draft/>
                </div>
                <WebcamOptions settings on_change/>
                <Extras media/>
            </section>
            <div class="go-live-aside">
                <section class="panel" aria-labelledby="destinations-title">
                    <h2 id="destinations-title">"Destinations"</h2>
                    <DestinationPicker destinations used=Signal::stored(Vec::new())/>
                </section>
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
    let SessionDraft { destinations, title, patch, preset, .. } = draft;
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
            destination_ids: destinations.checked(),
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

/// The server's default until chosen; it need not be a preset.
#[component]
fn ResolutionMenu(draft: SessionDraft) -> impl IntoView {
    let option = |name: &'static str, format: VideoFormat| {
        let portrait = if format.height > format.width { ", portrait" } else { "" };
        let text = format!("{}×{}, {} fps{portrait}", format.width, format.height, format.framerate);
        view! { <option value=name selected=move || draft.video() == format>{text}</option> }
    };
    let (default, note) = draft.setup.with_untracked(|setup| (setup.video, setup.video_note.clone()));
    let own = VideoPreset::ALL.iter().all(|preset| preset.format() != default).then(|| option("", default));
    let presets = VideoPreset::ALL.map(|preset| option(preset.name(), preset.format())).collect_view();
    let choose = move |event| {
        let name = event_target_value(&event);
        draft.preset.set(VideoPreset::ALL.into_iter().find(|preset| preset.name() == name));
    };
    view! {
        <label class="field">
            <span>"Resolution"</span>
            <select class="input" on:change=choose>{own}{presets}</select>
            {note.map(|note| view! { <small>{note}</small> })}
        </label>
    }
}
