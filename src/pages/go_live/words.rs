//! What the Studio says of a show, in sentences a person would say. Pure.

use super::running::{Presence, is_over};
use crate::{
    api::{
        broadcast::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    domain::{session::Trouble, timestamp::Timestamp},
};

/// The light: its kind and its words. ON AIR only while a platform takes the show.
pub fn light(view: &SessionView, presence: Presence) -> (&'static str, String) {
    if is_over(view) {
        return ("off", "Off air".to_owned());
    }
    match view.status.as_str() {
        "ending" => return ("wait", "Ending…".to_owned()),
        "pending" => return ("wait", "Starting…".to_owned()),
        "starting" => {
            let words = match presence {
                Presence::Joining => "Starting… joining the room",
                _ if view.composite.is_none() => "Starting…",
                _ => "Waiting for the first platform",
            };
            return ("wait", words.to_owned());
        }
        _ => {}
    }
    if view.rehearsal {
        return ("rehearsal", "REHEARSAL".to_owned());
    }
    if view.on_air {
        return ("live", "ON AIR".to_owned());
    }
    let missing = view.health.first().map_or_else(|| "no platform takes the show right now".to_owned(), trouble);
    ("bad", format!("Off air: {missing}"))
}

/// A trouble as a sentence without its full stop.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NoComposite => "the picture does not reach the relay".to_owned(),
        Trouble::Destination { label, reason } => format!("{label}: {reason}"),
        Trouble::StaleEvidence => "the relay has not reported for a while".to_owned(),
        Trouble::HostAway => "waiting for the host".to_owned(),
        Trouble::OverlayFrozen => "the picture stands still".to_owned(),
        Trouble::ReplacingEgress => "the picture is being renewed".to_owned(),
    }
}

/// How a destination does: colour and sentence.
pub fn destination(view: &DestinationView, now: Timestamp) -> (&'static str, String) {
    let seconds = |at: Timestamp| at.millis_since(now).div_ceil(1000);
    match &view.state {
        DestinationState::Waiting => ("quiet", "waiting for the picture".to_owned()),
        DestinationState::Connecting { .. } => ("warn", "connecting".to_owned()),
        DestinationState::Live { .. } => {
            let confirmed = match view.last_progress_at.map(|at| now.millis_since(at) / 1000) {
                None => String::new(),
                Some(0) => ", confirmed just now".to_owned(),
                Some(ago) => format!(", confirmed {ago} s ago"),
            };
            let kind = if view.last_progress_at.is_some_and(|at| now.millis_since(at) > 5000) { "warn" } else { "ok" };
            (kind, format!("takes {} Mbit/s{confirmed}", megabits(view.bitrate_kbps)))
        }
        DestinationState::Retrying { attempt, next_at, reason, .. } => {
            let when = match seconds(*next_at) {
                0 => "now".to_owned(),
                wait => format!("in {wait} s"),
            };
            ("warn", format!("{} try {when}, {reason}", ordinal(*attempt)))
        }
        DestinationState::Failed { reason, .. } => ("bad", reason.clone()),
        DestinationState::Finished { .. } => ("quiet", "finished".to_owned()),
    }
}

/// kbit/s as `3.0`.
pub fn megabits(kbps: u32) -> String {
    format!("{}.{}", (kbps + 50) / 1000, (kbps + 50) % 1000 / 100)
}

/// `first` to `ninth`, then figures.
fn ordinal(n: u32) -> String {
    const WORDS: [&str; 9] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
    let word = usize::try_from(n).ok().and_then(|n| n.checked_sub(1)).and_then(|index| WORDS.get(index));
    word.map_or_else(|| format!("{n}th"), |word| (*word).to_owned())
}

/// Milliseconds as `1:42:07`.
pub fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The heading over a show that is over.
pub fn over(view: &SessionView) -> &'static str {
    match (view.status.as_str(), view.started_at) {
        ("failed", None) => "The show could not start",
        ("failed", Some(_)) => "The show failed",
        _ => "Show ended",
    }
}

/// The big button.
pub fn go(places: usize, rehearsal_only: bool) -> String {
    match places {
        _ if rehearsal_only => "Start the rehearsal".to_owned(),
        0 | 1 => "Go live".to_owned(),
        places => format!("Go live on {places} places"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::destination::{Destination, Platform};

    fn place(state: DestinationState, kbps: u32, progress: Option<i64>) -> DestinationView {
        let destination = Destination {
            id: "d1".parse().expect("an id"),
            platform: Platform::Custom,
            name: String::new(),
            address: None,
            key_tail: String::new(),
        };
        DestinationView {
            destination,
            state,
            bitrate_kbps: kbps,
            last_progress_at: progress.map(Timestamp::from_millis),
            reconnects: 0,
            uptime_ms: 0,
        }
    }

    #[test]
    fn each_state_of_a_destination_is_said_in_words() {
        let at = Timestamp::from_millis;
        let cases = [
            (place(DestinationState::Live { since: at(0) }, 3012, Some(98_700)), "ok", "takes 3.0 Mbit/s, confirmed 1 s ago"),
            (place(DestinationState::Live { since: at(0) }, 2960, Some(99_900)), "ok", "takes 3.0 Mbit/s, confirmed just now"),
            (place(DestinationState::Live { since: at(0) }, 0, Some(90_000)), "warn", "takes 0.0 Mbit/s, confirmed 10 s ago"),
            (
                place(
                    DestinationState::Retrying { attempt: 3, since: at(0), next_at: at(103_500), reason: "connection refused".into() },
                    0,
                    None,
                ),
                "warn",
                "third try in 4 s, connection refused",
            ),
            (place(DestinationState::Failed { at: at(0), reason: "stream key refused".into() }, 0, None), "bad", "stream key refused"),
        ];
        for (view, kind, words) in cases {
            assert_eq!(destination(&view, at(100_000)), (kind, words.to_owned()));
        }
    }

    #[test]
    fn the_button_says_how_many_places() {
        for (places, rehearsal_only, words) in
            [(0, false, "Go live"), (1, false, "Go live"), (2, false, "Go live on 2 places"), (1, true, "Start the rehearsal")]
        {
            assert_eq!(go(places, rehearsal_only), words);
        }
    }
}
