//! The video bitrates that platforms take. The table is data: when a platform changes its rule, its row changes.

use super::{destination::Platform, video::VideoFormat};
use std::fmt;

/// What a platform does with more than the bitrate of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// It drops frames, disconnects or refuses the stream.
    Refused,
    /// It takes the stream and recommends less.
    Discouraged,
}

/// The bitrate of one platform for pictures of at least so many pixels and frames per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    platform: Platform,
    /// Width times height, whichever way the picture stands.
    least_pixels: u32,
    least_framerate: u32,
    most_kbps: u32,
    excess: Excess,
}

const fn row(platform: Platform, least_pixels: u32, least_framerate: u32, most_kbps: u32, excess: Excess) -> Row {
    Row { platform, least_pixels, least_framerate, most_kbps, excess }
}

/// More than 720p and more than 1080p begin here.
const ABOVE_720P: u32 = 1280 * 720 + 1;
const FULL_HD: u32 = 1920 * 1080;
const QUAD_HD: u32 = 2560 * 1440;

/// For a picture counts, of its platform's rows of one kind, the last that it reaches. Custom servers and rehearsals have no row:
/// their only limit is the encoder's own.
const ROWS: [Row; 10] = [
    // Twitch, "Broadcasting guidelines": 6000 kbit/s. By public reports of May 2026 it takes 7500 at 1080p and 9000 at 1440p.
    row(Platform::Twitch, 0, 0, 6_000, Excess::Refused),
    row(Platform::Twitch, FULL_HD, 0, 7_500, Excess::Refused),
    row(Platform::Twitch, QUAD_HD, 0, 9_000, Excess::Refused),
    // YouTube Help, "Choose live encoder settings, bitrates, and resolutions", column "Recommended bitrate setting, H.264". What
    // it refuses is far above our encoder's 12000.
    row(Platform::Youtube, 0, 0, 4_000, Excess::Discouraged),
    row(Platform::Youtube, 0, 31, 6_000, Excess::Discouraged),
    row(Platform::Youtube, ABOVE_720P, 0, 10_000, Excess::Discouraged),
    row(Platform::Youtube, ABOVE_720P, 31, 12_000, Excess::Discouraged),
    // Kick Help, "Stream settings": 1000 to 8000 kbit/s, constant, up to 1080p60.
    row(Platform::Kick, 0, 0, 8_000, Excess::Refused),
    // X Help, "Producer, encoder settings": 9 Mbit/s recommended, 12 at most.
    row(Platform::X, 0, 0, 9_000, Excess::Discouraged),
    row(Platform::X, 0, 0, 12_000, Excess::Refused),
];

/// A bitrate beyond what a platform takes or recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch {
    /// The platform whose rule it is.
    pub platform: Platform,
    /// The most kbit/s for this picture.
    pub most_kbps: u32,
    /// What the platform does with more.
    pub excess: Excess,
    format: VideoFormat,
}

/// A sentence for people: the platform, its limit, what was chosen and what to choose.
impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, most_kbps, excess, format } = self;
        let (label, chosen) = (platform.label(), format.bitrate_kbps);
        let VideoFormat { width, height, framerate, .. } = format;
        match excess {
            Excess::Refused => write!(
                f,
                "{label} takes at most {most_kbps} kbit/s of video at {width}x{height}, and this stream would send {chosen}. Choose \
                 {most_kbps} kbit/s or less, or leave {label} out."
            ),
            Excess::Discouraged => write!(
                f,
                "{label} recommends at most {most_kbps} kbit/s of video at {width}x{height} with {framerate} frames per second, and this \
                 stream sends {chosen}. More costs upload and gains nothing there: {most_kbps} kbit/s is enough."
            ),
        }
    }
}

/// What is wrong with a format's bitrate on a platform, if anything is: a refusal before a recommendation.
pub fn too_much(platform: Platform, format: &VideoFormat) -> Option<TooMuch> {
    [Excess::Refused, Excess::Discouraged].into_iter().find_map(|excess| {
        let most_kbps = most_kbps(platform, format, excess)?;
        (format.bitrate_kbps > most_kbps).then_some(TooMuch { platform, most_kbps, excess, format: *format })
    })
}

/// The most kbit/s of video of a picture on a platform that it takes, or recommends; `None` where it says nothing.
pub fn most_kbps(platform: Platform, format: &VideoFormat, excess: Excess) -> Option<u32> {
    let reached = |row: &&Row| {
        let (pixels, framerate) = (format.width.saturating_mul(format.height), format.framerate);
        row.platform == platform && row.excess == excess && pixels >= row.least_pixels && framerate >= row.least_framerate
    };
    ROWS.iter().rfind(reached).map(|row| row.most_kbps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::video::VideoPreset;

    const fn format(width: u32, height: u32, framerate: u32, bitrate_kbps: u32) -> VideoFormat {
        VideoFormat { width, height, framerate, bitrate_kbps }
    }

    #[test]
    fn every_platform_has_the_limits_of_its_documentation() {
        use Excess::{Discouraged, Refused};
        let (small, full, full_60, portrait, quad) = (
            format(1280, 720, 30, 0),
            format(1920, 1080, 30, 0),
            format(1920, 1080, 60, 0),
            format(1080, 1920, 30, 0),
            format(2560, 1440, 60, 0),
        );
        for (platform, format, excess, expected) in [
            (Platform::Twitch, small, Refused, Some(6_000)),
            (Platform::Twitch, format(1920, 1078, 60, 0), Refused, Some(6_000)),
            (Platform::Twitch, full, Refused, Some(7_500)),
            (Platform::Twitch, portrait, Refused, Some(7_500)),
            (Platform::Twitch, quad, Refused, Some(9_000)),
            (Platform::Twitch, full, Discouraged, None),
            (Platform::Youtube, small, Discouraged, Some(4_000)),
            (Platform::Youtube, format(1280, 720, 60, 0), Discouraged, Some(6_000)),
            (Platform::Youtube, full, Discouraged, Some(10_000)),
            (Platform::Youtube, full_60, Discouraged, Some(12_000)),
            (Platform::Youtube, full, Refused, None),
            (Platform::Kick, full_60, Refused, Some(8_000)),
            (Platform::X, small, Discouraged, Some(9_000)),
            (Platform::X, small, Refused, Some(12_000)),
            (Platform::Custom, full, Refused, None),
            (Platform::Rehearsal, full, Discouraged, None),
        ] {
            assert_eq!(most_kbps(platform, &format, excess), expected, "{platform:?} {format:?} {excess:?}");
        }
    }

    #[test]
    fn a_bitrate_is_fine_up_to_the_limit_and_not_one_beyond() {
        for platform in Platform::ALL {
            for (width, height, framerate) in [(640, 360, 15), (1280, 720, 30), (1280, 720, 60), (1920, 1080, 30), (1920, 1080, 60)] {
                for excess in [Excess::Refused, Excess::Discouraged] {
                    let Some(most) = most_kbps(platform, &format(width, height, framerate, 0), excess) else { continue };
                    let wrong = |kbps| too_much(platform, &format(width, height, framerate, kbps)).filter(|found| found.excess == excess);
                    assert_eq!(wrong(most), None, "{platform:?} at {most}");
                    let found = wrong(most + 1).unwrap_or_else(|| panic!("{platform:?} at {most} + 1"));
                    let words = found.to_string();
                    for part in [platform.label(), &most.to_string(), &(most + 1).to_string()] {
                        assert!(words.contains(part), "{part}: {words}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_preset_is_right_for_every_platform() {
        for (preset, platform) in VideoPreset::ALL.into_iter().flat_map(|preset| Platform::ALL.map(|platform| (preset, platform))) {
            assert_eq!(too_much(platform, &preset.format()), None, "{} on {platform:?}", preset.name());
        }
    }
}
