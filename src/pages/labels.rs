//! Labels of states, problems and durations, the same on every page.

use crate::{
    api::{
        relay_control::DestinationState,
        sessions::{DestinationView, SessionView},
    },
    components::badge::Tone,
    domain::{
        destination::Platform,
        session::{HealthIssue, SessionStatus},
        timestamp::Timestamp,
    },
};

/// The badge of a session. Red is for what is on air now, and nothing else.
pub fn session_badge(session: &SessionView) -> (Tone, String) {
    let (tone, text) = match session.status {
        SessionStatus::Pending => (Tone::Warn, "Preparing"),
        SessionStatus::Starting => (Tone::Warn, "Starting"),
        SessionStatus::Live if session.rehearsal => (Tone::Ok, "Rehearsal"),
        SessionStatus::Live if session.on_air => (Tone::Live, "On air"),
        SessionStatus::Live => (Tone::Warn, "Off air"),
        SessionStatus::Ending => (Tone::Warn, "Ending"),
        SessionStatus::Failed => (Tone::Bad, "Failed"),
        SessionStatus::Ended => (Tone::Neutral, "Ended"),
    };
    (tone, text.to_owned())
}

pub fn is_over(session: &SessionView) -> bool {
    session.status.is_over()
}

/// The first problem, or a word for none.
pub fn health_badge(session: &SessionView) -> (Tone, String) {
    if is_over(session) {
        return (Tone::Neutral, session.end_message.clone().unwrap_or_else(|| "Ended".to_owned()));
    }
    match session.health.first() {
        None if session.status == SessionStatus::Live => (Tone::Ok, "Healthy".to_owned()),
        None => (Tone::Neutral, "Starting".to_owned()),
        Some(first) => {
            let more = session.health.len() - 1;
            let rest = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            (Tone::Warn, format!("{}{rest}", explain(first)))
        }
    }
}

/// A problem in a few words, without a full stop.
pub fn explain(trouble: &HealthIssue) -> String {
    match trouble {
        HealthIssue::NoComposite => "no video arrives".to_owned(),
        HealthIssue::CompositeRefused { reason } => format!("the video is refused: {reason}"),
        HealthIssue::Destination { label, reason } => format!("{label}: {reason}"),
        HealthIssue::StaleEvidence => "the relay has not reported for a while".to_owned(),
        HealthIssue::HostAway => "waiting for the host".to_owned(),
        HealthIssue::OverlayFrozen => "the video is frozen".to_owned(),
        HealthIssue::ReplacingEgress => "the capture is restarting".to_owned(),
    }
}

/// Whether it waits to be tried again.
pub fn is_lost(state: &DestinationState) -> bool {
    matches!(state, DestinationState::Retrying { .. })
}

/// How a destination is doing.
pub fn destination_status(view: &DestinationView, now: Timestamp) -> (Tone, String) {
    let seconds = |at: Timestamp| at.millis_since(now).div_ceil(1000);
    match &view.state {
        DestinationState::Waiting => (Tone::Neutral, "Waiting for video".to_owned()),
        DestinationState::Connecting { .. } => (Tone::Warn, "Connecting".to_owned()),
        DestinationState::Live { .. } => {
            let confirmed = match view.last_progress_at.map(|at| now.millis_since(at) / 1000) {
                None => String::new(),
                Some(0) => " (confirmed just now)".to_owned(),
                Some(ago) => format!(" (confirmed {ago} s ago)"),
            };
            let tone = if view.last_progress_at.is_some_and(|at| now.millis_since(at) > 5000) { Tone::Warn } else { Tone::Ok };
            (tone, format!("Receiving {} Mbit/s{confirmed}", megabits(view.bitrate_kbps)))
        }
        DestinationState::Retrying { attempt, next_at, reason, .. } => {
            let when = match seconds(*next_at) {
                0 => "now".to_owned(),
                wait => format!("in {wait} s"),
            };
            (Tone::Warn, format!("Reconnecting {when} (attempt {attempt}): {reason}"))
        }
        DestinationState::Failed { reason, .. } => (Tone::Bad, reason.clone()),
        DestinationState::Finished { .. } => (Tone::Neutral, "Finished".to_owned()),
    }
}

/// Viewers now and at the peak, as far as platforms report them.
pub fn viewers(now: Option<u64>, peak: Option<u64>) -> Option<String> {
    let people = |n: u64| if n == 1 { "1 viewer".to_owned() } else { format!("{n} viewers") };
    match (now, peak) {
        (None, None) => None,
        (None, Some(peak)) => Some(format!("{} at peak", people(peak))),
        (Some(now), Some(peak)) if peak > now => Some(format!("{} (peak {peak})", people(now))),
        (Some(now), _) => Some(people(now)),
    }
}

/// The viewers of all platforms together, as far as they report them.
pub fn total_viewers(session: &SessionView) -> Option<String> {
    viewers(session.viewer_count, session.peak_viewer_count).map(|text| format!("In total {text}"))
}

/// Time on air, viewers and reconnects of a destination.
pub fn destination_facts(view: &DestinationView) -> Vec<String> {
    let reconnects = match view.reconnects {
        0 => None,
        1 => Some("1 reconnect".to_owned()),
        many => Some(format!("{many} reconnects")),
    };
    let on_air = format!("{} on air", format_duration(view.uptime_ms));
    [Some(on_air), viewers(view.viewer_count, view.peak_viewer_count), reconnects].into_iter().flatten().collect()
}

/// The playlist of a rehearsal, once something has been recorded.
pub fn recording(session: &SessionView) -> Option<String> {
    let recorded = session.destinations.iter().any(|view| view.destination.platform == Platform::Rehearsal && view.uptime_ms > 0);
    recorded.then(|| format!("/api/streaming/recordings/{}/index.m3u8", session.session_id))
}

/// kbit/s as `3.0`.
pub fn megabits(kbps: u32) -> String {
    format!("{}.{}", (kbps + 50) / 1000, (kbps + 50) % 1000 / 100)
}

/// Milliseconds as `1:42:07`.
pub fn format_duration(millis: u64) -> String {
    let seconds = millis / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The last characters of the stream key, which may be shown.
pub fn key_tail(view: &crate::domain::destination::Destination) -> Option<String> {
    (!view.key_tail.is_empty()).then(|| format!("•••• {}", view.key_tail))
}

pub fn title(session: &SessionView) -> String {
    if session.stream_title.is_empty() { "Untitled stream".to_owned() } else { session.stream_title.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::destination::{Destination, Platform};

    #[test]
    fn durations_are_hours_minutes_seconds() {
        assert_eq!(format_duration(6_127_900), "1:42:07");
    }

    #[test]
    fn viewers_show_what_is_known() {
        for (now, peak, text) in [
            (None, None, None),
            (Some(0), Some(0), Some("0 viewers")),
            (Some(1), Some(1), Some("1 viewer")),
            (Some(12), Some(40), Some("12 viewers (peak 40)")),
            (None, Some(40), Some("40 viewers at peak")),
        ] {
            assert_eq!(viewers(now, peak).as_deref(), text);
        }
    }

    fn view(state: DestinationState, kbps: u32, progress: Option<i64>) -> DestinationView {
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
    fn every_destination_state_has_a_status() {
        let at = Timestamp::from_millis;
        let cases = [
            (view(DestinationState::Live { since: at(0) }, 3012, Some(98_700)), Tone::Ok, "Receiving 3.0 Mbit/s (confirmed 1 s ago)"),
            (view(DestinationState::Live { since: at(0) }, 2960, Some(99_900)), Tone::Ok, "Receiving 3.0 Mbit/s (confirmed just now)"),
            (view(DestinationState::Live { since: at(0) }, 0, Some(90_000)), Tone::Warn, "Receiving 0.0 Mbit/s (confirmed 10 s ago)"),
            (
                view(
                    DestinationState::Retrying { attempt: 3, since: at(0), next_at: at(103_500), reason: "connection refused".into() },
                    0,
                    None,
                ),
                Tone::Warn,
                "Reconnecting in 4 s (attempt 3): connection refused",
            ),
            (view(DestinationState::Failed { at: at(0), reason: "stream key refused".into() }, 0, None), Tone::Bad, "stream key refused"),
        ];
        for (view, tone, text) in cases {
            assert_eq!(destination_status(&view, at(100_000)), (tone, text.to_owned()));
        }
    }
}
