//! When the overlay page may send `START_RECORDING`, and the observations that decide it. Pure.

use serde::{Deserialize, Serialize};

/// The longest the composite waits for the host's pictures after it joined the room.
pub const START_TIMEOUT_MS: u64 = 5_000;

/// The state of one of the host's video tracks in the overlay page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, reported as they are made")]
pub struct Picture {
    /// The host announced it or publishes it.
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

/// The media as the overlay page observes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, reported as they are made")]
pub struct ObservedMedia {
    /// The fonts are loaded.
    pub fonts: bool,
    /// The page has painted frames.
    pub page_painted: bool,
    /// The session has a room; a data-only session has none.
    pub room: bool,
    /// The room is connected.
    pub connected: bool,
    /// Milliseconds since it was first joined, at the time of this observation.
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

/// Whether `START_RECORDING` may be sent: fonts loaded, page painted, and every announced track painted, but no later than
/// [`START_TIMEOUT_MS`] after joining. A data-only session may start at its first paint.
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
    // A host who has announced nothing yet is about to: only the timeout decides.
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
    fn recording_starts_when_announced_tracks_are_painted() {
        let cases = [
            ("nothing announced yet", joined(), false),
            ("camera painted", ObservedMedia { camera: PAINTED, ..joined() }, true),
            ("screen still coming", ObservedMedia { camera: PAINTED, screen: COMING, ..joined() }, false),
            ("both painted", ObservedMedia { camera: PAINTED, screen: PAINTED, ..joined() }, true),
            ("fonts missing", ObservedMedia { camera: PAINTED, fonts: false, ..joined() }, false),
            ("no host", ObservedMedia { host: false, ..joined() }, false),
            ("not joined", ObservedMedia { joined_for_ms: None, ..joined() }, false),
            ("timeout over, no host", ObservedMedia { host: false, joined_for_ms: Some(START_TIMEOUT_MS), ..joined() }, true),
            ("timeout over, page blank", ObservedMedia { page_painted: false, joined_for_ms: Some(9_000), ..joined() }, false),
        ];
        for (case, observed, expected) in cases {
            assert_eq!(may_start(&observed), expected, "{case}");
        }
    }

    #[test]
    fn data_only_sessions_start_at_first_paint() {
        let observed = ObservedMedia { fonts: true, ..ObservedMedia::default() };
        assert!(!may_start(&observed));
        assert!(may_start(&ObservedMedia { page_painted: true, ..observed }));
    }
}
