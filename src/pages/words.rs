//! How states, times and troubles are said, alike on every page.

use crate::{
    api::{
        broadcast::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    domain::{session::Trouble, timestamp::Timestamp},
};

/// The badge of a session: colour and word. Red is for what is on air now, and nothing else.
pub fn state(session: &SessionView) -> (&'static str, String) {
    let (kind, word) = match session.status.as_str() {
        "pending" => ("warn", "Preparing"),
        "starting" => ("warn", "Starting"),
        "live" if session.rehearsal => ("ok", "Rehearsal"),
        "live" if session.on_air => ("live", "On air"),
        "live" => ("warn", "Off air"),
        "ending" => ("warn", "Ending"),
        "failed" => ("bad", "Failed"),
        _ => ("quiet", "Ended"),
    };
    (kind, word.to_owned())
}

/// Whether a session still runs.
pub fn is_running(session: &SessionView) -> bool {
    !matches!(session.status.as_str(), "ended" | "failed")
}

/// The first trouble in a few words, or that there is none.
pub fn health(session: &SessionView) -> (&'static str, String) {
    if !is_running(session) {
        return ("quiet", session.end_message.clone().unwrap_or_else(|| "over".to_owned()));
    }
    match session.health.first() {
        None if session.status == "live" => ("ok", "All good".to_owned()),
        None => ("quiet", "Getting ready".to_owned()),
        Some(first) => {
            let more = session.health.len() - 1;
            let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
            ("warn", format!("{}{rest}", trouble(first)))
        }
    }
}

/// A trouble in a few words.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NoComposite => "no picture arrives".to_owned(),
        Trouble::Destination { label, reason } => format!("{label}: {reason}"),
        Trouble::StaleEvidence => "the relay is silent".to_owned(),
        Trouble::HostAway => "waiting for the host".to_owned(),
        Trouble::OverlayFrozen => "the picture stands still".to_owned(),
        Trouble::ReplacingEgress => "the picture is being renewed".to_owned(),
    }
}

/// Where a destination stands: colour and words.
pub fn destination(view: &DestinationView, now: Timestamp) -> (&'static str, String) {
    match &view.state {
        DestinationState::Waiting => ("quiet", "waiting for the picture".to_owned()),
        DestinationState::Connecting { .. } => ("warn", "connecting".to_owned()),
        DestinationState::Live { .. } => ("ok", "takes the show".to_owned()),
        DestinationState::Retrying { attempt, next_at, reason, .. } => {
            let wait = next_at.millis_since(now).div_ceil(1000);
            let when = if wait > 0 { format!(", {wait} s") } else { String::new() };
            ("warn", format!("retry {attempt}{when}: {reason}"))
        }
        DestinationState::Failed { reason, .. } => ("bad", reason.clone()),
        DestinationState::Finished { .. } => ("quiet", "finished".to_owned()),
    }
}

/// Milliseconds as `1:42:07`.
pub fn clock(millis: u64) -> String {
    let seconds = millis / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A moment as `2026-11-23 20:15 UTC`: the same on server and browser, whatever their time zones.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// The key's tail as it may be shown.
pub fn key_tail(view: &crate::domain::destination::Destination) -> Option<String> {
    (!view.key_tail.is_empty()).then(|| format!("•••• {}", view.key_tail))
}

/// A title, or a stand-in for none.
pub fn title(session: &SessionView) -> String {
    if session.stream_title.is_empty() { "Untitled show".to_owned() } else { session.stream_title.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(clock(6_127_900), "1:42:07");
        assert_eq!(moment(Timestamp::from_millis(1_795_421_948_792)), "2026-11-23 08:19 UTC");
    }
}
