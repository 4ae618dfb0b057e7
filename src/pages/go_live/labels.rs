//! Texts of the studio.

use super::live_session::Presence;
pub use crate::pages::labels::{
    destination_facts, destination_status, explain, format_duration, is_lost, is_over, megabits, total_viewers,
};

use crate::{
    api::{relay_control::IngestReport, sessions::SessionView},
    components::on_air_light::LightState,
    domain::session::SessionStatus,
};

/// ON AIR only while a destination receives the stream.
pub fn on_air_light(view: &SessionView, presence: Presence) -> (LightState, String) {
    if is_over(view) {
        return (LightState::Off, "Off air".to_owned());
    }
    match view.status {
        SessionStatus::Ending => return (LightState::Waiting, "Ending…".to_owned()),
        SessionStatus::Pending => return (LightState::Waiting, "Starting…".to_owned()),
        SessionStatus::Starting => {
            let text = match presence {
                Presence::Joining => "Starting… joining the room",
                _ if view.composite.is_none() => "Starting…",
                _ => "Waiting for the first destination",
            };
            return (LightState::Waiting, text.to_owned());
        }
        SessionStatus::Live | SessionStatus::Ended | SessionStatus::Failed => {}
    }
    if view.rehearsal {
        return (LightState::Rehearsal, "REHEARSAL".to_owned());
    }
    if view.on_air {
        return (LightState::OnAir, "ON AIR".to_owned());
    }
    let missing = view.health.first().map_or_else(|| "no destination receives the stream".to_owned(), explain);
    (LightState::Interrupted, format!("Off air: {missing}"))
}

/// Frame rate, bitrate and audio of what the relay receives.
pub fn ingest_summary(report: &IngestReport) -> String {
    let audio = match report.silent_ms / 1000 {
        _ if !report.audio => "no audio".to_owned(),
        0..5 => "with audio".to_owned(),
        seconds => format!("silent for {seconds} s"),
    };
    format!("{:.0} fps, {} Mbit/s, {audio}", report.fps, megabits(report.bitrate_kbps))
}

/// The heading after the stream.
pub fn ended_heading(view: &SessionView) -> &'static str {
    match (view.status, view.started_at) {
        (SessionStatus::Failed, None) => "The stream could not start",
        (SessionStatus::Failed, Some(_)) => "The stream failed",
        _ => "Stream ended",
    }
}

/// What came of the stream, as far as it is known.
pub fn ended_stats(view: &SessionView) -> Vec<(&'static str, String)> {
    let reconnects = view.destinations.iter().map(|of| u64::from(of.reconnects)).sum::<u64>();
    let numbers = [
        ("Reconnects", Some(reconnects)),
        ("Peak viewers", view.peak_viewer_count),
        ("Events", view.events_recorded),
        ("Decisions", view.decisions_logged),
    ];
    let known = numbers.into_iter().filter_map(|(label, number)| Some((label, number?.to_string())));
    [("Time on air", format_duration(view.duration))].into_iter().chain(known).collect()
}

/// The button that starts the stream.
pub fn go_live_label(destinations: usize, rehearsal_only: bool) -> String {
    match destinations {
        _ if rehearsal_only => "Start rehearsal".to_owned(),
        0 | 1 => "Go live".to_owned(),
        destinations => format!("Go live on {destinations} destinations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_counts_destinations() {
        for (destinations, rehearsal_only, text) in
            [(0, false, "Go live"), (1, false, "Go live"), (2, false, "Go live on 2 destinations"), (1, true, "Start rehearsal")]
        {
            assert_eq!(go_live_label(destinations, rehearsal_only), text);
        }
    }

    #[test]
    fn the_ingest_summary_mentions_audio() {
        let report = |audio, silent_ms| IngestReport { fps: 29.9, bitrate_kbps: 3010, audio, silent_ms, ..IngestReport::nothing() };
        assert_eq!(ingest_summary(&report(true, 0)), "30 fps, 3.0 Mbit/s, with audio");
        assert_eq!(ingest_summary(&report(true, 12_300)), "30 fps, 3.0 Mbit/s, silent for 12 s");
        assert_eq!(ingest_summary(&report(false, 0)), "30 fps, 3.0 Mbit/s, no audio");
    }
}
