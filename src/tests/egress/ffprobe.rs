//! Analyses received media with ffmpeg and ffprobe, and reads the worker's metrics. Shared with the bench and the soak.

use super::{harness::Harness, sink::ReceivedTag};
use std::process::Command;

/// The output of the filters in `options`.
pub fn analysed(flv: &[u8], options: &[&str]) -> String {
    read("ffmpeg", &["-hide_banner", "-v", "error"], flv, options)
}

/// The fields of the streams, one line each.
pub fn probed(flv: &[u8], entries: &str) -> String {
    read("ffprobe", &["-v", "error"], flv, &["-show_entries", entries, "-of", "csv=p=0"])
}

fn read(program: &str, first: &[&str], flv: &[u8], options: &[&str]) -> String {
    let file = tempfile::Builder::new().suffix(".flv").tempfile().expect("a file");
    std::fs::write(file.path(), flv).expect("written");
    let output = Command::new(program).args(first).arg("-i").arg(file.path()).args(options).output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Frames, and how many of them differ from the one before. Of pages that draw their frame number as blocks.
pub fn distinct(flv: &[u8]) -> (usize, usize) {
    let picture = analysed(flv, &["-map", "0:v", "-vf", "scale=8:1:flags=area,format=gray", "-f", "framemd5", "-"]);
    let hashes: Vec<&str> = picture.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit(',').next()).collect();
    (hashes.len(), hashes.windows(2).filter(|pair| pair[0] != pair[1]).count() + 1)
}

/// The longest time that the video is black, in seconds.
pub fn blackest(flv: &[u8]) -> f64 {
    let light = analysed(flv, &["-map", "0:v", "-vf", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"]);
    let (mut at, mut since, mut longest) = (0.0, None, 0.0_f64);
    for line in light.lines() {
        if let Some(time) = line.split("pts_time:").nth(1) {
            at = time.trim().parse().expect("a time");
        } else if let Some((_, value)) = line.split_once('=') {
            // Black is 16 of 255.
            if value.trim().parse::<f64>().is_ok_and(|value| value < 20.0) {
                longest = longest.max(at - *since.get_or_insert(at));
            } else {
                since = None;
            }
        }
    }
    longest
}

/// Times at which a printed value rises over `threshold`.
pub fn rises(printed: &str, threshold: f64) -> Vec<f64> {
    let (mut at, mut was_high, mut found) = (0.0, true, Vec::new());
    for line in printed.lines() {
        if let Some(time) = line.split("pts_time:").nth(1) {
            at = time.trim().parse().expect("a time");
        } else if let Some((_, value)) = line.split_once('=') {
            let high = value.trim().parse::<f64>().is_ok_and(|value| value > threshold);
            if high && !was_high {
                found.push(at);
            }
            was_high = high;
        }
    }
    found
}

/// Times of the keyframes.
pub fn keys(tags: &[ReceivedTag]) -> Vec<u32> {
    tags.iter().filter(|tag| tag.is_key()).map(|tag| tag.at_ms).collect()
}

/// kbit/s and fps of whole GOPs without the first one: the rate is constant only over the encoder's buffer.
pub fn rates(tags: &[ReceivedTag]) -> (f64, f64) {
    let keys = keys(tags);
    let (from, to) = (keys[1], keys[keys.len() - 1]);
    let video: Vec<_> = tags.iter().filter(|tag| tag.kind == 9 && tag.data[1] == 1 && (from..to).contains(&tag.at_ms)).collect();
    let seconds = f64::from(to - from) / 1000.0;
    let bits = video.iter().map(|tag| tag.data.len() * 8).sum::<usize>();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    (bits as f64 / seconds / 1000.0, video.len() as f64 / seconds)
}

/// Types of the NAL units of a frame.
pub fn units(tag: &ReceivedTag) -> Vec<u8> {
    let (mut rest, mut kinds) = (&tag.data[5..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        kinds.push(after[0] & 0x1f);
        rest = &after[length..];
    }
    kinds
}

/// Samples of one metric by the process they are of.
pub fn by_process(metrics: &str, name: &str) -> Vec<(String, f64)> {
    let lines = metrics.lines().filter(|line| line.starts_with(&format!("footlight_egress_{name}{{")));
    let parts = lines.filter_map(|line| {
        let process = line.split("process=\"").nth(1)?.split('"').next()?;
        Some((process.to_owned(), line.rsplit(' ').next()?.parse().ok()?))
    });
    parts.collect()
}

/// Samples of one metric, whatever their labels.
pub fn samples(metrics: &str, name: &str) -> Vec<f64> {
    let full = format!("footlight_egress_{name}");
    let ours = |line: &&str| line.strip_prefix(&full).is_some_and(|rest| rest.starts_with([' ', '{']));
    metrics.lines().filter(ours).filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
}

/// Runs the counter page and checks the output against the request: 800 kbit/s, 15 fps, a keyframe every 2.0 s.
pub async fn counting_show(harness: &Harness, seconds: u64) {
    harness.forget_hooks();
    let id = harness.start("counter.html", "counter").await;
    harness.frames("counter", usize::try_from(seconds).expect("small") * 15 + 30).await;
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let (tags, flv) = (harness.sink.arrived("counter"), harness.sink.flv("counter"));
    let keys = keys(&tags);
    assert!(keys.len() >= 4, "{keys:?}");
    assert!(keys.windows(2).all(|pair| pair[1] - pair[0] == 2000), "keyframes every 2.0 s: {keys:?}");
    let (kbps, fps) = rates(&tags);
    eprintln!("{kbps:.0} kbit/s of 800, {fps:.2} frames/s of 15 over {} s", (keys[keys.len() - 1] - keys[1]) / 1000);
    assert!((720.0..=880.0).contains(&kbps), "within 10 % of 800 kbit/s: {kbps}");
    assert!((14.7..=15.3).contains(&fps), "within 2 % of 15: {fps}");
    let (frames, distinct) = distinct(&flv);
    eprintln!("{distinct} of {frames} frames differ from the one before");
    assert!(distinct * 100 >= frames * 95, "{distinct} of {frames}");
    let black = blackest(&flv);
    assert!(black < 2.0, "black for {black} s");
}
