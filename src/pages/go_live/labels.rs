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
    // Formatting a fraction would bring its code and tables into the browser program, for this number alone.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a frame rate, far below 2^32 and not negative")]
    let fps = report.fps.round() as u32;
    format!("{fps} fps, {} Mbit/s, {audio}", megabits(report.bitrate_kbps))
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
    use crate::domain::{overlay::OverlaySettings, video::VideoPreset};
    use serde_json::json;

    #[test]
    fn the_end_says_what_is_known() {
        let destination = json!({
            "id": "d1", "platform": "twitch", "name": "", "address": null, "keyTail": "", "state": { "name": "waiting" },
            "bitrateKbps": 0, "lastProgressAt": null, "reconnects": 2, "uptimeMs": 0,
        });
        let view: SessionView = serde_json::from_value(json!({
            "sessionId": "01", "status": "ended", "onAir": false, "rehearsal": false, "health": [], "streamType": "user",
            "owner": { "kind": "user", "id": "ada" }, "ownerName": "Ada", "entityName": "Ada", "streamTitle": "",
            "platform": "twitch", "destinations": [destination.clone(), destination], "composite": null,
            "overlay": OverlaySettings::for_user(), "video": VideoPreset::Hd30.format(), "duration": 61_000,
            "createdAt": "2026-11-23T20:15:04Z", "startedAt": null, "endedAt": null, "endReason": "stopped",
            "endMessage": "The stream was ended.", "egressId": null, "now": "2026-11-23T20:15:04Z", "revision": 3,
        }))
        .expect("a session");
        let known = |view: &SessionView| ended_stats(view).into_iter().map(|(label, value)| format!("{label} {value}")).collect::<Vec<_>>();
        assert_eq!(known(&view), ["Time on air 0:01:01", "Reconnects 4"]);
        assert_eq!(total_viewers(&view), None);
        let view =
            SessionView { viewer_count: Some(7), peak_viewer_count: Some(52), events_recorded: Some(9), decisions_logged: Some(3), ..view };
        assert_eq!(known(&view)[2..], ["Peak viewers 52", "Events 9", "Decisions 3"]);
        assert_eq!(total_viewers(&view).as_deref(), Some("In total 7 viewers (peak 52)"));
    }

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
