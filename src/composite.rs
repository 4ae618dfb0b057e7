//! The composite that the egress records, and the owner's preview of it. It knows everything at load; an answer that is not
//! 200 ends the egress at once instead of broadcasting an error page.

pub mod still;

use crate::{
    api::{error::ApiError, overlay::OverlayStage},
    browser::{
        clock, feed,
        protocol::FeedMessage,
        stage::{Stage, say_end_recording, say_start_recording},
    },
    components::scene_view::SceneView,
    domain::{
        ids::SessionId,
        recording::may_start,
        show::{Programme, Show},
        timestamp::Timestamp,
    },
    rpc::overlay::{load_preview, load_stage},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use serde::Deserialize;

/// `/stream/overlay?sessionId=…&token=…`; without a token a preview, for the owner. `?preview=…` shows a made-up show, under
/// the settings that stand beside it (`&theme=light&pipCorner=top-left`).
#[component]
pub fn Overlay() -> AnyView {
    let query = use_query_map().get_untracked();
    let made_up = query.get("preview").map(|name| (name, wish(&query)));
    let (session, token) = (query.get("sessionId"), query.get("token").filter(|token| !token.is_empty()));
    let stage = Resource::new_blocking(
        || (),
        move |()| {
            // An address without a usable session asks for one that cannot exist, so that it is refused like any unknown one.
            let session = session.clone().unwrap_or_default().parse().or_else(|_| "none".parse::<SessionId>());
            let (token, made_up) = (token.clone(), made_up.clone());
            async move {
                if let Some((name, wish)) = made_up {
                    return load_preview(name, wish).await;
                }
                let session = session.map_err(|error| ApiError::invalid("sessionId", error.to_string()))?;
                load_stage(session, token).await
            }
        },
    );
    view! {
        <Title text="Overlay"/>
        <Suspense fallback=|| ()>
            {move || {
                stage.get().map(|stage| match stage {
                    Ok(stage) if stage.made_up.is_some() => {
                        view! { <main class="overlay"><still::Still stage id_prefix=""/></main> }.into_any()
                    }
                    Ok(stage) => view! { <Set stage/> }.into_any(),
                    Err(error) => view! { <div class="error">{error.message}</div> }.into_any(),
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// The picture, and beside it what the bridge needs to join the room before the application is awake.
#[component]
fn Set(stage: OverlayStage) -> impl IntoView {
    let known = early_stage(&stage);
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
    Effect::new(move |_| {
        // Read before asking, so that what was just told is on the page when the recording begins.
        scene.track();
        if recorded && facts.with(may_start) {
            say_start_recording();
        }
    });
    Effect::new(move |_| {
        now.set(clock::now());
        clock::every(500, move || now.set(clock::now()));
    });
    let (session, seq) = (stage.session_id.clone(), stage.seq);
    Effect::new(move |_| feed::of_session(session.as_str(), seq, move |message| hear(&message, programme, show, recorded)));
    view! {
        <script type="application/json" id="stage" inner_html=known></script>
        <main class="overlay"><SceneView scene id_prefix=""/></main>
    }
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

/// The settings that stand in the address.
fn wish(query: &ParamsMap) -> Vec<(String, String)> {
    let fields = query.clone().into_iter().filter(|(name, _)| name != "preview");
    fields.map(|(name, text)| (name.into_owned(), text)).collect()
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

/// The stage as JSON that cannot end the element it stands in.
fn early_stage(stage: &OverlayStage) -> String {
    serde_json::to_string(stage).unwrap_or_default().replace('<', "\\u003c")
}
