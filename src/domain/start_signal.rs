//! When the composite may be recorded: the pure rule behind `START_RECORDING`, and the facts it is decided by.

use serde::{Deserialize, Serialize};

/// The longest the composite waits for the host's pictures after it joined the room.
pub const START_TIMEOUT_MS: u64 = 5_000;

/// One of the host's pictures, as the composite page has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, told as they are made")]
pub struct Picture {
    /// The host said that it will come, or publishes it.
    pub announced: bool,
    /// The host switched it off for now.
    pub muted: bool,
    /// It is subscribed and not muted.
    pub present: bool,
    /// Its first frame was decoded and presented.
    pub painted: bool,
}

impl Picture {
    /// Whether there is something to see.
    pub const fn on_page(self) -> bool {
        self.present && self.painted
    }
}

/// What the composite page knows of its media.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, told as they are made")]
pub struct ObservedMedia {
    /// The fonts are loaded.
    pub fonts: bool,
    /// The page has painted frames.
    pub page_painted: bool,
    /// The show has a room; a data-only show has none.
    pub room: bool,
    /// The room is connected.
    pub connected: bool,
    /// Milliseconds since it was first joined, as of these facts.
    pub joined_for_ms: Option<u64>,
    /// The host is in the room.
    pub host: bool,
    /// The shared screen.
    pub screen: Picture,
    /// The webcam.
    pub camera: Picture,
    /// An audio track plays.
    pub audio: bool,
}

/// Whether `START_RECORDING` may be said: fonts loaded, page painted, and every picture the host announced painted, but
/// no later than [`START_TIMEOUT_MS`] after joining. A data-only show may at its first paint.
pub fn may_start(observed: &ObservedMedia) -> bool {
    if !observed.page_painted {
        return false;
    }
    if !observed.room {
        return observed.fonts;
    }
    let Some(joined_for_ms) = observed.joined_for_ms else { return false };
    if joined_for_ms >= START_TIMEOUT_MS {
        return true;
    }
    let announced = [observed.screen, observed.camera].into_iter().filter(|picture| picture.announced);
    // A host who has announced nothing yet is about to: only patience decides.
    observed.fonts && observed.host && announced.clone().count() > 0 && announced.clone().all(Picture::on_page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> ObservedMedia {
        ObservedMedia {
            fonts: true,
            page_painted: true,
            room: true,
            connected: true,
            joined_for_ms: Some(400),
            host: true,
            ..ObservedMedia::default()
        }
    }
    const PAINTED: Picture = Picture { announced: true, muted: false, present: true, painted: true };
    const COMING: Picture = Picture { announced: true, muted: false, present: true, painted: false };

    #[test]
    fn recording_starts_when_everything_announced_is_painted_and_not_before() {
        let cases = [
            ("nothing announced yet", joined(), false),
            ("camera painted", ObservedMedia { camera: PAINTED, ..joined() }, true),
            ("screen still coming", ObservedMedia { camera: PAINTED, screen: COMING, ..joined() }, false),
            ("both painted", ObservedMedia { camera: PAINTED, screen: PAINTED, ..joined() }, true),
            ("fonts missing", ObservedMedia { camera: PAINTED, fonts: false, ..joined() }, false),
            ("no host", ObservedMedia { host: false, ..joined() }, false),
            ("not joined", ObservedMedia { joined_for_ms: None, ..joined() }, false),
            ("patience over, no host", ObservedMedia { host: false, joined_for_ms: Some(START_TIMEOUT_MS), ..joined() }, true),
            ("patience over, page blank", ObservedMedia { page_painted: false, joined_for_ms: Some(9_000), ..joined() }, false),
        ];
        for (case, observed, expected) in cases {
            assert_eq!(may_start(&observed), expected, "{case}");
        }
    }

    #[test]
    fn a_data_only_show_starts_at_its_first_paint() {
        let observed = ObservedMedia { fonts: true, ..ObservedMedia::default() };
        assert!(!may_start(&observed));
        assert!(may_start(&ObservedMedia { page_painted: true, ..observed }));
    }
}
