//! The scenes without video: starting soon, match over, be right back, reconnecting, ending.

use crate::domain::{overlay::Layout, overlay_state::SceneModel};
use leptos::prelude::*;

/// Title and subtitle; nothing in scenes with video.
#[component]
pub fn Placeholder(scene: Signal<SceneModel>) -> impl IntoView {
    let text = Memo::new(move |_| scene.with(text));
    let countdown = Memo::new(move |_| scene.with(|scene| scene.countdown));
    move || {
        text.get().map(|(title, subtitle)| {
            view! {
                <div class="scene-placeholder">
                    <span class="scene-lights" aria-hidden="true"><b></b><b></b><b></b></span>
                    <p class="scene-title" dir="auto">{title}</p>
                    <p class="scene-subtitle" dir="auto">{subtitle}</p>
                    {move || countdown.get().map(|left| view! { <p class="scene-countdown">{countdown_text(left)}</p> })}
                </div>
            }
        })
    }
}

fn text(scene: &SceneModel) -> Option<(String, String)> {
    let stream = || if scene.title.is_empty() { scene.name.clone() } else { scene.title.clone() };
    let (title, subtitle) = match scene.layout {
        Layout::Screen | Layout::Camera | Layout::DataOnly => return None,
        Layout::StartingSoon => ("Starting soon".to_owned(), stream()),
        Layout::MatchOver => {
            (scene.score.as_ref().and_then(|score| score.result.clone()).unwrap_or_else(|| "Match over".to_owned()), stream())
        }
        Layout::BeRightBack => ("Be right back".to_owned(), stream()),
        Layout::Reconnecting => ("One moment".to_owned(), "The picture is on its way back.".to_owned()),
        Layout::Ending => ("Thank you for watching".to_owned(), scene.name.clone()),
    };
    Some((title, subtitle))
}

fn countdown_text(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
