//! What the Studio says of a show, in sentences a person would say. Pure.

use super::live_session::{Presence, is_over};
pub use crate::pages::labels::{destination_status, format_duration, megabits, viewers};

use crate::{
    api::{relay_control::IngestReport, sessions::SessionView},
    domain::session::HealthIssue,
};

/// The light: its kind and its words. ON AIR only while a platform takes the show.
pub fn on_air_light(view: &SessionView, presence: Presence) -> (&'static str, String) {
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
    let missing = view.health.first().map_or_else(|| "no platform takes the show right now".to_owned(), explain);
    ("bad", format!("Off air: {missing}"))
}

/// A trouble as a sentence without its full stop.
pub fn explain(trouble: &HealthIssue) -> String {
    match trouble {
        HealthIssue::NoComposite => "the picture does not reach the relay".to_owned(),
        HealthIssue::CompositeRefused { reason } => format!("the picture is refused: {reason}"),
        HealthIssue::Destination { label, reason } => format!("{label}: {reason}"),
        HealthIssue::StaleEvidence => "the relay has not reported for a while".to_owned(),
        HealthIssue::HostAway => "waiting for the host".to_owned(),
        HealthIssue::OverlayFrozen => "the picture stands still".to_owned(),
        HealthIssue::ReplacingEgress => "the picture is being renewed".to_owned(),
    }
}

/// How the composite arrives.
pub fn ingest_summary(report: &IngestReport) -> String {
    let sound = match report.silent_ms / 1000 {
        _ if !report.audio => "without sound".to_owned(),
        0..5 => "with sound".to_owned(),
        seconds => format!("silent for {seconds} s"),
    };
    format!("{:.0} frames, {} Mbit/s, {sound}", report.fps, megabits(report.bitrate_kbps))
}

/// The heading over a show that is over.
pub fn ended_heading(view: &SessionView) -> &'static str {
    match (view.status.as_str(), view.started_at) {
        ("failed", None) => "The show could not start",
        ("failed", Some(_)) => "The show failed",
        _ => "Show ended",
    }
}

/// The big button.
pub fn go_live_label(destinations: usize, rehearsal_only: bool) -> String {
    match destinations {
        _ if rehearsal_only => "Start the rehearsal".to_owned(),
        0 | 1 => "Go live".to_owned(),
        destinations => format!("Go live on {destinations} places"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_says_how_many_places() {
        for (destinations, rehearsal_only, words) in
            [(0, false, "Go live"), (1, false, "Go live"), (2, false, "Go live on 2 places"), (1, true, "Start the rehearsal")]
        {
            assert_eq!(go_live_label(destinations, rehearsal_only), words);
        }
    }

    #[test]
    fn the_sound_of_the_picture_is_told() {
        let report = |audio, silent_ms| IngestReport { fps: 29.9, bitrate_kbps: 3010, audio, silent_ms, ..IngestReport::nothing() };
        assert_eq!(ingest_summary(&report(true, 0)), "30 frames, 3.0 Mbit/s, with sound");
        assert_eq!(ingest_summary(&report(true, 12_300)), "30 frames, 3.0 Mbit/s, silent for 12 s");
        assert_eq!(ingest_summary(&report(false, 0)), "30 frames, 3.0 Mbit/s, without sound");
    }
}
