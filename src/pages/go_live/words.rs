//! What the Studio says of a show, in sentences a person would say. Pure.

use super::running::{Presence, is_over};
pub use crate::pages::words::{clock, destination, megabits, viewers};

use crate::{
    api::{broadcast::IngestReport, sessions::SessionView},
    domain::session::Trouble,
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
        Trouble::CompositeRefused { reason } => format!("the picture is refused: {reason}"),
        Trouble::Destination { label, reason } => format!("{label}: {reason}"),
        Trouble::StaleEvidence => "the relay has not reported for a while".to_owned(),
        Trouble::HostAway => "waiting for the host".to_owned(),
        Trouble::OverlayFrozen => "the picture stands still".to_owned(),
        Trouble::ReplacingEgress => "the picture is being renewed".to_owned(),
    }
}

/// How the composite arrives.
pub fn composite(report: &IngestReport) -> String {
    let sound = match report.silent_ms / 1000 {
        _ if !report.audio => "without sound".to_owned(),
        0..5 => "with sound".to_owned(),
        seconds => format!("silent for {seconds} s"),
    };
    format!("{:.0} frames, {} Mbit/s, {sound}", report.fps, megabits(report.bitrate_kbps))
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

    #[test]
    fn the_button_says_how_many_places() {
        for (places, rehearsal_only, words) in
            [(0, false, "Go live"), (1, false, "Go live"), (2, false, "Go live on 2 places"), (1, true, "Start the rehearsal")]
        {
            assert_eq!(go(places, rehearsal_only), words);
        }
    }

    #[test]
    fn the_sound_of_the_picture_is_told() {
        let report = |audio, silent_ms| IngestReport { fps: 29.9, bitrate_kbps: 3010, audio, silent_ms, ..IngestReport::nothing() };
        assert_eq!(composite(&report(true, 0)), "30 frames, 3.0 Mbit/s, with sound");
        assert_eq!(composite(&report(true, 12_300)), "30 frames, 3.0 Mbit/s, silent for 12 s");
        assert_eq!(composite(&report(false, 0)), "30 frames, 3.0 Mbit/s, without sound");
    }
}
