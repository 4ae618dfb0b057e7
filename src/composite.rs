//! The composite: the page that the egress records, and its previews. A browser program of its own, without router and server
//! functions, because a session waits for it to load.

pub mod still;

use crate::{
    api::overlay::OverlaySnapshot,
    browser::{
        clock,
        feed::{self, Connection},
        overlay_room::{OverlayRoom, send_end_signal, send_start_signal},
        protocol::FeedMessage,
    },
    components::scene_view::{DataLayers, SceneView},
    domain::{
        destination::Platform,
        overlay_state::{OverlayInputs, OverlayState},
        session::SessionStatus,
        start_signal::may_start,
        timestamp::Timestamp,
    },
};
use leptos::prelude::*;
use serde::Deserialize;

/// The document's body. Everything it needs is in `snapshot`, the same on both sides: there is nothing to load.
#[component]
pub fn Composite(snapshot: OverlaySnapshot) -> AnyView {
    if snapshot.made_up.is_some() {
        return view! { <main class="overlay"><still::Still snapshot id_prefix=""/></main> }.into_any();
    }
    view! { <Live snapshot/> }.into_any()
}

/// The scene of a real session, from the room and the feed.
#[component]
fn Live(snapshot: OverlaySnapshot) -> impl IntoView {
    let inputs = RwSignal::new(inputs(&snapshot));
    let state = RwSignal::new(initial_state(&snapshot));
    // The browser's clock starts in an effect: server and browser must render the same first.
    let now = RwSignal::new(snapshot.now);
    let scene = Memo::new(move |_| state.with(|state| inputs.with(|inputs| state.scene(inputs, now.get()))));
    let recorded = snapshot.generation.is_some();
    let media = OverlayRoom::join().media();
    Effect::new(move |_| {
        let media = media.with(|media| inputs.with_untracked(|inputs| inputs.media.after(media, clock::now())));
        inputs.update(|inputs| inputs.media = media);
    });
    // Nobody sees the page before the recording starts: it need not be painted.
    let waiting = RwSignal::new(recorded);
    Effect::new(move |_| {
        // Tracked, so that the latest scene is on the page when the recording starts.
        scene.track();
        if recorded && media.with(may_start) {
            waiting.set(false);
            send_start_signal();
        }
    });
    Effect::new(move |_| {
        now.set(clock::now());
        clock::every(500, move || now.set(clock::now()));
    });
    let (session, seq) = (snapshot.session_id.clone(), snapshot.seq);
    let connection = if recorded { Connection::Own } else { Connection::Shared };
    Effect::new(move |_| {
        feed::of_session(session.as_str(), seq, connection, move |message| handle_message(&message, inputs, state, recorded));
    });
    view! { <main class="overlay" data-waiting=move || waiting.get().then_some("yes")><SceneView scene id_prefix="" data=Some(DataLayers::all())/></main> }
}

/// The fields of the feed's `session` events that the scene shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionUpdate {
    status: SessionStatus,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    stream_title: Option<String>,
    #[serde(default)]
    platforms: Vec<Platform>,
}

/// Ignores messages that it cannot read: they are for another version of this page.
fn handle_message(message: &FeedMessage, inputs: RwSignal<OverlayInputs>, state: RwSignal<OverlayState>, recorded: bool) {
    match message.event.as_str() {
        "session" => {
            let Ok(session) = serde_json::from_str::<SessionUpdate>(&message.data) else { return };
            let over = session.status.is_ending() || session.status.is_over();
            inputs.update(|inputs| {
                inputs.live = inputs.live || session.started_at.is_some() || session.status.is_live();
                inputs.over = over;
                inputs.platforms = session.platforms;
                if let Some(title) = session.stream_title {
                    inputs.title = title;
                }
            });
            if over && recorded {
                send_end_signal();
            }
        }
        "overlay" => {
            if let Ok(settings) = serde_json::from_str(&message.data) {
                inputs.update(|inputs| inputs.settings = settings);
            }
        }
        "show" => {
            if let Ok(event) = serde_json::from_str(&message.data) {
                state.update(|state| state.apply(message.seq, event, clock::now()));
            }
        }
        _ => {}
    }
}

/// The events before this page was opened.
fn initial_state(snapshot: &OverlaySnapshot) -> OverlayState {
    let mut state = OverlayState::default();
    snapshot.history.iter().for_each(|past| state.apply(past.seq, past.event.clone(), past.at));
    state
}

/// What is known at load, before anything arrives from the room.
fn inputs(snapshot: &OverlaySnapshot) -> OverlayInputs {
    OverlayInputs {
        stream_type: snapshot.stream_type,
        entity_name: snapshot.entity_name.clone(),
        avatar: snapshot.avatar.clone(),
        title: snapshot.title.clone(),
        platforms: snapshot.platforms.clone(),
        settings: snapshot.settings.clone(),
        media: snapshot.made_up.clone().unwrap_or_default(),
        live: snapshot.live_since.is_some(),
        over: false,
    }
}
