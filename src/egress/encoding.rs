//! LiveKit's encoding options with the limits of our encoder.

use crate::{
    domain::video::{UnsuitableFormat, VideoFormat},
    egress::twirp_error::TwirpError,
};
use livekit_protocol::{AudioCodec, EncodingOptions, EncodingOptionsPreset as Preset, VideoCodec};

/// Settings of the encoder. Codecs are always H.264 Main and AAC-LC stereo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per second.
    pub framerate: u32,
    /// kbit/s.
    pub video_kbps: u32,
    /// kbit/s.
    pub audio_kbps: u32,
    /// Hz.
    pub audio_hz: u32,
    /// Frames from one keyframe to the next.
    pub keyframe_frames: u32,
}

impl Encoding {
    /// The encoding of a preset; a keyframe every 4 s, like LiveKit.
    ///
    /// # Errors
    /// `unimplemented` for a preset that does not encode.
    pub fn of_preset(preset: i32) -> Result<Self, TwirpError> {
        let (width, height, framerate, video_kbps) = match Preset::try_from(preset) {
            Ok(Preset::H264720p30) => (1280, 720, 30, 3000),
            Ok(Preset::H264720p60) => (1280, 720, 60, 4500),
            Ok(Preset::H2641080p30) => (1920, 1080, 30, 4500),
            Ok(Preset::H2641080p60) => (1920, 1080, 60, 6000),
            Ok(Preset::PortraitH264720p30) => (720, 1280, 30, 3000),
            Ok(Preset::PortraitH264720p60) => (720, 1280, 60, 4500),
            Ok(Preset::PortraitH2641080p30) => (1080, 1920, 30, 4500),
            Ok(Preset::PortraitH2641080p60) => (1080, 1920, 60, 6000),
            Ok(Preset::Passthrough) => return Err(TwirpError::unimplemented("the local egress encodes every page: no passthrough")),
            Err(_) => return Err(TwirpError::invalid_argument("request has missing or invalid field: preset")),
        };
        Ok(Self { width, height, framerate, video_kbps, audio_kbps: 128, audio_hz: 44_100, keyframe_frames: framerate * 4 })
    }

    /// The encoding of explicit options; zero means LiveKit's default.
    ///
    /// # Errors
    /// `invalid_argument` with the limits, or `unimplemented` for another codec.
    pub fn of_options(options: &EncodingOptions) -> Result<Self, TwirpError> {
        if !matches!(VideoCodec::try_from(options.video_codec), Ok(VideoCodec::DefaultVc | VideoCodec::H264Main)) {
            return Err(TwirpError::unimplemented("the local egress encodes H264_MAIN only"));
        }
        if !matches!(AudioCodec::try_from(options.audio_codec), Ok(AudioCodec::DefaultAc | AudioCodec::Aac)) {
            return Err(TwirpError::unimplemented("the local egress encodes AAC only"));
        }
        let given = VideoFormat {
            width: or_default(options.width, 1920),
            height: or_default(options.height, 1080),
            framerate: or_default(options.framerate, 30),
            bitrate_kbps: or_default(options.video_bitrate, 4500),
        };
        let VideoFormat { width, height, framerate, bitrate_kbps } = given.check().map_err(|error| unsuitable(&error))?;
        if ![0, 24].contains(&options.depth) {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: depth (must be 24)"));
        }
        let seconds = if options.key_frame_interval == 0.0 { 4.0 } else { options.key_frame_interval };
        if !(0.5..=10.0).contains(&seconds) {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: key_frame_interval (must be 0.5 to 10 s)"));
        }
        let audio_hz = in_range("audio_frequency", options.audio_frequency, 44_100, 44_100, 48_000)?;
        if audio_hz != 44_100 && audio_hz != 48_000 {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: audio_frequency (must be 44100 or 48000)"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.5 to 10 s times 10 to 60 frames")]
        let keyframe_frames = (seconds * f64::from(framerate)).round() as u32;
        Ok(Self {
            width,
            height,
            framerate,
            video_kbps: bitrate_kbps,
            audio_kbps: in_range("audio_bitrate", options.audio_bitrate, 128, 32, 320)?,
            audio_hz,
            keyframe_frames,
        })
    }
}

/// A negative number is far outside every range.
fn or_default(given: i32, default: u32) -> u32 {
    if given == 0 { default } else { u32::try_from(given).unwrap_or(u32::MAX) }
}

/// The domain's rule, with the field as LiveKit names it.
fn unsuitable(error: &UnsuitableFormat) -> TwirpError {
    let field = if error.field == "bitrateKbps" { "video_bitrate" } else { error.field };
    TwirpError::invalid_argument(format!("request has missing or invalid field: {field} (must be {})", error.expected))
}

fn in_range(field: &str, given: i32, default: u32, least: u32, most: u32) -> Result<u32, TwirpError> {
    Some(or_default(given, default))
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| TwirpError::invalid_argument(format!("request has missing or invalid field: {field} (must be {least} to {most})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_options_out_of_range_name_the_limits() {
        let fine = EncodingOptions { width: 640, height: 360, framerate: 15, key_frame_interval: 2.0, ..Default::default() };
        assert_eq!(Encoding::of_options(&fine).expect("fine").keyframe_frames, 30);
        for (options, words) in [
            (EncodingOptions { width: 100, ..fine }, "width (must be an even number of pixels from 320 to 1920)"),
            (EncodingOptions { height: -2, ..fine }, "height (must be an even number of pixels from 180 to 1920)"),
            (EncodingOptions { width: 641, ..fine }, "width (must be an even number of pixels from 320 to 1920)"),
            (
                EncodingOptions { width: 1920, height: 1920, ..fine },
                "height (must be so small that width times height is at most 1920x1080 pixels)",
            ),
            (EncodingOptions { depth: 30, ..fine }, "depth (must be 24)"),
            (EncodingOptions { key_frame_interval: f64::NAN, ..fine }, "key_frame_interval (must be 0.5 to 10 s)"),
            (EncodingOptions { framerate: 200, ..fine }, "framerate (must be 10 to 60 frames per second)"),
            (EncodingOptions { video_bitrate: 90_000, ..fine }, "video_bitrate (must be 200 to 12000 kbit/s)"),
            (EncodingOptions { audio_bitrate: 1, ..fine }, "audio_bitrate (must be 32 to 320)"),
            (EncodingOptions { audio_frequency: 47_000, ..fine }, "audio_frequency (must be 44100 or 48000)"),
            (EncodingOptions { key_frame_interval: 60.0, ..fine }, "key_frame_interval (must be 0.5 to 10 s)"),
        ] {
            let error = Encoding::of_options(&options).expect_err(words);
            assert_eq!(error.code(), "invalid_argument");
            assert!(error.to_string().ends_with(words), "{error}");
        }
        let portrait = EncodingOptions { width: 720, height: 1280, ..fine };
        assert_eq!(Encoding::of_options(&portrait).map(|encoding| (encoding.width, encoding.height)), Ok((720, 1280)));
        assert_eq!(Encoding::of_preset(Preset::PortraitH2641080p60 as i32).map(|encoding| encoding.framerate), Ok(60));
        let vp8 = EncodingOptions { video_codec: VideoCodec::Vp8 as i32, ..fine };
        assert_eq!(Encoding::of_options(&vp8).expect_err("vp8").code(), "unimplemented");
    }

    #[test]
    fn the_engine_takes_what_the_domain_takes_along_the_boundary() {
        let around = |value: u32| [value - 2, value - 1, value, value + 1, value + 2];
        let widths = [320, 640, 1080, 1440, 1920].map(around).concat();
        let heights = [180, 360, 1080, 1440, 1920].map(around).concat();
        let (rates, bitrates) = ([9, 10, 30, 60, 61], [199, 200, 3000, 12_000, 12_001]);
        let (mut taken, mut refused) = (0, 0);
        let mut compare = |width: u32, height: u32, framerate: u32, bitrate_kbps: u32| {
            let number = |value: u32| i32::try_from(value).expect("small");
            let options = EncodingOptions {
                width: number(width),
                height: number(height),
                framerate: number(framerate),
                video_bitrate: number(bitrate_kbps),
                key_frame_interval: 2.0,
                ..Default::default()
            };
            let fine = VideoFormat { width, height, framerate, bitrate_kbps }.check().is_ok();
            assert_eq!(Encoding::of_options(&options).is_ok(), fine, "{width}x{height} {framerate} fps {bitrate_kbps} kbit/s");
            *(if fine { &mut taken } else { &mut refused }) += 1;
        };
        for (width, height) in widths.iter().flat_map(|width| heights.iter().map(move |height| (*width, *height))) {
            compare(width, height, 30, 3000);
        }
        for (framerate, bitrate) in rates.iter().flat_map(|rate| bitrates.iter().map(move |bitrate| (*rate, *bitrate))) {
            compare(1920, 1080, framerate, bitrate);
            compare(1080, 1920, framerate, bitrate);
        }
        compare(1920, 1920, 30, 3000);
        assert!(taken > 50 && refused > 50, "{taken} taken, {refused} refused");
    }
}
