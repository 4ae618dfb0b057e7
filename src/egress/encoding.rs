//! LiveKit's encoding options with the limits of our encoder.

use crate::{domain::video::MOST_PIXELS, egress::twirp_error::TwirpError};
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
        let width = in_range("width", options.width, 1920, 320, 1920)?;
        let height = in_range("height", options.height, 1080, 180, 1920)?;
        for (field, pixels) in [("width", width), ("height", height)] {
            if pixels % 2 != 0 {
                return Err(TwirpError::invalid_argument(format!("request has missing or invalid field: {field} (must be even)")));
            }
        }
        if width * height > MOST_PIXELS {
            let limit = format!("request has missing or invalid field: width, height (together at most {MOST_PIXELS} pixels)");
            return Err(TwirpError::invalid_argument(limit));
        }
        if ![0, 24].contains(&options.depth) {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: depth (must be 24)"));
        }
        let framerate = in_range("framerate", options.framerate, 30, 5, 60)?;
        let seconds = if options.key_frame_interval == 0.0 { 4.0 } else { options.key_frame_interval };
        if !(0.5..=10.0).contains(&seconds) {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: key_frame_interval (must be 0.5 to 10 s)"));
        }
        let audio_hz = in_range("audio_frequency", options.audio_frequency, 44_100, 44_100, 48_000)?;
        if audio_hz != 44_100 && audio_hz != 48_000 {
            return Err(TwirpError::invalid_argument("request has missing or invalid field: audio_frequency (must be 44100 or 48000)"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.5 to 10 s times 5 to 60 frames")]
        let keyframe_frames = (seconds * f64::from(framerate)).round() as u32;
        Ok(Self {
            width,
            height,
            framerate,
            video_kbps: in_range("video_bitrate", options.video_bitrate, 4500, 200, 12_000)?,
            audio_kbps: in_range("audio_bitrate", options.audio_bitrate, 128, 32, 320)?,
            audio_hz,
            keyframe_frames,
        })
    }
}

fn in_range(field: &str, given: i32, default: u32, least: u32, most: u32) -> Result<u32, TwirpError> {
    let value = if given == 0 { Some(default) } else { u32::try_from(given).ok() };
    value
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
            (EncodingOptions { width: 100, ..fine }, "width (must be 320 to 1920)"),
            (EncodingOptions { height: -2, ..fine }, "height (must be 180 to 1920)"),
            (EncodingOptions { width: 641, ..fine }, "width (must be even)"),
            (EncodingOptions { width: 1920, height: 1920, ..fine }, "width, height (together at most 2073600 pixels)"),
            (EncodingOptions { depth: 30, ..fine }, "depth (must be 24)"),
            (EncodingOptions { key_frame_interval: f64::NAN, ..fine }, "key_frame_interval (must be 0.5 to 10 s)"),
            (EncodingOptions { framerate: 200, ..fine }, "framerate (must be 5 to 60)"),
            (EncodingOptions { video_bitrate: 90_000, ..fine }, "video_bitrate (must be 200 to 12000)"),
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
}
