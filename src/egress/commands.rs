//! Command lines of the programs. They contain no secret: the page is opened over CDP, and the worker publishes to the outputs.

use crate::egress::encoding::Encoding;
use rand::Rng as _;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Number of bytes on its standard input that make the encoder start.
pub const START_BYTES: usize = 4096;

/// Pixels per second that one encoder thread can encode on a small machine: 720p30.
const ONE_THREAD_PIXELS: u32 = 1280 * 720 * 30;

/// The name of the sound sink.
const SINK: &str = "show";

/// The sound server's socket. Not `pulse`, which is a folder in the runtime folder.
pub fn sound_socket(folder: &Path) -> PathBuf {
    folder.join("sound")
}

/// An `Xauthority` entry for any display, with a random cookie.
pub fn x_cookie() -> Vec<u8> {
    let name = b"MIT-MAGIC-COOKIE-1";
    let mut entry = vec![0xff, 0xff, 0, 0, 0, 0, 0, 18];
    entry.extend_from_slice(name);
    entry.extend_from_slice(&[0, 16]);
    entry.extend_from_slice(&rand::rng().random::<[u8; 16]>());
    entry
}

/// The display, exactly as large as the video.
pub fn xvfb(command: &mut Command, encoding: &Encoding, folder: &Path) {
    let screen = format!("{}x{}x24", encoding.width, encoding.height);
    command.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp", "-nolisten", "unix", "-noreset", "-nocursor"]);
    // Software OpenGL would cost 50 MB per display and is not needed.
    command.args(["-extension", "GLX", "-auth"]);
    command.arg(folder.join("xauth"));
}

/// The sound server: one sink, one socket, nothing else.
pub fn pulseaudio(command: &mut Command, encoding: &Encoding, folder: &Path) {
    // The socket lies in a folder that only this account can enter.
    let socket = format!("module-native-protocol-unix socket={} auth-anonymous=1 auth-cookie-enabled=0", sound_socket(folder).display());
    // Without `norewinds` the sink first delivers a block of two seconds, and the encoder waits for it.
    let sink = format!("module-null-sink sink_name={SINK} rate={} channels=2 norewinds=1", encoding.audio_hz);
    command.args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no", "--high-priority=no"]);
    command.args(["--disallow-module-loading=yes", "--log-target=stderr", "-L", &socket, "-L", &sink]);
}

/// The browser in kiosk mode, controlled over descriptors 3 and 4.
pub fn chromium(command: &mut Command, encoding: &Encoding, folder: &Path, sandboxed: bool) {
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.arg(format!("--window-size={},{}", encoding.width, encoding.height));
    command.args([
        "--remote-debugging-pipe",
        "--kiosk",
        "--window-position=0,0",
        "--force-device-scale-factor=1",
        "--force-color-profile=srgb",
        "--lang=en",
        // Sound without a click; media over loopback, where LiveKit may run.
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
        // Never treat the captured page as a background page.
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        // Show nothing but the page.
        "--hide-scrollbars",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-infobars",
        "--disable-notifications",
        "--deny-permission-prompts",
        "--disable-extensions",
        "--disable-default-apps",
        // No network requests except the page's own.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-domain-reliability",
        "--disable-sync",
        "--disable-quic",
        "--metrics-recording-only",
        "--password-store=basic",
        "--use-mock-keychain",
        "--disable-breakpad",
        // There is no graphics card: software compositing costs less than an emulated one.
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ]);
    command.arg(
        "--disable-features=Translate,MediaRouter,OptimizationHints,InterestFeedContentSuggestions,DialMediaRouteProvider,\
         CalculateNativeWinOcclusion,GlobalMediaControls,HardwareMediaKeyHandling,AutofillServerCommunication,WebUIOmniboxPopup,\
         WebUIOmniboxAimPopup,GCMEncryption,PaintHolding,SpareRendererForSitePerProcess",
    );
    if !sandboxed {
        command.args(["--no-sandbox", "--test-type"]);
    }
    command.arg("about:blank");
}

/// The encoder: captures the display and the sink's monitor, and writes FLV to its standard output.
pub fn ffmpeg(command: &mut Command, encoding: &Encoding, display: &str) {
    let Encoding { width, height, framerate, video_kbps, audio_kbps, audio_hz, keyframe_frames } = *encoding;
    let (video, audio) = (format!("{video_kbps}k"), format!("{audio_kbps}k"));
    // With minimum and maximum rate alone a still picture falls far below the bitrate: `nal-hrd=cbr` adds filler.
    let x264 = format!(
        "nal-hrd=cbr:force-cfr=1:scenecut=0:open-gop=0:keyint={keyframe_frames}:min-keyint={keyframe_frames}:rc-lookahead=0:sync-lookahead=0:mbtree=0"
    );
    // Each thread delays one frame; a single one encodes 720p30 in a third of a core.
    let threads = if width * height * framerate <= ONE_THREAD_PIXELS { "1" } else { "0" };
    let (size, rate, hz) = (format!("{width}x{height}"), framerate.to_string(), audio_hz.to_string());
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
    // Both devices use wall clock timestamps; `-copyts` keeps them on one timeline.
    command.arg("-copyts");
    // The first input is unused: the encoder loads while the browser starts, and waits here for its first bytes.
    command.args(["-probesize", "32", "-analyzeduration", "0", "-f", "u8", "-i", "pipe:0"]);
    // Sound first: it takes longer to open, and the video clock runs from when it opens.
    command.args(["-thread_queue_size", "512", "-probesize", "32", "-analyzeduration", "0", "-f", "pulse", "-fragment_size", "4096"]);
    command.args(["-channels", "2", "-sample_rate", &hz, "-i", &format!("{SINK}.monitor")]);
    command.args(["-thread_queue_size", "32", "-probesize", "32", "-analyzeduration", "0", "-f", "x11grab", "-draw_mouse", "0"]);
    command.args(["-framerate", &rate, "-video_size", &size, "-i", display, "-map", "2:v", "-map", "1:a"]);
    command.args(["-vf", &format!("fps={framerate},format=yuv420p"), "-fps_mode", "passthrough"]);
    command.args(["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-threads", threads]);
    command.args(["-b:v", &video, "-minrate", &video, "-maxrate", &video, "-bufsize", &video, "-x264-params", &x264]);
    command.args(["-af", "aresample=async=1000", "-c:a", "aac", "-b:a", &audio, "-ac", "2", "-ar", &hz]);
    command.args(["-avoid_negative_ts", "make_zero", "-flush_packets", "1", "-flvflags", "no_duration_filesize", "-f", "flv", "pipe:1"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Docker's `/dev/shm` has 64 MB, and a browser that uses it crashes there.
    #[test]
    fn browser_does_not_use_dev_shm() {
        let encoding = Encoding::of_preset(0).expect("a preset");
        let mut command = Command::new("chromium");
        chromium(&mut command, &encoding, Path::new("/folder"), true);
        assert!(command.as_std().get_args().any(|argument| argument == "--disable-dev-shm-usage"));
    }
}
