//! One frame of the overlay as data: the layout and every layer. No markup.

use super::{Match, OverlayState, Side, Tone};
use crate::domain::{
    destination::Platform,
    overlay::{Appearance, Layout, Media, Moment, OverlaySettings, Webcam},
    session::StreamType,
    timestamp::Timestamp,
};

/// How long a decision stays, and when it begins to fade.
const DECISION_MS: u64 = 40_000;
const DECISION_FADES_MS: u64 = 15_000;
/// How long a line stays in the ticker.
const LINE_MS: u64 = 120_000;
/// How long an alert stays.
const ALERT_MS: u64 = 6_000;
/// How long a finished match fills a data-only overlay.
const MATCH_OVER_MS: u64 = 20_000;

/// What the overlay depends on besides the events.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayInputs {
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// The name shown on the overlay.
    pub entity_name: String,
    /// The address of the avatar, if there is one.
    pub avatar: Option<String>,
    /// The title shown on the overlay; may be empty.
    pub title: String,
    /// Where the session is sent.
    pub platforms: Vec<Platform>,
    /// The owner's settings.
    pub settings: OverlaySettings,
    /// What arrives from the room.
    pub media: Media,
    /// The session has gone live: only then LIVE is shown.
    pub live: bool,
    /// The session is ending or over.
    pub over: bool,
}

/// Everything on the overlay at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneModel {
    /// The base layout.
    pub layout: Layout,
    /// What the webcam's frame shows.
    pub webcam: Webcam,
    /// The visual settings.
    pub appearance: Appearance,
    /// The name shown on the overlay: info bar, avatar, placeholder scenes.
    pub name: String,
    /// The address of the avatar.
    pub avatar: Option<String>,
    /// The title, for placeholder scenes.
    pub title: String,
    /// The names of the platforms, for the info bar.
    pub platforms: String,
    /// Whether the info bar is shown.
    pub info: bool,
    /// Whether it says LIVE.
    pub live: bool,
    /// The state of the match.
    pub score: Option<Score>,
    /// Stat pills: label and value.
    pub stats: Vec<(String, String)>,
    /// Newest first.
    pub decisions: Vec<Decision>,
    /// Newest first.
    pub ticker: Vec<Line>,
    /// The alert banner.
    pub alert: Option<Alert>,
    /// Seconds until the stream begins, if a start is set and still ahead.
    pub countdown: Option<u64>,
}

/// One decision on its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its number in the feed, which identifies the card.
    pub seq: u64,
    /// What it decided.
    pub title: String,
    /// Why; may be empty.
    pub reason: String,
    /// How long it took to decide.
    pub took_ms: Option<u32>,
    /// Confidence in percent.
    pub confidence: Option<u8>,
    /// It is no longer the newest, or it is old.
    pub fading: bool,
}

/// One line of the ticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the feed.
    pub seq: u64,
    /// The sentence.
    pub text: String,
    /// How it is emphasised.
    pub tone: Tone,
    /// How long ago, as text ("now", "8 s", "1 min").
    pub ago: String,
}

/// An alert banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number in the feed.
    pub seq: u64,
    /// The large line.
    pub title: String,
    /// The small one.
    pub text: String,
    /// How it is emphasised.
    pub tone: Tone,
}

/// The state of the match, ready for the score bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The first two sides; ours first.
    pub sides: Vec<(Side, Option<u8>)>,
    /// The turn.
    pub turn: String,
    /// What goes on, or how it ended.
    pub phase: String,
    /// How it ended.
    pub result: Option<String>,
}

impl OverlayState {
    /// What the overlay shows now.
    pub fn scene(&self, inputs: &OverlayInputs, now: Timestamp) -> SceneModel {
        let OverlayInputs { settings, media, .. } = inputs;
        let match_just_over =
            self.game.as_ref().is_some_and(|(_, game)| game.what.result.is_some() && now.millis_since(game.at) < MATCH_OVER_MS);
        let layout = settings.layout(inputs.stream_type, media, Moment { now, live: inputs.live, over: inputs.over, match_just_over });
        let on_picture = matches!(layout, Layout::Screen | Layout::Camera | Layout::DataOnly);
        let young = |at: Timestamp, limit: u64| now.millis_since(at) < limit;
        let decisions = self.decisions.iter().rev().filter(|(_, decision)| young(decision.at, DECISION_MS)).take(3).enumerate();
        let ticker = self.lines.iter().rev().filter(|(_, line)| young(line.at, LINE_MS)).take(6);
        SceneModel {
            layout,
            webcam: settings.webcam(layout, media),
            appearance: settings.appearance(),
            name: inputs.entity_name.clone(),
            avatar: inputs.avatar.clone(),
            title: inputs.title.clone(),
            platforms: platform_names(&inputs.platforms),
            info: settings.show_agent_info && on_picture,
            live: inputs.live && !inputs.over,
            score: self.game.as_ref().filter(|_| on_picture || layout == Layout::MatchOver).map(|(_, game)| score(&game.what)),
            stats: if on_picture { self.shown_stats() } else { Vec::new() },
            decisions: decisions
                .filter(|_| settings.show_decisions && on_picture)
                .map(|(nth, (_, decision))| Decision { fading: nth > 0 || !young(decision.at, DECISION_FADES_MS), ..decision.what.clone() })
                .collect(),
            ticker: ticker
                .filter(|_| settings.show_event_feed && on_picture)
                .map(|(seq, line)| Line { seq: *seq, text: line.what.0.clone(), tone: line.what.1, ago: ago(now.millis_since(line.at)) })
                .collect(),
            alert: self.alert.as_ref().filter(|(_, alert)| young(alert.at, ALERT_MS)).map(|(_, alert)| alert.what.clone()),
            countdown: settings
                .starts_at
                .map(|at| at.millis_since(now).div_ceil(1000))
                .filter(|left| *left > 0 && layout == Layout::StartingSoon),
        }
    }

    fn shown_stats(&self) -> Vec<(String, String)> {
        let shown = self.stats.iter().filter_map(|(label, (_, value))| value.clone().map(|value| (label.clone(), value)));
        shown.take(6).collect()
    }
}

/// Each once. A custom server and a rehearsal are no platforms that viewers know.
fn platform_names(platforms: &[Platform]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for platform in platforms {
        if !matches!(platform, Platform::Custom | Platform::Rehearsal) && !names.contains(&platform.label()) {
            names.push(platform.label());
        }
    }
    names.join(" · ")
}

fn score(game: &Match) -> Score {
    let percent = |side: &Side| match (side.score, side.of) {
        (Some(score), Some(of)) if of > 0 => u8::try_from((score.clamp(0, of)).saturating_mul(100) / of).ok(),
        _ => None,
    };
    Score {
        sides: game.sides.iter().take(2).map(|side| (side.clone(), percent(side))).collect(),
        turn: game.turn.clone(),
        phase: game.phase.clone(),
        result: game.result.clone(),
    }
}

fn ago(millis: u64) -> String {
    match millis / 1000 {
        0..3 => "now".to_owned(),
        seconds @ 3..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        overlay::{Scene, Track},
        overlay_state::{OverlayEvent, OverlayEventKind},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + seconds * 1000)
    }

    fn agent() -> OverlayInputs {
        OverlayInputs {
            stream_type: StreamType::Agent,
            entity_name: "BlazeMaster".into(),
            avatar: None,
            title: "Ranked ladder, game 3".into(),
            platforms: Vec::new(),
            settings: OverlaySettings::for_agent(),
            media: Media::default(),
            live: true,
            over: false,
        }
    }

    fn state_after(kinds: Vec<OverlayEventKind>) -> OverlayState {
        let mut state = OverlayState::default();
        for (seq, kind) in (1..).zip(kinds) {
            state.apply(seq, OverlayEvent { id: None, at: Some(at(0)), kind }, at(0));
        }
        state
    }

    fn decision(title: &str) -> OverlayEventKind {
        OverlayEventKind::Decision { title: title.into(), reason: String::new(), took_ms: None, confidence: None }
    }

    #[test]
    fn decisions_are_newest_first_fade_and_expire() {
        let state = state_after(vec![decision("one"), decision("two")]);
        let titles = |seconds| -> Vec<(String, bool)> {
            state.scene(&agent(), at(seconds)).decisions.into_iter().map(|d| (d.title, d.fading)).collect()
        };
        assert_eq!(titles(1), [("two".to_owned(), false), ("one".to_owned(), true)]);
        assert_eq!(titles(20), [("two".to_owned(), true), ("one".to_owned(), true)]);
        assert_eq!(titles(41), []);
    }

    #[test]
    fn a_switch_takes_its_layer_off_and_nothing_else() {
        let state = state_after(vec![decision("one"), OverlayEventKind::Event { text: "draws".into(), tone: Tone::Plain }]);
        let mut inputs = agent();
        inputs.settings.show_decisions = false;
        let scene = state.scene(&inputs, at(1));
        assert_eq!(scene.decisions, []);
        assert_eq!(scene.ticker[0].ago, "now");
        assert!(scene.info);
    }

    #[test]
    fn each_platform_is_named_once() {
        use Platform::{Custom, Rehearsal, Twitch, Youtube};
        for (platforms, names) in [
            (vec![], ""),
            (vec![Custom, Rehearsal], ""),
            (vec![Twitch], "Twitch"),
            (vec![Youtube, Custom, Twitch, Youtube], "YouTube · Twitch"),
        ] {
            assert_eq!(OverlayState::default().scene(&OverlayInputs { platforms, ..agent() }, at(0)).platforms, names);
        }
    }

    #[test]
    fn live_is_shown_only_while_live() {
        for (live, over, said) in [(false, false, false), (true, false, true), (true, true, false)] {
            assert_eq!(OverlayState::default().scene(&OverlayInputs { live, over, ..agent() }, at(0)).live, said);
        }
    }

    #[test]
    fn a_finished_match_fills_a_data_only_overlay_for_20_s() {
        let game = Match { sides: Vec::new(), turn: String::new(), phase: String::new(), result: Some("BlazeMaster wins".into()) };
        let state = state_after(vec![OverlayEventKind::Match(game)]);
        assert_eq!(state.scene(&agent(), at(5)).layout, Layout::MatchOver);
        assert_eq!(state.scene(&agent(), at(21)).layout, Layout::DataOnly);
        let host = OverlayInputs { stream_type: StreamType::User, media: Media { screen: Track::Painted, ..Media::here() }, ..agent() };
        assert_eq!(state.scene(&host, at(5)).layout, Layout::Screen, "a host's picture stays");
    }

    #[test]
    fn the_countdown_runs_only_while_starting_soon() {
        let mut inputs = agent();
        inputs.settings.scene = Some(Scene::StartingSoon);
        inputs.settings.starts_at = Some(at(90));
        assert_eq!(OverlayState::default().scene(&inputs, at(0)).countdown, Some(90));
        assert_eq!(OverlayState::default().scene(&inputs, at(95)).countdown, None);
    }

    #[test]
    fn a_score_beyond_its_bounds_still_fits_its_bar() {
        for (score_now, of, expected) in
            [(6400, Some(8000), Some(80)), (-5, Some(8000), Some(0)), (9000, Some(8000), Some(100)), (5, Some(0), None), (5, None, None)]
        {
            let game = Match {
                sides: vec![Side { name: "a".into(), score: Some(score_now), of }],
                turn: String::new(),
                phase: String::new(),
                result: None,
            };
            assert_eq!(score(&game).sides[0].1, expected);
        }
    }
}
