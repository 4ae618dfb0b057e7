//! One session in the table.

use super::table::RowState;
use crate::{
    api::sessions::SessionView,
    components::{
        badge::{Badge, Tone},
        local_time::LocalTime,
    },
    domain::{ids::SessionId, session::Owner, timestamp::Timestamp},
    pages::labels::{format_duration, health_badge, is_over, key_tail, session_badge, title},
};
use leptos::prelude::*;

/// Each cell follows the session by itself.
#[component]
pub fn Row(
    known: RwSignal<RowState>,
    now: RwSignal<Timestamp>,
    chosen: RwSignal<Vec<SessionId>>,
    on_stop: Callback<SessionId>,
) -> impl IntoView {
    let of = known.with_untracked(|(view, _)| view.clone());
    let id = StoredValue::new(of.session_id.clone());
    let stoppable = Memo::new(move |_| known.with(|(view, _)| !is_over(view) && !view.status.is_ending()));
    let attention = move || if known.with(|(view, _)| needs_attention(view)) { "yes" } else { "no" };
    let badge = move |of: fn(&SessionView) -> (Tone, String)| {
        let badge = Memo::new(move |_| known.with(|(view, _)| of(view)));
        view! { <Badge tone=Signal::derive(move || badge.get().0) text=Signal::derive(move || badge.get().1)/> }
    };
    let who = match of.owner {
        Owner::User(_) => of.owner_name.clone(),
        Owner::Agent(_) => format!("agent {} of {}", of.entity_name, of.owner_name),
    };
    let since = of.started_at.unwrap_or(of.created_at);
    let ids = move || {
        known.with(|(view, _)| {
            [Some(view.session_id.to_string()), view.egress_id.as_ref().map(ToString::to_string)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        })
    };
    let destinations = move || {
        known.with(|(view, _)| {
            let all = view.destinations.iter().map(|of| {
                let tail = key_tail(&of.destination).map(|tail| view! { <small>{tail}</small> });
                view! { <span class="destination-name">{of.destination.label().to_owned()}" "{tail}</span> }
            });
            all.collect_view()
        })
    };
    let on_air = move || known.with(|(view, received)| format_duration(view.duration + age_ms(view, *received, now.get())));
    let viewers = move || {
        known.with(|(view, _)| match (view.viewer_count, view.peak_viewer_count) {
            (None, None) => "–".to_owned(),
            (now, peak) => format!("{} / {}", now.unwrap_or_default(), peak.unwrap_or_default()),
        })
    };
    let name = title(&of);
    let choose = format!("Select {name}");
    let stop = format!("End {name}");
    let is_chosen = move || chosen.with(|chosen| id.with_value(|id| chosen.contains(id)));
    view! {
        <tr data-look=attention>
            <td data-label="Select">
                <input
                    type="checkbox" aria-label=choose prop:checked=is_chosen disabled=move || !stoppable.get()
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        chosen.update(|chosen| {
                            chosen.retain(|one| id.with_value(|id| one != id));
                            if on {
                                chosen.push(id.get_value());
                            }
                        });
                    }
                />
            </td>
            <td data-label="Status">{badge(session_badge)}</td>
            <td data-label="Stream">
                <a class="session-title" href=format!("/sessions/{}", of.session_id)>{name}</a>
                <small>{who}" · "<LocalTime at=since/></small>
                <small class="ids">{ids}</small>
            </td>
            <td data-label="Destinations">{destinations}</td>
            <td data-label="On air" class="number">{on_air}</td>
            <td data-label="Viewers" class="number"><span class="visually-hidden">"Viewers now and at peak: "</span>{viewers}</td>
            <td data-label="Health">{badge(health_badge)}</td>
            <td class="number">
                <Show when=move || stoppable.get()>
                    <button class="button" type="button" aria-label=stop.clone() on:click=move |_| on_stop.run(id.get_value())>"End"</button>
                </Show>
            </td>
        </tr>
    }
}

fn needs_attention(session: &SessionView) -> bool {
    session.status.is_live() && !session.health.is_empty()
}

/// Milliseconds since this page received the state of a session on air: the server's figure is as old as that.
fn age_ms(session: &SessionView, received: Timestamp, now: Timestamp) -> u64 {
    if session.status.is_live() && received != Timestamp::default() { now.millis_since(received) } else { 0 }
}
