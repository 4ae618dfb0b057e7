//! The default video format.

use crate::{
    config::env::{ConfigError, Env},
    domain::video::{VideoFormat, VideoPreset},
};

/// The default video format of a session.
#[derive(Debug, Clone, Copy)]
pub struct DefaultVideo {
    pub format: VideoFormat,
    /// The preset with this format, if there is one.
    pub preset: VideoPreset,
    /// The machine is too small for 1080p30.
    pub small_machine: bool,
}

/// `720p30`, `1080p30`, `1080p60`, `portrait`, or `640x360@15/800` (width x height @ rate / kbit/s).
pub(super) fn default_video(env: &Env) -> Result<DefaultVideo, ConfigError> {
    const NAME: &str = "FOOTLIGHT_VIDEO";
    const SHAPE: &str = "720p30, 1080p30, 1080p60, portrait, or a format such as 640x360@15/800";
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let small_machine = cores < 4;
    let fitting = if small_machine { VideoPreset::Hd30 } else { VideoPreset::FullHd30 };
    let Some(text) = env.get(NAME) else {
        return Ok(DefaultVideo { format: fitting.format(), preset: fitting, small_machine });
    };
    if let Some(preset) = VideoPreset::ALL.into_iter().find(|preset| preset.name() == text) {
        return Ok(DefaultVideo { format: preset.format(), preset, small_machine: false });
    }
    let numbers: Option<Vec<u32>> = text.split(['x', '@', '/']).map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[width, height, framerate, bitrate_kbps]) => {
            let format = VideoFormat { width, height, framerate, bitrate_kbps };
            let format = format.check().map_err(|error| Env::malformed(NAME, format!("{SHAPE}: {error}")))?;
            Ok(DefaultVideo { format, preset: fitting, small_machine: false })
        }
        _ => Err(Env::malformed(NAME, SHAPE)),
    }
}
