//! The activity log of a session, which screen readers read out.

use super::{labels, live_session::LiveSession};
use crate::{
    api::{
        relay_control::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    components::badge::Tone,
    domain::session::HealthIssue,
};
use leptos::prelude::*;

/// Entries kept; the full timeline is on the session's own page.
const MAX_ENTRIES: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Counts up.
    pub seq: u32,
    /// Milliseconds on air at that moment.
    pub at_ms: u64,
    pub tone: Tone,
    pub text: String,
}

pub fn append_entry(log: &mut Vec<LogEntry>, at_ms: u64, tone: Tone, text: String) {
    let seq = log.last().map_or(0, |last| last.seq + 1);
    log.push(LogEntry { seq, at_ms, tone, text });
    if log.len() > MAX_ENTRIES {
        log.remove(0);
    }
}

/// What has changed between two states of a session.
pub fn describe_changes(old: &SessionView, new: &SessionView) -> Vec<(Tone, String)> {
    let mut changes = Vec::new();
    match (old.on_air, new.on_air) {
        (false, true) if new.rehearsal => changes.push((Tone::Ok, "The rehearsal is being recorded.".to_owned())),
        (false, true) => changes.push((Tone::Ok, "You are on air.".to_owned())),
        (true, false) if !labels::is_over(new) && !new.status.is_ending() => {
            changes.push((Tone::Bad, "You are off air: no destination receives the stream.".to_owned()));
        }
        _ => {}
    }
    for now in &new.destinations {
        let label = now.destination.label();
        match old.destinations.iter().find(|known| known.destination.id == now.destination.id) {
            None => changes.push((Tone::Neutral, format!("{label} was added."))),
            Some(known) => changes.extend(describe_transition(known, now).map(|(tone, text)| (tone, format!("{label}: {text}")))),
        }
    }
    for gone in old.destinations.iter().filter(|known| !new.destinations.iter().any(|now| now.destination.id == known.destination.id)) {
        changes.push((Tone::Neutral, format!("{} was removed.", gone.destination.label())));
    }
    let of_destination = |trouble: &&HealthIssue| matches!(trouble, HealthIssue::Destination { .. });
    if !labels::is_over(new) {
        let started = new.health.iter().filter(|trouble| !old.health.contains(trouble) && !of_destination(trouble));
        changes.extend(started.map(|trouble| (Tone::Warn, format!("Issue: {}.", labels::explain(trouble)))));
        let resolved = old.health.iter().filter(|trouble| !new.health.contains(trouble) && !of_destination(trouble));
        changes.extend(resolved.map(|trouble| (Tone::Ok, format!("Resolved: {}.", labels::explain(trouble)))));
    }
    changes
}

/// How the state of a destination has changed, if it has.
fn describe_transition(old: &DestinationView, new: &DestinationView) -> Option<(Tone, String)> {
    use DestinationState::{Failed, Live, Retrying};
    match (&old.state, &new.state) {
        (Live { .. }, Live { .. }) | (Retrying { .. }, Retrying { .. }) | (Failed { .. }, Failed { .. }) => None,
        (Retrying { .. }, Live { .. }) => Some((Tone::Ok, "streaming again".to_owned())),
        (_, Live { .. }) => Some((Tone::Ok, "streaming".to_owned())),
        (_, Retrying { reason, .. }) => Some((Tone::Warn, format!("disconnected ({reason}), reconnecting"))),
        (_, Failed { reason, .. }) => Some((Tone::Bad, format!("failed ({reason})"))),
        _ => None,
    }
}

/// The newest entry is on top.
#[component]
pub fn ActivityLog(session: LiveSession) -> impl IntoView {
    let newest_first = move || session.log.get().into_iter().rev().collect::<Vec<_>>();
    let details = move || session.view.with(|view| format!("/sessions/{}", view.session_id));
    view! {
        <section class="panel" aria-labelledby="log-title">
            <h2 id="log-title">"Activity"</h2>
            <div class="log" role="log" aria-labelledby="log-title" tabindex="0">
                <For each=newest_first key=|entry| entry.seq let:entry>
                    <p data-state=entry.tone.name()><time translate="no">{labels::format_duration(entry.at_ms)}</time>" "{entry.text}</p>
                </For>
            </div>
            <p class="quiet">"Since this page was opened. "<a href=details target="_blank">"Full timeline"</a></p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;
    use serde_json::json;

    fn view(state: &DestinationState) -> DestinationView {
        serde_json::from_value(json!({
            "id": "d1", "platform": "twitch", "name": "", "address": null, "keyTail": "6f2a", "state": state,
            "bitrateKbps": 0, "lastProgressAt": null, "reconnects": 0, "uptimeMs": 0,
        }))
        .expect("a destination")
    }

    fn lost() -> DestinationState {
        let at = Timestamp::from_millis(1);
        DestinationState::Retrying { attempt: 1, since: at, next_at: at, reason: "the connection broke".into() }
    }

    #[test]
    fn only_changes_of_a_destination_are_logged() {
        let live = DestinationState::Live { since: Timestamp::from_millis(1) };
        let gone = DestinationState::Failed { at: Timestamp::from_millis(2), reason: "wrong key".into() };
        for (old, new, text) in [
            (DestinationState::Waiting, live.clone(), Some("streaming")),
            (live.clone(), live.clone(), None),
            (live.clone(), lost(), Some("disconnected (the connection broke), reconnecting")),
            (lost(), live.clone(), Some("streaming again")),
            (live, gone, Some("failed (wrong key)")),
        ] {
            assert_eq!(describe_transition(&view(&old), &view(&new)).map(|(_, text)| text).as_deref(), text);
        }
    }

    #[test]
    fn only_the_latest_entries_are_kept() {
        let mut log = Vec::new();
        for seq in 0..=MAX_ENTRIES {
            append_entry(&mut log, 0, Tone::Ok, seq.to_string());
        }
        assert_eq!((log.len(), log[0].seq, log[MAX_ENTRIES - 1].text.as_str()), (MAX_ENTRIES, 1, MAX_ENTRIES.to_string().as_str()));
    }
}
