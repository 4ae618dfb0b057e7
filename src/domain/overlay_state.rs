//! What happens on top of the picture: stats, events, decisions, matches, alerts, and their fold into one state.
//! Pure. Which picture lies underneath is `domain::overlay`'s; what all of it looks like is the stylesheet's.

pub mod limits;
pub mod preview;
pub mod scene;

use super::timestamp::Timestamp;
pub use scene::{OverlayInputs, SceneModel};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many stats, decisions and events are kept; older ones could not be shown anyway.
const KEPT: usize = 12;

/// One thing that happened in the show, as an agent or a game sends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverlayEvent {
    /// The sender's name for it, by which a repeated one is known; made by the server if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it happened; when it arrived, if the sender does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What it was.
    #[serde(flatten)]
    pub kind: OverlayEventKind,
}

/// The five kinds of things that happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum OverlayEventKind {
    /// A number or word worth watching; the same label again replaces it.
    Stat {
        /// What it counts ("Cards left").
        label: String,
        /// Its value as shown; `None` takes the stat off the picture.
        value: Option<String>,
    },
    /// One line for the ticker.
    Event {
        /// A short sentence.
        text: String,
        /// Whether it stands out.
        #[serde(default)]
        tone: Tone,
    },
    /// What an agent decided.
    Decision {
        /// What it does ("Attack with Ember Wolf").
        title: String,
        /// Why, in a sentence or two.
        #[serde(default)]
        reason: String,
        /// How long it thought.
        #[serde(default)]
        took_ms: Option<u32>,
        /// How sure it is, in percent.
        #[serde(default)]
        confidence: Option<u8>,
    },
    /// How a match stands; each one replaces the former wholly.
    Match(Match),
    /// A plate over the picture for a few seconds.
    Alert {
        /// The large line.
        title: String,
        /// The small one.
        #[serde(default)]
        text: String,
        /// Whether it stands out.
        #[serde(default)]
        tone: Tone,
    },
}

/// How much a line stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As the others.
    #[default]
    Plain,
    /// Something good.
    Good,
    /// Something that hurts.
    Hit,
}

/// How a match stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The sides, ours first.
    #[serde(default)]
    pub sides: Vec<Side>,
    /// Where it stands ("Turn 7").
    #[serde(default)]
    pub turn: String,
    /// What goes on ("battle").
    #[serde(default)]
    pub phase: String,
    /// How it ended ("Nyx wins"); a match that runs has none.
    #[serde(default)]
    pub result: Option<String>,
}

/// One side of a match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Who.
    pub name: String,
    /// Life, points, anything that counts.
    #[serde(default)]
    pub score: Option<i64>,
    /// The most it can be, for the bar.
    #[serde(default)]
    pub of: Option<i64>,
}

/// What happened, with its place in the order: newer than everything with a smaller number.
#[derive(Debug, Clone, PartialEq)]
struct Placed<T> {
    at: Timestamp,
    what: T,
}

/// Everything that happened so far, as far as it can still be seen. Events may come in any order and any number of times:
/// the sequence number alone says which is newer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverlayState {
    stats: BTreeMap<String, (u64, Option<String>)>,
    lines: BTreeMap<u64, Placed<(String, Tone)>>,
    decisions: BTreeMap<u64, Placed<scene::Decision>>,
    game: Option<(u64, Placed<Match>)>,
    alert: Option<(u64, Placed<scene::Alert>)>,
}

impl OverlayState {
    /// Takes one event; `seq` is its number in the session's feed, `arrived` stands in where the event has no time.
    pub fn apply(&mut self, seq: u64, event: OverlayEvent, arrived: Timestamp) {
        let at = event.at.unwrap_or(arrived);
        match event.kind {
            OverlayEventKind::Stat { label, value } => {
                let newest = self.stats.get(&label).is_none_or(|(known, _)| *known < seq);
                if newest {
                    self.stats.insert(label, (seq, value));
                    self.forget_oldest_stat();
                }
            }
            OverlayEventKind::Event { text, tone } => keep_newest(&mut self.lines, seq, Placed { at, what: (text, tone) }),
            OverlayEventKind::Decision { title, reason, took_ms, confidence } => {
                let what = scene::Decision { seq, title, reason, took_ms, confidence: confidence.map(|sure| sure.min(100)), fading: false };
                keep_newest(&mut self.decisions, seq, Placed { at, what });
            }
            OverlayEventKind::Match(game) => replace_older(&mut self.game, seq, Placed { at, what: game }),
            OverlayEventKind::Alert { title, text, tone } => {
                replace_older(&mut self.alert, seq, Placed { at, what: scene::Alert { seq, title, text, tone } });
            }
        }
    }

    /// The numbers of the events that are still kept: all others could be left out, and the picture were the same.
    pub fn kept(&self) -> BTreeSet<u64> {
        let stats = self.stats.values().map(|(seq, _)| *seq);
        let single = self.game.iter().map(|(seq, _)| *seq).chain(self.alert.iter().map(|(seq, _)| *seq));
        stats.chain(single).chain(self.lines.keys().copied()).chain(self.decisions.keys().copied()).collect()
    }

    fn forget_oldest_stat(&mut self) {
        while self.stats.len() > KEPT {
            let Some(oldest) = self.stats.iter().min_by_key(|(_, (seq, _))| *seq).map(|(label, _)| label.clone()) else { return };
            self.stats.remove(&oldest);
        }
    }
}

fn keep_newest<T>(kept: &mut BTreeMap<u64, T>, seq: u64, item: T) {
    kept.entry(seq).or_insert(item);
    while kept.len() > KEPT {
        kept.pop_first();
    }
}

fn replace_older<T>(slot: &mut Option<(u64, T)>, seq: u64, item: T) {
    if slot.as_ref().is_none_or(|(known, _)| *known < seq) {
        *slot = Some((seq, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kind() -> impl Strategy<Value = OverlayEventKind> {
        let tone = prop_oneof![Just(Tone::Plain), Just(Tone::Good), Just(Tone::Hit)];
        prop_oneof![
            (0..20_u8, proptest::option::of("[a-z]{1,4}"))
                .prop_map(|(n, value)| OverlayEventKind::Stat { label: format!("stat {n}"), value }),
            ("[a-z]{1,6}", tone.clone()).prop_map(|(text, tone)| OverlayEventKind::Event { text, tone }),
            ("[a-z]{1,6}", any::<u8>()).prop_map(|(title, sure)| OverlayEventKind::Decision {
                title,
                reason: String::new(),
                took_ms: None,
                confidence: Some(sure)
            }),
            (0..9000_i64).prop_map(|score| OverlayEventKind::Match(Match {
                sides: vec![Side { name: "a".into(), score: Some(score), of: None }],
                turn: String::new(),
                phase: String::new(),
                result: None
            })),
            ("[a-z]{1,6}", tone).prop_map(|(title, tone)| OverlayEventKind::Alert { title, text: String::new(), tone }),
        ]
    }

    fn shown(events: &[(u64, OverlayEventKind)]) -> OverlayState {
        let mut state = OverlayState::default();
        for (seq, kind) in events {
            let millis = i64::try_from(*seq).expect("small") * 100;
            state.apply(
                *seq,
                OverlayEvent { id: None, at: Some(Timestamp::from_millis(millis)), kind: kind.clone() },
                Timestamp::default(),
            );
        }
        state
    }

    proptest! {
        #[test]
        fn any_delivery_order_with_the_same_sequence_numbers_gives_one_state(
            (ordered, shuffled) in proptest::collection::vec(kind(), 0..60).prop_flat_map(|kinds| {
                let numbered: Vec<(u64, OverlayEventKind)> = (1..).zip(kinds).collect();
                (Just(numbered.clone()), Just(numbered).prop_shuffle())
            }),
            repeated in 0..60_usize,
        ) {
            let again: Vec<_> = shuffled.iter().chain(shuffled.iter().take(repeated)).cloned().collect();
            prop_assert_eq!(shown(&ordered), shown(&again));
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_and_what_came_after_it_give_the_same_as_everything(kinds in proptest::collection::vec(kind(), 0..80), cut in 0..80_usize) {
            let all: Vec<(u64, OverlayEventKind)> = (1..).zip(kinds).collect();
            let (before, after) = all.split_at(cut.min(all.len()));
            let kept = shown(before).kept();
            let snapshot = before.iter().filter(|(seq, _)| kept.contains(seq));
            let joined: Vec<_> = snapshot.chain(after).cloned().collect();
            prop_assert_eq!(shown(&joined), shown(&all));
        }
    }

    #[test]
    fn an_event_reads_from_the_wire_as_it_is_documented() {
        let cases = [
            r#"{"kind":"stat","label":"Cards left","value":"12"}"#,
            r#"{"id":"e1","at":"2026-11-23T20:15:04Z","kind":"event","text":"Nyx-4 draws a card"}"#,
            r#"{"kind":"decision","title":"Attack","reason":"One hit to win.","tookMs":800,"confidence":91}"#,
            r#"{"kind":"match","turn":"Turn 7","phase":"battle","sides":[{"name":"BlazeMaster","score":6400,"of":8000}]}"#,
            r#"{"kind":"alert","title":"New record","tone":"good"}"#,
        ];
        for case in cases {
            let event: OverlayEvent = serde_json::from_str(case).expect(case);
            let again: OverlayEvent = serde_json::from_str(&serde_json::to_string(&event).expect("json")).expect("reads back");
            assert_eq!(event, again);
        }
    }
}
