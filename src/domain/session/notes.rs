//! Lines of a session's timeline about what may change often: health, and what the composite shows. They stay few: changes of the
//! overlay close together are one line, and of each kind there is a most.

use super::{Actor, HealthIssue, Session};
use crate::domain::{
    overlay::{OverlaySettings, Scene},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, mem::discriminant};

/// Changes of the overlay by the same actor within this long of the first are one line.
const MERGED_WITHIN_MS: u64 = 10_000;
/// Lines about the overlay, scene and title in one session.
pub const MOST_OVERLAY_LINES: u32 = 200;
/// Lines about health in one session.
pub const MOST_HEALTH_LINES: u32 = 100;

/// What a session's timeline has of such lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineNotes {
    /// Lines about health.
    pub health: u32,
    /// Lines about the overlay, scene and title.
    pub overlay: u32,
    /// The last of these.
    pub last: Option<OverlayNote>,
}

/// A line about the overlay, to which a change soon after it is added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayNote {
    /// The session's revision with which it was written.
    pub revision: u64,
    /// The revision of the line whose place it took, if it did.
    pub replaces: Option<u64>,
    /// When its first change was made.
    pub since: Timestamp,
    /// Who made the changes.
    pub actor: Actor,
    /// The changes.
    pub changes: OverlayChanges,
}

/// What changed on the composite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OverlayChanges {
    /// The new scene.
    pub scene: Option<String>,
    /// The new title; may be empty.
    pub title: Option<String>,
    /// The new game; empty for none.
    pub game: Option<String>,
    /// The names of other settings.
    pub settings: BTreeSet<String>,
}

impl OverlayChanges {
    /// What differs between two states of a session; `None` if nothing that shows.
    pub fn between(before: &Session, after: &Session) -> Option<Self> {
        let differs = |same: bool, value: &dyn Fn() -> String| (!same).then(value);
        let changes = Self {
            scene: differs(before.overlay.scene == after.overlay.scene, &|| scene_name(after.overlay.scene).to_owned()),
            title: differs(before.title == after.title, &|| after.title.clone()),
            game: differs(before.current_lobby_id == after.current_lobby_id, &|| after.current_lobby_id.clone().unwrap_or_default()),
            settings: changed_settings(before, after),
        };
        (changes != Self::default()).then_some(changes)
    }

    /// These and newer ones: of each field the latest counts.
    fn and(&self, newer: Self) -> Self {
        Self {
            scene: newer.scene.or_else(|| self.scene.clone()),
            title: newer.title.or_else(|| self.title.clone()),
            game: newer.game.or_else(|| self.game.clone()),
            settings: self.settings.union(&newer.settings).cloned().collect(),
        }
    }
}

/// Sentences for the timeline.
impl fmt::Display for OverlayChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |what: &str, value: &Option<String>| {
            value.as_ref().map(|value| if value.is_empty() { format!("{what} removed.") } else { format!("{what}: {value}.") })
        };
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let settings = (!settings.is_empty()).then(|| format!("Overlay changed: {}.", settings.join(", ")));
        let sentences = [named("Scene", &self.scene), named("Title", &self.title), named("Game", &self.game), settings];
        f.write_str(&sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

impl TimelineNotes {
    /// The line for a change of the overlay that is stored with this revision; `None` where there are enough of them.
    pub fn note_overlay(&mut self, changes: OverlayChanges, actor: Actor, revision: u64, now: Timestamp) -> Option<String> {
        let merged = self.last.take().filter(|last| last.actor == actor && now.millis_since(last.since) < MERGED_WITHIN_MS);
        if merged.is_none() {
            if self.overlay >= MOST_OVERLAY_LINES {
                return None;
            }
            self.overlay += 1;
        }
        let note = match merged {
            Some(last) => OverlayNote { revision, replaces: Some(last.revision), changes: last.changes.and(changes), ..last },
            None => OverlayNote { revision, replaces: None, since: now, actor, changes },
        };
        let line = with_last(note.changes.to_string(), self.overlay == MOST_OVERLAY_LINES, "the overlay");
        self.last = Some(note);
        Some(line)
    }

    /// The line for a change of health: which issues are new and which are over. What has lines of its own, such as a host who left,
    /// is not repeated. `labels` are those of the session's destinations: one that was removed has not recovered.
    pub fn note_health(&mut self, before: &[HealthIssue], after: &[HealthIssue], labels: &[&str]) -> Option<String> {
        let new = after.iter().filter(|issue| !before.iter().any(|of| same(of, issue))).filter_map(began);
        let over = before.iter().filter(|issue| !after.iter().any(|of| same(of, issue))).filter_map(|issue| ended(issue, labels));
        let sentences: Vec<String> = new.chain(over).collect();
        if sentences.is_empty() || self.health >= MOST_HEALTH_LINES {
            return None;
        }
        self.health += 1;
        Some(with_last(sentences.join(" "), self.health == MOST_HEALTH_LINES, "health"))
    }

    /// The revision of the timeline's line whose place the one of this revision takes.
    pub fn replaced_by(&self, revision: u64) -> Option<u64> {
        self.last.as_ref().filter(|last| last.revision == revision).and_then(|last| last.replaces)
    }
}

/// Whether a change of health is the relay's word: of destinations and of the picture it receives.
pub fn is_of_relay(before: &[HealthIssue], after: &[HealthIssue]) -> bool {
    let changed = |some: &[HealthIssue], others: &[HealthIssue]| {
        let of_relay = |issue: &HealthIssue| {
            matches!(issue, HealthIssue::Destination { .. } | HealthIssue::NoComposite | HealthIssue::CompositeRefused { .. })
        };
        some.iter().any(|issue| of_relay(issue) && !others.iter().any(|of| same(of, issue)))
    };
    changed(before, after) || changed(after, before)
}

fn with_last(line: String, last: bool, what: &str) -> String {
    if last { format!("{line} Further changes of {what} are not listed.") } else { line }
}

/// The same issue, whatever its reason is now.
fn same(one: &HealthIssue, other: &HealthIssue) -> bool {
    match (one, other) {
        (HealthIssue::Destination { label, .. }, HealthIssue::Destination { label: of, .. }) => label == of,
        _ => discriminant(one) == discriminant(other),
    }
}

fn began(issue: &HealthIssue) -> Option<String> {
    match issue {
        HealthIssue::NoComposite => Some("The relay receives no picture.".to_owned()),
        HealthIssue::CompositeRefused { reason } => Some(format!("The relay refuses the picture: {reason}.")),
        HealthIssue::Destination { label, reason } => Some(format!("{label} does not receive the stream: {reason}.")),
        HealthIssue::StaleEvidence => Some("The relay does not report.".to_owned()),
        HealthIssue::OverlayFrozen => Some("The overlay page does not answer or stands still.".to_owned()),
        HealthIssue::HostAway | HealthIssue::ReplacingEgress => None,
    }
}

fn ended(issue: &HealthIssue, labels: &[&str]) -> Option<String> {
    match issue {
        HealthIssue::NoComposite => Some("The relay receives the picture again.".to_owned()),
        HealthIssue::CompositeRefused { .. } => Some("The relay accepts the picture again.".to_owned()),
        HealthIssue::Destination { label, .. } => labels.contains(&label.as_str()).then(|| format!("{label} receives the stream again.")),
        HealthIssue::StaleEvidence => Some("The relay reports again.".to_owned()),
        HealthIssue::OverlayFrozen => Some("The overlay page moves again.".to_owned()),
        HealthIssue::HostAway | HealthIssue::ReplacingEgress => None,
    }
}

const fn scene_name(scene: Option<Scene>) -> &'static str {
    match scene {
        None => "automatic",
        Some(Scene::StartingSoon) => "starting soon",
        Some(Scene::Live) => "live",
        Some(Scene::MatchOver) => "match over",
        Some(Scene::BeRightBack) => "be right back",
        Some(Scene::Reconnecting) => "reconnecting",
        Some(Scene::Ending) => "ending",
    }
}

fn changed_settings(before: &Session, after: &Session) -> BTreeSet<String> {
    let (old, new): (&OverlaySettings, &OverlaySettings) = (&before.overlay, &after.overlay);
    let settings = [
        ("decisions", old.show_decisions != new.show_decisions),
        ("info bar", old.show_agent_info != new.show_agent_info),
        ("event ticker", old.show_event_feed != new.show_event_feed),
        ("webcam", old.show_player_cam != new.show_player_cam),
        ("theme", old.theme != new.theme),
        ("webcam corner", old.pip_corner != new.pip_corner),
        ("webcam size", old.pip_size != new.pip_size),
        ("webcam shape", old.pip_shape != new.pip_shape),
        ("webcam border", old.pip_border != new.pip_border),
        ("accent colour", old.accent != new.accent),
        ("animations", old.motion != new.motion),
        ("countdown", old.starts_at != new.starts_at),
        ("delay of events", before.broadcast_delay_ms != after.broadcast_delay_ms),
    ];
    settings.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }
    fn scene(name: &str) -> OverlayChanges {
        OverlayChanges { scene: Some(name.to_owned()), ..OverlayChanges::default() }
    }
    fn setting(name: &str) -> OverlayChanges {
        OverlayChanges { settings: [name.to_owned()].into(), ..OverlayChanges::default() }
    }
    fn lost(label: &str, reason: &str) -> HealthIssue {
        HealthIssue::Destination { label: label.to_owned(), reason: reason.to_owned() }
    }

    #[test]
    fn changes_close_together_are_one_line() {
        let mut notes = TimelineNotes::default();
        let mut note = |changes, actor, revision, second| {
            let line = notes.note_overlay(changes, actor, revision, at(second));
            (line.unwrap_or_default(), notes.replaced_by(revision))
        };
        assert_eq!(note(scene("starting soon"), Actor::Host, 5, 0), ("Scene: starting soon.".to_owned(), None));
        assert_eq!(note(setting("theme"), Actor::Host, 6, 3), ("Scene: starting soon. Overlay changed: theme.".to_owned(), Some(5)));
        assert_eq!(note(scene("live"), Actor::Host, 9, 9), ("Scene: live. Overlay changed: theme.".to_owned(), Some(6)));
        assert_eq!(note(scene("ending"), Actor::Admin, 10, 9), ("Scene: ending.".to_owned(), None), "somebody else");
        assert_eq!(note(setting("webcam"), Actor::Admin, 11, 19), ("Overlay changed: webcam.".to_owned(), None), "later");
        assert_eq!(notes.replaced_by(10), None);
        assert_eq!(notes.overlay, 3);
        let untitled = OverlayChanges { title: Some(String::new()), ..OverlayChanges::default() };
        assert_eq!(untitled.to_string(), "Title removed.");
    }

    #[test]
    fn there_are_at_most_so_many_lines() {
        let mut notes = TimelineNotes::default();
        let lines: Vec<_> =
            (0..300).filter_map(|n| notes.note_overlay(scene("live"), Actor::Host, n, at(i64::try_from(n).expect("small") * 60))).collect();
        assert_eq!(lines.len(), MOST_OVERLAY_LINES as usize);
        assert!(lines.iter().rev().take(2).map(|line| line.contains("not listed")).eq([true, false]));
        let (well, ill) = (Vec::new(), vec![lost("Twitch", "it hung up")]);
        let lines = (0..300)
            .filter_map(|n| if n % 2 == 0 { notes.note_health(&well, &ill, &[]) } else { notes.note_health(&ill, &well, &["Twitch"]) });
        assert_eq!(lines.count(), MOST_HEALTH_LINES as usize);
    }

    #[test]
    fn health_is_noted_when_an_issue_comes_and_goes() {
        let mut notes = TimelineNotes::default();
        let ill = [lost("Twitch", "it hung up"), HealthIssue::HostAway];
        assert_eq!(notes.note_health(&[], &ill, &["Twitch"]).as_deref(), Some("Twitch does not receive the stream: it hung up."));
        assert_eq!(
            notes.note_health(&ill, &[lost("Twitch", "no answer"), HealthIssue::HostAway], &["Twitch"]),
            None,
            "another reason is no transition"
        );
        assert_eq!(notes.note_health(&ill, &[], &["Twitch"]).as_deref(), Some("Twitch receives the stream again."));
        assert_eq!(notes.note_health(&ill, &[], &[]), None, "it was removed");
        assert_eq!(notes.note_health(&[HealthIssue::HostAway], &[], &[]), None, "the host has lines of their own");
        assert!(is_of_relay(&ill, &[]) && !is_of_relay(&[HealthIssue::OverlayFrozen], &[]));
    }
}
