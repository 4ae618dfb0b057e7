//! The composite: the page that the egress records, and the owner's preview of it. A program of its own, without router, server
//! functions or anything of the house: what waits for it is a show that wants to go on air.

pub mod still;

use crate::{
    api::overlay::OverlayStage,
    browser::{
        clock, feed,
        protocol::FeedMessage,
        stage::{Stage, say_end_recording, say_start_recording},
    },
    components::scene_view::{DataLayers, SceneView},
    domain::{
        recording::may_start,
        show::{Programme, Show},
        timestamp::Timestamp,
    },
};
use leptos::prelude::*;
use serde::Deserialize;

/// What stands in the document's body. Everything it needs is in `stage`, the same on both sides: there is nothing to load.
#[component]
pub fn Composite(
    /// What is known at load.
    stage: OverlayStage,
) -> AnyView {
    if stage.made_up.is_some() {
        return view! { <main class="overlay"><still::Still stage id_prefix=""/></main> }.into_any();
    }
    view! { <Live stage/> }.into_any()
}

/// The picture of a real show: fed by the room and by the feed.
#[component]
fn Live(stage: OverlayStage) -> impl IntoView {
    let programme = RwSignal::new(programme(&stage));
    let show = RwSignal::new(so_far(&stage));
    // The browser's clock begins to count only there: what server and browser draw first must be the same.
    let now = RwSignal::new(stage.now);
    let scene = Memo::new(move |_| show.with(|show| programme.with(|programme| show.scene(programme, now.get()))));
    let recorded = stage.generation.is_some();
    let facts = Stage::enter().facts();
    Effect::new(move |_| {
        let media = facts.with(|facts| programme.with_untracked(|programme| programme.media.after(facts, clock::now())));
        programme.update(|programme| programme.media = media);
    });
    // Nobody sees what stands there before the recording begins: it need not be drawn.
    let waiting = RwSignal::new(recorded);
    Effect::new(move |_| {
        // Read before asking, so that what was just told is on the page when the recording begins.
        scene.track();
        if recorded && facts.with(may_start) {
            waiting.set(false);
            say_start_recording();
        }
    });
    Effect::new(move |_| {
        now.set(clock::now());
        clock::every(500, move || now.set(clock::now()));
    });
    let (session, seq) = (stage.session_id.clone(), stage.seq);
    Effect::new(move |_| feed::of_session(session.as_str(), seq, move |message| hear(&message, programme, show, recorded)));
    view! { <main class="overlay" data-waiting=move || waiting.get().then_some("yes")><SceneView scene id_prefix="" data=Some(DataLayers::all())/></main> }
}

/// What the feed's `session` events say that the picture shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionNews {
    status: String,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    stream_title: Option<String>,
}

/// Takes one message of the feed. One of another shape is meant for another version of this page.
fn hear(message: &FeedMessage, programme: RwSignal<Programme>, show: RwSignal<Show>, recorded: bool) {
    match message.event.as_str() {
        "session" => {
            let Ok(news) = serde_json::from_str::<SessionNews>(&message.data) else { return };
            let over = matches!(news.status.as_str(), "ending" | "ended" | "failed");
            programme.update(|programme| {
                programme.live = programme.live || news.started_at.is_some() || news.status == "live";
                programme.over = over;
                if let Some(title) = news.stream_title {
                    programme.title = title;
                }
            });
            if over && recorded {
                say_end_recording();
            }
        }
        "overlay" => {
            if let Ok(settings) = serde_json::from_str(&message.data) {
                programme.update(|programme| programme.settings = settings);
            }
        }
        "show" => {
            if let Ok(event) = serde_json::from_str(&message.data) {
                show.update(|show| show.take(message.seq, event, clock::now()));
            }
        }
        _ => {}
    }
}

/// What happened before this page was opened.
fn so_far(stage: &OverlayStage) -> Show {
    let mut show = Show::default();
    stage.told.iter().for_each(|told| show.take(told.seq, told.event.clone(), told.at));
    show
}

/// What is known at load, before anything arrives from the room.
fn programme(stage: &OverlayStage) -> Programme {
    Programme {
        stream_type: stage.stream_type,
        entity_name: stage.entity_name.clone(),
        avatar: stage.avatar.clone(),
        title: stage.title.clone(),
        settings: stage.settings.clone(),
        media: stage.made_up.clone().unwrap_or_default(),
        live: stage.live_since.is_some(),
        over: false,
    }
}
