//! The scene that follows from events and inputs.

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
