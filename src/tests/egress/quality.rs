//! The RTMP output: bitrate, keyframes, distinct frames, audio and video in sync. The test of one minute is in the soak.

use super::{
    ffprobe::{analysed, counting_show, keys, probed, rates, rises, units},
    harness::Harness,
};
use crate::support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn output_meets_platform_requirements() {
    let harness = Harness::alone().await;
    counting_show(&harness, 10).await;
    let probe = probed(&harness.sink.flv("counter"), "stream=codec_name,profile,width,height,channels,sample_rate");
    for wanted in ["h264,Main,640,360", "aac,LC,44100,2"] {
        assert!(probe.contains(wanted), "{wanted} in {probe}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn still_picture_keeps_its_bitrate() {
    let harness = Harness::alone().await;
    let id = harness.start("silent.html", "still").await;
    harness.frames("still", 15 * 7).await;
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let tags = harness.sink.arrived("still");
    let (kbps, _) = rates(&tags);
    assert!((720.0..=880.0).contains(&kbps), "within 10 % of 800 kbit/s: {kbps}");
    let pictures: Vec<_> = tags.iter().filter(|tag| tag.kind == 9 && tag.data[1] == 1).collect();
    assert!(pictures.iter().any(|tag| units(tag).contains(&12)), "no filler");
    for tag in &pictures {
        // Closed GOPs: every keyframe is an IDR frame, and no other frame is.
        assert_eq!(units(tag).contains(&5), tag.is_key(), "at {} ms: {:?}", tag.at_ms, units(tag));
        // No B-frames.
        assert_eq!(tag.data[2..5], [0, 0, 0], "composition offset at {} ms", tag.at_ms);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn encoding_options_apply_to_portrait_too() {
    let harness = Harness::alone().await;
    let mut request = harness.request("page.html", &[harness.sink.url("portrait")]);
    for (field, value) in [
        ("width", 720),
        ("height", 1280),
        ("framerate", 20),
        ("videoBitrate", 1200),
        ("audioBitrate", 160),
        ("audioFrequency", 48000),
        ("keyFrameInterval", 1),
    ] {
        request["advanced"][field] = value.into();
    }
    let info = harness.call("StartWebEgress", &request).await.expect("accepted");
    let enough = async || keys(&harness.sink.arrived("portrait")).len() >= 6;
    until("six keyframes", 40, enough).await;
    harness.stop(info["egressId"].as_str().expect("an id")).await.expect("stoppable");
    harness.ended().await;
    let tags = harness.sink.arrived("portrait");
    let keys = keys(&tags);
    assert!(keys.windows(2).all(|pair| pair[1] - pair[0] == 1000), "keyframes every 1.0 s: {keys:?}");
    let (kbps, fps) = rates(&tags);
    assert!((1080.0..=1320.0).contains(&kbps), "within 10 % of 1200 kbit/s: {kbps}");
    assert!((19.6..=20.4).contains(&fps), "within 2 % of 20: {fps}");
    let probe = probed(&harness.sink.flv("portrait"), "stream=codec_name,profile,width,height,channels,sample_rate");
    for wanted in ["h264,Main,720,1280", "aac,LC,48000,2"] {
        assert!(probe.contains(wanted), "{wanted} in {probe}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_and_video_are_within_100_ms() {
    let harness = Harness::alone().await;
    let id = harness.start("clap.html", "clap").await;
    harness.frames("clap", 15 * 8).await;
    harness.stop(&id).await.expect("stoppable");
    harness.ended().await;
    let flv = harness.sink.flv("clap");
    // Brightness of each frame, loudness of each 10 ms; both with their times.
    let light = analysed(&flv, &["-map", "0:v", "-vf", "signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-", "-f", "null", "-"]);
    let level = "asetnsamples=441,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.Peak_level:file=-";
    let loud = analysed(&flv, &["-map", "0:a", "-af", level, "-f", "null", "-"]);
    let (flashes, beeps) = (rises(&light, 128.0), rises(&loud, -20.0));
    eprintln!("flashes {flashes:?}\nbeeps   {beeps:?}");
    assert!(flashes.len() >= 4, "{flashes:?}");
    for flash in &flashes[1..] {
        let apart = beeps.iter().map(|beep| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs())).expect("a beep");
        // A video frame lasts 67 ms here.
        assert!(apart.abs() < 0.1, "a flash at {flash:.3} and its beep are {apart:.3} s apart");
    }
}
