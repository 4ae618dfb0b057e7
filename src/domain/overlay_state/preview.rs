//! Sample overlays, one for each state that an overlay can have: for owners before going live and for golden frames.
//! They are rendered by the same code as real sessions.

use super::{Match, OverlayEvent, OverlayEventKind, Side, Tone};
use crate::domain::{
    overlay::{Host, Media, OverlaySettings, Scene, Track},
    session::StreamType,
    timestamp::Timestamp,
};

/// A sample overlay.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The name in an address.
    pub name: &'static str,
    /// The name shown on a page.
    pub label: &'static str,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// What would arrive from the room.
    pub media: Media,
    /// The scene that is set.
    pub scene: Option<Scene>,
    /// Whether it has gone live.
    pub live: bool,
    /// The name shown, if it is not the viewer's own.
    pub entity_name: Option<&'static str>,
    /// The title shown on the overlay.
    pub title: &'static str,
    /// Past events, and how many milliseconds ago each was.
    pub past: Vec<(u32, OverlayEventKind)>,
}

impl Preview {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let both = Media { screen: Track::Painted, camera: Track::Painted, ..Media::here() };
        let gone = Media { host: Host::Away(Timestamp::from_millis(0)), ..both.clone() };
        let held = |name, label, scene| Self { scene: Some(scene), ..hosted(name, label, both.clone(), Vec::new()) };
        vec![
            Self {
                live: false,
                scene: Some(Scene::StartingSoon),
                ..hosted("starting-soon", "Starting soon", Media::default(), Vec::new())
            },
            hosted("screen-and-camera", "Screen and webcam", both.clone(), game(Vec::new())),
            hosted("screen", "Screen alone", Media { screen: Track::Painted, ..Media::here() }, chatter()),
            hosted("camera", "Webcam alone", Media { camera: Track::Painted, ..Media::here() }, chatter()),
            hosted("camera-off", "Webcam off", Media { camera: Track::Muted, ..Media::here() }, chatter()),
            hosted("alert", "An alert", both.clone(), game(vec![alert("New record", "Eleven wins in a row", Tone::Good)])),
            agent("agent", "Agent without a picture", "BlazeMaster", game(Vec::new())),
            agent("match-over", "Match over", "BlazeMaster", won()),
            held("be-right-back", "Be right back", Scene::BeRightBack),
            Self { media: gone, ..hosted("reconnecting", "Reconnecting", both.clone(), Vec::new()) },
            held("ending", "Ending", Scene::Ending),
            Self { entity_name: Some(LONG_NAME), title: LONG_TITLE, ..hosted("long-words", "Long words", both.clone(), long()) },
            agent("long-words-agent", "Long words, agent", LONG_NAME, long()),
            Self {
                entity_name: Some("مرحبا بكم"),
                title: "שידור חי, משחק 3",
                ..hosted("right-to-left", "Right to left", both.clone(), right_to_left())
            },
            Self {
                entity_name: Some("星野ひかり 🔥"),
                title: "ランク戦 第三局 🎮🇯🇵",
                ..hosted("emoji-and-cjk", "Emoji and CJK", both.clone(), emoji())
            },
            hosted("ten-thousand", "Ten thousand events", both.clone(), ten_thousand()),
            Self {
                title: "",
                ..agent(
                    "nothing-known",
                    "Nothing known yet",
                    "N",
                    vec![(0, OverlayEventKind::Match(standing("", "", vec![side("", None, None)])))],
                )
            },
        ]
    }

    /// The sample with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|preview| preview.name == name)
    }

    /// The settings under which every layer of the sample is visible.
    pub fn settings(&self, own: &OverlaySettings) -> OverlaySettings {
        OverlaySettings { scene: self.scene, show_decisions: true, show_agent_info: true, show_event_feed: true, ..own.clone() }
    }

    /// The events, oldest first, as the feed would send them.
    pub fn events(&self, now: Timestamp) -> impl Iterator<Item = (u64, Timestamp, OverlayEvent)> {
        let past = self.past.clone();
        (1..).zip(past).map(move |(seq, (ago, kind))| {
            let at = now.plus_millis(-i64::from(ago));
            (seq, at, OverlayEvent { id: None, at: Some(at), kind })
        })
    }
}

fn hosted(name: &'static str, label: &'static str, media: Media, past: Vec<(u32, OverlayEventKind)>) -> Preview {
    let title = "Ranked ladder, game 3";
    Preview { name, label, stream_type: StreamType::User, media, scene: None, live: true, entity_name: None, title, past }
}

fn agent(name: &'static str, label: &'static str, entity: &'static str, past: Vec<(u32, OverlayEventKind)>) -> Preview {
    Preview { stream_type: StreamType::Agent, entity_name: Some(entity), ..hosted(name, label, Media::default(), past) }
}

fn event(text: &str, tone: Tone) -> OverlayEventKind {
    OverlayEventKind::Event { text: text.into(), tone }
}

fn stat(label: &str, value: &str) -> OverlayEventKind {
    OverlayEventKind::Stat { label: label.into(), value: Some(value.into()) }
}

fn decision(title: &str, reason: &str, took_ms: u32, confidence: u8) -> OverlayEventKind {
    OverlayEventKind::Decision { title: title.into(), reason: reason.into(), took_ms: Some(took_ms), confidence: Some(confidence) }
}

fn alert(title: &str, text: &str, tone: Tone) -> (u32, OverlayEventKind) {
    (1_000, OverlayEventKind::Alert { title: title.into(), text: text.into(), tone })
}

fn side(name: &str, score: Option<i64>, of: Option<i64>) -> Side {
    Side { name: name.into(), score, of }
}

fn standing(turn: &str, phase: &str, sides: Vec<Side>) -> Match {
    Match { sides, turn: turn.into(), phase: phase.into(), result: None }
}

fn chatter() -> Vec<(u32, OverlayEventKind)> {
    vec![
        (64_000, event("The second game begins", Tone::Plain)),
        (31_000, event("Nyx-4 draws two cards", Tone::Hit)),
        (4_000, event("BlazeMaster takes the tower", Tone::Good)),
    ]
}

fn game(more: Vec<(u32, OverlayEventKind)>) -> Vec<(u32, OverlayEventKind)> {
    let sides = vec![side("BlazeMaster", Some(6_400), Some(8_000)), side("Nyx-4", Some(2_150), Some(8_000))];
    let mut all = vec![
        (90_000, stat("Cards left", "12")),
        (80_000, stat("Win rate", "58 %")),
        (70_000, stat("Streak", "4")),
        (
            38_000,
            decision("Hold Mirror Shield", "They have two attackers and no answer to it; the trap is worth more next turn.", 1_400, 74),
        ),
        (21_000, decision("Draw two", "The hand is empty but for the wolf.", 600, 88)),
        (3_000, decision("Attack with Ember Wolf", "Their shield is down and the board is two to one. One hit wins the lane.", 800, 91)),
        (2_000, OverlayEventKind::Match(standing("Turn 7", "battle", sides))),
    ];
    all.extend(chatter());
    all.extend(more);
    all
}

fn won() -> Vec<(u32, OverlayEventKind)> {
    let sides = vec![side("BlazeMaster", Some(6_400), Some(8_000)), side("Nyx-4", Some(0), Some(8_000))];
    vec![(3_000, OverlayEventKind::Match(Match { result: Some("BlazeMaster wins".into()), ..standing("Turn 9", "over", sides) }))]
}

const LONG_NAME: &str = "Donaudampfschifffahrtsgesellschaftskapit";
const LONG_TITLE: &str = "The very long title of a show whose owner had a great deal to say about it and said all of it in the one \
                          line that was there to be filled";

/// Every text as long as it may be, and words that cannot be broken.
fn long() -> Vec<(u32, OverlayEventKind)> {
    let unbroken = |length: usize| "Rechtsschutzversicherungsgesellschaften".chars().cycle().take(length).collect::<String>();
    let reason =
        "Because everything that could be weighed has been weighed, and weighed again, the choice that remains is this one. ".repeat(5);
    let sides = vec![side(LONG_NAME, Some(9_223_372_036_854_775_807), Some(i64::MAX)), side(&unbroken(40), Some(-1_234_567_890), Some(9))];
    let turn = "The ninety-ninth turn of the second half of the first game";
    let mut all: Vec<(u32, OverlayEventKind)> = (0..6).map(|n| (90_000, stat(&format!("{n} {}", unbroken(38)), &unbroken(60)))).collect();
    all.extend((0..3).map(|n| (12_000 - n * 4_000, decision(&unbroken(120), &reason, 4_294_967_295, 100))));
    all.push((5_000, event(&unbroken(200), Tone::Plain)));
    all.push((4_000, event(&LONG_TITLE.repeat(2)[..200], Tone::Hit)));
    all.push((2_000, OverlayEventKind::Match(standing(turn, turn, sides))));
    all.push(alert(&unbroken(120), &LONG_TITLE.repeat(2)[..200], Tone::Plain));
    all
}

fn right_to_left() -> Vec<(u32, OverlayEventKind)> {
    let (draws, attack) = ("نيكس تسحب بطاقة", "תקיפה עם זאב");
    let sides = vec![side("ليلى", Some(40), Some(50)), side("דן", Some(7), Some(50))];
    vec![
        (9_000, stat("بطاقات", "12")),
        (6_000, decision(attack, "המגן נפל, מכה אחת וזה נגמר.", 800, 91)),
        (4_000, event(draws, Tone::Good)),
        (2_000, OverlayEventKind::Match(standing("دور 7", "קרב", sides))),
    ]
}

fn emoji() -> Vec<(u32, OverlayEventKind)> {
    let sides = vec![side("🔥 星野", Some(6_400), Some(8_000)), side("새벽별 🌙", Some(2_150), Some(8_000))];
    vec![
        (9_000, stat("残り 🃏", "12")),
        (6_000, decision("烎狼で攻撃 ⚔\u{fe0f}", "盾が落ちた。一撃で終わる。", 800, 91)),
        (4_000, event("ニクスがカードを引く 👩\u{200d}👩\u{200d}👧", Tone::Plain)),
        (2_000, OverlayEventKind::Match(standing("7ターン", "戦闘 💥", sides))),
        alert("新記録 🎉", "十一連勝", Tone::Good),
    ]
}

fn ten_thousand() -> Vec<(u32, OverlayEventKind)> {
    let nth = |n: u32| match n % 4 {
        0 => stat(&format!("Counter {}", n % 40), &n.to_string()),
        1 => event(&format!("Event number {n}"), Tone::Plain),
        2 => decision(&format!("Decision number {n}"), "One of very many.", n, 50),
        _ => OverlayEventKind::Match(standing(
            &format!("Turn {n}"),
            "battle",
            vec![side("Ours", Some(i64::from(n)), Some(10_000)), side("Theirs", Some(10), Some(10_000))],
        )),
    };
    (0..10_000).map(|n| (10_000 - n, nth(n))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_valid_and_have_unique_names() {
        let all = Preview::all();
        for preview in &all {
            assert_eq!(Preview::named(preview.name).as_ref(), Some(preview));
            // A side without a name cannot be sent; what is stored may be older than the rule.
            for (_, _, event) in preview.events(Timestamp::from_millis(100_000)).filter(|_| preview.name != "nothing-known") {
                assert_eq!(event.check(), Ok(()), "{}", preview.name);
            }
        }
        assert_eq!(Preview::named("nonsense"), None);
    }
}
