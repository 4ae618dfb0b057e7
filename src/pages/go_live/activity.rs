//! What happens to a show while its streamer looks elsewhere: told once, kept in order, read out by screen readers.

use super::{
    labels,
    live_session::{LiveSession, is_over},
};
use crate::{
    api::{
        relay_control::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    domain::session::HealthIssue,
};
use leptos::prelude::*;

/// Lines kept; the whole story is on the show's own page.
const KEPT: usize = 100;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Counts up.
    pub turn: u32,
    /// Milliseconds on air at that moment.
    pub at_ms: u64,
    /// `ok`, `warn`, `bad`, `quiet`.
    pub kind: &'static str,
    /// A sentence.
    pub words: String,
}

/// Adds a line.
pub fn append_entry(log: &mut Vec<LogEntry>, at_ms: u64, kind: &'static str, words: String) {
    let turn = log.last().map_or(0, |last| last.turn + 1);
    log.push(LogEntry { turn, at_ms, kind, words });
    if log.len() > KEPT {
        log.remove(0);
    }
}

/// What a newer state of the same show tells over an older one.
pub fn describe_changes(old: &SessionView, new: &SessionView) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    match (old.on_air, new.on_air) {
        (false, true) if new.rehearsal => told.push(("ok", "The rehearsal is being recorded.".to_owned())),
        (false, true) => told.push(("ok", "You are on air.".to_owned())),
        (true, false) if !is_over(new) && new.status != "ending" => {
            told.push(("bad", "You are off air: no platform takes the show.".to_owned()));
        }
        _ => {}
    }
    for place in &new.destinations {
        let label = place.destination.label();
        match old.destinations.iter().find(|known| known.destination.id == place.destination.id) {
            None => told.push(("quiet", format!("{label} was added."))),
            Some(known) => told.extend(describe_transition(known, place).map(|(kind, what)| (kind, format!("{label} {what}")))),
        }
    }
    for gone in old.destinations.iter().filter(|known| !new.destinations.iter().any(|place| place.destination.id == known.destination.id)) {
        told.push(("quiet", format!("{} was taken off.", gone.destination.label())));
    }
    let of_destination = |trouble: &&HealthIssue| matches!(trouble, HealthIssue::Destination { .. });
    if !is_over(new) {
        let begun = new.health.iter().filter(|trouble| !old.health.contains(trouble) && !of_destination(trouble));
        told.extend(begun.map(|trouble| ("warn", format!("Trouble: {}.", labels::explain(trouble)))));
        let over = old.health.iter().filter(|trouble| !new.health.contains(trouble) && !of_destination(trouble));
        told.extend(over.map(|trouble| ("ok", format!("Over: {}.", labels::explain(trouble)))));
    }
    told
}

/// How a destination's connection has turned, if it has.
fn describe_transition(old: &DestinationView, new: &DestinationView) -> Option<(&'static str, String)> {
    use DestinationState::{Failed, Live, Retrying};
    match (&old.state, &new.state) {
        (Live { .. }, Live { .. }) | (Retrying { .. }, Retrying { .. }) | (Failed { .. }, Failed { .. }) => None,
        (Retrying { .. }, Live { .. }) => Some(("ok", "takes the show again.".to_owned())),
        (_, Live { .. }) => Some(("ok", "takes the show.".to_owned())),
        (_, Retrying { reason, .. }) => Some(("warn", format!("was lost: {reason}. It is tried again."))),
        (_, Failed { reason, .. }) => Some(("bad", format!("was given up: {reason}."))),
        _ => None,
    }
}

/// The lines, the newest on top.
#[component]
pub fn ActivityLog(session: LiveSession) -> impl IntoView {
    let newest_first = move || session.log.get().into_iter().rev().collect::<Vec<_>>();
    let story = move || session.view.with(|view| format!("/sessions/{}", view.session_id));
    view! {
        <section class="panel" aria-labelledby="log-title">
            <h2 id="log-title">"What happened"</h2>
            <div class="log" role="log" aria-labelledby="log-title" tabindex="0">
                <For each=newest_first key=|said| said.turn let:said>
                    <p data-state=said.kind><time>{labels::format_duration(said.at_ms)}</time>" "{said.words}</p>
                </For>
            </div>
            <p class="quiet">"Since this page was opened. "<a href=story target="_blank">"The whole story"</a></p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;
    use serde_json::json;

    fn place(state: &DestinationState) -> DestinationView {
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
    fn a_destination_is_told_when_it_turns_and_not_while_it_stays() {
        let live = DestinationState::Live { since: Timestamp::from_millis(1) };
        let gone = DestinationState::Failed { at: Timestamp::from_millis(2), reason: "wrong key".into() };
        for (old, new, words) in [
            (DestinationState::Waiting, live.clone(), Some("takes the show.")),
            (live.clone(), live.clone(), None),
            (live.clone(), lost(), Some("was lost: the connection broke. It is tried again.")),
            (lost(), live.clone(), Some("takes the show again.")),
            (live, gone, Some("was given up: wrong key.")),
        ] {
            assert_eq!(describe_transition(&place(&old), &place(&new)).map(|(_, words)| words).as_deref(), words);
        }
    }

    #[test]
    fn only_the_latest_lines_are_kept_and_each_has_its_own_number() {
        let mut log = Vec::new();
        for turn in 0..=KEPT {
            append_entry(&mut log, 0, "ok", turn.to_string());
        }
        assert_eq!((log.len(), log[0].turn, log[KEPT - 1].words.as_str()), (KEPT, 1, KEPT.to_string().as_str()));
    }
}
