//! The scenes without a picture: starting soon, match over, be right back, reconnecting, ending.

use crate::domain::{overlay::Layout, overlay_state::SceneModel};
use leptos::prelude::*;

/// The words of a scene without a picture; nothing while there is one.
#[component]
pub fn Placeholder(
    /// The whole scene.
    scene: Signal<SceneModel>,
) -> impl IntoView {
    let words = Memo::new(move |_| scene.with(words));
    let countdown = Memo::new(move |_| scene.with(|scene| scene.countdown));
    move || {
        words.get().map(|(line, under)| {
            view! {
                <div class="scene-placeholder">
                    <span class="scene-lights" aria-hidden="true"><b></b><b></b><b></b></span>
                    <p class="scene-title" dir="auto">{line}</p>
                    <p class="scene-subtitle" dir="auto">{under}</p>
                    {move || countdown.get().map(|left| view! { <p class="scene-countdown">{clock(left)}</p> })}
                </div>
            }
        })
    }
}

fn words(scene: &SceneModel) -> Option<(String, String)> {
    let show = || if scene.title.is_empty() { scene.name.clone() } else { scene.title.clone() };
    let (line, under) = match scene.layout {
        Layout::Screen | Layout::Camera | Layout::DataOnly => return None,
        Layout::StartingSoon => ("Starting soon".to_owned(), show()),
        Layout::MatchOver => {
            (scene.score.as_ref().and_then(|score| score.result.clone()).unwrap_or_else(|| "Match over".to_owned()), show())
        }
        Layout::BeRightBack => ("Be right back".to_owned(), show()),
        Layout::Reconnecting => ("One moment".to_owned(), "The picture is on its way back.".to_owned()),
        Layout::Ending => ("Thank you for watching".to_owned(), scene.name.clone()),
    };
    Some((line, under))
}

fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
