//! The layers with a fixed place: info bar, score, statistics, alert.

use super::face_view;
use crate::domain::overlay_state::{SceneModel, Side, Tone};
use leptos::prelude::*;

#[component]
pub fn InfoBar(scene: Signal<SceneModel>, face: Memo<(String, Option<String>)>) -> impl IntoView {
    let info = Memo::new(move |_| scene.with(|scene| scene.info.then(|| (scene.name.clone(), subtitle(scene), scene.live))));
    move || {
        info.get().map(|(name, subtitle, live)| {
            view! {
                <div class="scene-info">
                    <span class="scene-portrait" aria-hidden="true">{face_view(face.get())}</span>
                    <div>
                        <b dir="auto">{name}</b>
                        {(!subtitle.is_empty()).then(|| view! { <small dir="auto">{subtitle}</small> })}
                    </div>
                    {live.then(|| view! { <span class="scene-live">"LIVE"</span> })}
                </div>
            }
        })
    }
}

/// Where it can be watched, and its title.
fn subtitle(scene: &SceneModel) -> String {
    let between = if scene.platforms.is_empty() || scene.title.is_empty() { "" } else { " · " };
    [scene.platforms.as_str(), between, &scene.title].concat()
}

/// Both sides with their bars, the turn between them.
#[component]
pub fn ScoreBar(scene: Signal<SceneModel>) -> impl IntoView {
    let score = Memo::new(move |_| scene.with(|scene| scene.score.clone()));
    move || {
        score.get().filter(|score| !score.sides.is_empty() || !score.turn.is_empty()).map(|score| {
            let mut sides = score.sides.into_iter();
            let (ours, theirs) = (sides.next(), sides.next());
            let phase = score.result.unwrap_or(score.phase);
            view! {
                <div class="scene-score">
                    {ours.map(|(side, bar)| side_view(side, bar, "ours"))}
                    <div class="scene-turn"><b dir="auto">{score.turn}</b><small dir="auto">{phase}</small></div>
                    {theirs.map(|(side, bar)| side_view(side, bar, "theirs"))}
                </div>
            }
        })
    }
}

fn side_view(side: Side, bar: Option<u8>, whose: &'static str) -> impl IntoView {
    // The bar is drawn by attributes: the content security policy allows no inline style.
    let bar = bar.map(|percent| {
        let start = if whose == "ours" { 0 } else { 100 - percent };
        view! {
            <svg class="scene-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="scene-bar-left" x=start.to_string() y="0" width=percent.to_string() height="4"></rect>
            </svg>
        }
    });
    view! {
        <div class="scene-side" data-whose=whose>
            <p><b dir="auto">{side.name}</b>{side.score.map(|score| view! { <span>{grouped(score)}</span> })}</p>
            {bar}
        </div>
    }
}

#[component]
pub fn StatPills(scene: Signal<SceneModel>) -> impl IntoView {
    let stats = Memo::new(move |_| scene.with(|scene| scene.stats.clone()));
    move || {
        let stats = stats.get();
        (!stats.is_empty()).then(|| {
            let pills = stats
                .into_iter()
                .map(|(label, value)| view! { <div><dt dir="auto">{label}</dt><dd dir="auto">{value}</dd></div> })
                .collect_view();
            view! { <dl class="scene-stats">{pills}</dl> }
        })
    }
}

/// Shown over the video for a few seconds.
#[component]
pub fn AlertCard(scene: Signal<SceneModel>) -> impl IntoView {
    let alert = Memo::new(move |_| scene.with(|scene| scene.alert.clone()));
    move || {
        alert.get().map(|alert| {
            view! {
                <div class="scene-alert" data-tone=tone(alert.tone)>
                    <b dir="auto">{alert.title}</b>
                    {(!alert.text.is_empty()).then(|| view! { <p dir="auto">{alert.text}</p> })}
                </div>
            }
        })
    }
}

pub const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Hit => "hit",
    }
}

/// Separates thousands: 6400 is written 6 400.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0, "0"), (950, "950"), (6400, "6\u{a0}400"), (-1_234_567, "−1\u{a0}234\u{a0}567")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
