//! The layers that scroll by: decisions and the event ticker. A card or line keeps its element while it is shown.

use super::lower_thirds::tone;
use crate::domain::overlay_state::scene::{Decision, Line};
use leptos::prelude::*;

#[component]
pub fn DecisionPanel(
    /// Newest first.
    decisions: Memo<Vec<Decision>>,
) -> impl IntoView {
    view! {
        <div class="scene-decisions">
            <For each=move || decisions.get() key=|decision| decision.seq let:decision>
                {
                    let seq = decision.seq;
                    let fading = move || decisions.with(|all| all.iter().find(|one| one.seq == seq).is_none_or(|one| one.fading));
                    view! {
                        <div class="scene-card" data-fading=move || if fading() { "yes" } else { "no" }>
                            <b dir="auto">{decision.title.clone()}</b>
                            {(!decision.reason.is_empty()).then(|| view! { <p dir="auto">{decision.reason.clone()}</p> })}
                            {small_print(&decision).map(|text| view! { <small>{text}</small> })}
                        </div>
                    }
                }
            </For>
        </div>
    }
}

fn small_print(decision: &Decision) -> Option<String> {
    let took = decision.took_ms.map(|ms| format!("{}.{} s", ms / 1000, ms % 1000 / 100));
    let confidence = decision.confidence.map(|percent| format!("confidence {percent} %"));
    let parts: Vec<String> = took.into_iter().chain(confidence).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Along the bottom edge.
#[component]
pub fn Ticker(
    /// Newest first.
    lines: Memo<Vec<Line>>,
) -> impl IntoView {
    view! {
        <div class="scene-ticker">
            <For each=move || lines.get() key=|line| line.seq let:line>
                {
                    let seq = line.seq;
                    let ago = Memo::new(move |_| lines.with(|all| all.iter().find(|one| one.seq == seq).map(|one| one.ago.clone())));
                    view! {
                        <span class="scene-ticker-item" data-tone=tone(line.tone)>
                            <span dir="auto">{line.text.clone()}</span>
                            <em>{move || ago.get()}</em>
                        </span>
                    }
                }
            </For>
        </div>
    }
}
