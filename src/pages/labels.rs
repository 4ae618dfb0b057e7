//! How states, times and troubles are said, alike on every page.

use crate::{
    api::{
        relay_control::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    domain::{destination::Platform, session::HealthIssue, timestamp::Timestamp},
};

/// The badge of a session: colour and word. Red is for what is on air now, and nothing else.
pub fn session_badge(session: &SessionView) -> (&'static str, String) {
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
pub fn health_badge(session: &SessionView) -> (&'static str, String) {
    if !is_running(session) {
        return ("quiet", session.end_message.clone().unwrap_or_else(|| "over".to_owned()));
    }
    match session.health.first() {
        None if session.status == "live" => ("ok", "All good".to_owned()),
        None => ("quiet", "Getting ready".to_owned()),
        Some(first) => {
            let more = session.health.len() - 1;
            let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
            ("warn", format!("{}{rest}", explain(first)))
        }
    }
}

/// A trouble in a few words.
pub fn explain(trouble: &HealthIssue) -> String {
    match trouble {
        HealthIssue::NoComposite => "no picture arrives".to_owned(),
        HealthIssue::CompositeRefused { reason } => format!("the picture is refused: {reason}"),
        HealthIssue::Destination { label, reason } => format!("{label}: {reason}"),
        HealthIssue::StaleEvidence => "the relay is silent".to_owned(),
        HealthIssue::HostAway => "waiting for the host".to_owned(),
        HealthIssue::OverlayFrozen => "the picture stands still".to_owned(),
        HealthIssue::ReplacingEgress => "the picture is being renewed".to_owned(),
    }
}

/// How a destination does: colour and sentence.
pub fn destination_status(view: &DestinationView, now: Timestamp) -> (&'static str, String) {
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

/// How many watch, where anybody tells: now, or the most of a show that is over.
pub fn viewers(now: Option<u64>, peak: Option<u64>) -> Option<String> {
    let people = |n: u64| if n == 1 { "1 viewer".to_owned() } else { format!("{n} viewers") };
    match (now, peak) {
        (None, None) => None,
        (None, Some(peak)) => Some(format!("at most {}", people(peak))),
        (Some(now), Some(peak)) if peak > now => Some(format!("{}, at most {peak}", people(now))),
        (Some(now), _) => Some(people(now)),
    }
}

/// Where the recording of a show's rehearsal begins, once there is something of it.
pub fn recording(session: &SessionView) -> Option<String> {
    let recorded = session.destinations.iter().any(|place| place.destination.platform == Platform::Rehearsal && place.uptime_ms > 0);
    recorded.then(|| format!("/api/streaming/recordings/{}/index.m3u8", session.session_id))
}

/// kbit/s as `3.0`.
pub fn megabits(kbps: u32) -> String {
    format!("{}.{}", (kbps + 50) / 1000, (kbps + 50) % 1000 / 100)
}

/// `first` to `ninth`, then figures.
fn ordinal(n: u32) -> String {
    const WORDS: [&str; 9] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"];
    let word = usize::try_from(n).ok().and_then(|n| n.checked_sub(1)).and_then(|index| WORDS.get(index));
    word.map_or_else(
        || {
            let ending = match (n % 10, n % 100) {
                (_, 11..=13) => "th",
                (1, _) => "st",
                (2, _) => "nd",
                (3, _) => "rd",
                _ => "th",
            };
            format!("{n}{ending}")
        },
        |word| (*word).to_owned(),
    )
}

/// Milliseconds as `1:42:07`.
pub fn format_duration(millis: u64) -> String {
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
    use crate::domain::destination::{Destination, Platform};

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(format_duration(6_127_900), "1:42:07");
        assert_eq!(moment(Timestamp::from_millis(1_795_421_948_792)), "2026-11-23 08:19 UTC");
    }

    #[test]
    fn tries_are_numbered_as_people_do() {
        for (n, said) in [
            (1, "first"),
            (9, "ninth"),
            (10, "10th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (21, "21st"),
            (22, "22nd"),
            (103, "103rd"),
            (111, "111th"),
        ] {
            assert_eq!(ordinal(n), said);
        }
    }

    #[test]
    fn viewers_are_told_as_far_as_they_are_known() {
        for (now, peak, said) in [
            (None, None, None),
            (Some(0), Some(0), Some("0 viewers")),
            (Some(1), Some(1), Some("1 viewer")),
            (Some(12), Some(40), Some("12 viewers, at most 40")),
            (None, Some(40), Some("at most 40 viewers")),
        ] {
            assert_eq!(viewers(now, peak).as_deref(), said);
        }
    }

    fn place(state: DestinationState, kbps: u32, progress: Option<i64>) -> DestinationView {
        let destination = Destination {
            id: "d1".parse().expect("an id"),
            platform: Platform::Custom,
            name: String::new(),
            address: None,
            key_tail: String::new(),
            channel: None,
        };
        DestinationView {
            destination,
            state,
            bitrate_kbps: kbps,
            last_progress_at: progress.map(Timestamp::from_millis),
            reconnects: 0,
            uptime_ms: 0,
            viewer_count: None,
            peak_viewer_count: None,
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
            assert_eq!(destination_status(&view, at(100_000)), (kind, words.to_owned()));
        }
    }
}
