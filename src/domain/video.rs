//! The video format: size, rate, bitrate, and what platforms accept.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Pixels of a picture's width.
const WIDTHS: RangeInclusive<u32> = 320..=1920;
/// Pixels of its height.
const HEIGHTS: RangeInclusive<u32> = 180..=1920;
/// Frames per second.
const FRAMERATES: RangeInclusive<u32> = 10..=60;
/// kbit/s of video.
const BITRATES: RangeInclusive<u32> = 200..=12_000;
/// The most pixels of a picture that the capture engine encodes: 1920x1080, landscape or portrait.
const MOST_PIXELS: u32 = 1920 * 1080;

/// Size, rate and bitrate of the composite. Keyframes are always 2 s apart, audio always AAC-LC stereo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VideoFormat {
    /// Pixels, even, 320 to 1920; width times height is at most 1920x1080.
    pub width: u32,
    /// Pixels, even, 180 to 1920.
    pub height: u32,
    /// Frames per second, 10 to 60.
    pub framerate: u32,
    /// Video bitrate in kbit/s, 200 to 12000.
    pub bitrate_kbps: u32,
}

/// A format outside what Footlight encodes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("video {field} must be {expected}")]
pub struct UnsuitableFormat {
    /// The invalid field, by its name on the wire.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

/// The formats offered by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum VideoPreset {
    /// 1280x720 at 30.
    #[serde(rename = "720p30")]
    Hd30,
    /// 1920x1080 at 30.
    #[serde(rename = "1080p30")]
    FullHd30,
    /// 1920x1080 at 60.
    #[serde(rename = "1080p60")]
    FullHd60,
    /// 720x1280 at 30.
    #[serde(rename = "portrait")]
    Portrait,
}

impl VideoPreset {
    /// All presets, in the order in which a menu shows them.
    pub const ALL: [Self; 4] = [Self::Hd30, Self::FullHd30, Self::FullHd60, Self::Portrait];

    /// The preset's format.
    pub const fn format(self) -> VideoFormat {
        let (width, height, framerate, bitrate_kbps) = match self {
            Self::Hd30 => (1280, 720, 30, 3000),
            Self::FullHd30 => (1920, 1080, 30, 4500),
            Self::FullHd60 => (1920, 1080, 60, 6000),
            Self::Portrait => (720, 1280, 30, 3000),
        };
        VideoFormat { width, height, framerate, bitrate_kbps }
    }

    /// The name on the wire and in `FOOTLIGHT_VIDEO`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hd30 => "720p30",
            Self::FullHd30 => "1080p30",
            Self::FullHd60 => "1080p60",
            Self::Portrait => "portrait",
        }
    }
}

impl VideoFormat {
    /// Checks every field against the encoder's limits. The only rule: what passes here the capture engine takes, and nothing else.
    ///
    /// # Errors
    /// The first field out of range, with the range.
    pub fn check(self) -> Result<Self, UnsuitableFormat> {
        let wrong = |field, expected| Err(UnsuitableFormat { field, expected });
        if !WIDTHS.contains(&self.width) || !self.width.is_multiple_of(2) {
            return wrong("width", "an even number of pixels from 320 to 1920");
        }
        if !HEIGHTS.contains(&self.height) || !self.height.is_multiple_of(2) {
            return wrong("height", "an even number of pixels from 180 to 1920");
        }
        if self.width * self.height > MOST_PIXELS {
            return wrong("height", "so small that width times height is at most 1920x1080 pixels");
        }
        if !FRAMERATES.contains(&self.framerate) {
            return wrong("framerate", "10 to 60 frames per second");
        }
        if !BITRATES.contains(&self.bitrate_kbps) {
            return wrong("bitrateKbps", "200 to 12000 kbit/s");
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_format_the_encoder_takes() {
        for preset in VideoPreset::ALL {
            assert!(preset.format().check().is_ok(), "{}", preset.name());
        }
        let portrait = VideoFormat { width: 1080, height: 1920, ..VideoPreset::FullHd60.format() };
        assert!(portrait.check().is_ok());
    }

    #[test]
    fn a_format_out_of_range_names_its_field() {
        let fine = VideoPreset::Hd30.format();
        for (format, field) in [
            (VideoFormat { width: 641, ..fine }, "width"),
            (VideoFormat { height: 4000, ..fine }, "height"),
            (VideoFormat { width: 1920, height: 1920, ..fine }, "height"),
            (VideoFormat { width: 1920, height: 1082, ..fine }, "height"),
            (VideoFormat { framerate: 5, ..fine }, "framerate"),
            (VideoFormat { bitrate_kbps: 50_000, ..fine }, "bitrateKbps"),
        ] {
            assert_eq!(format.check().expect_err(field).field, field);
        }
    }
}
