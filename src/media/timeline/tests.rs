//! Tests of the timeline with changing sources.

use super::*;
use proptest::prelude::*;

fn header(of: &'static [u8]) -> Bytes {
    Bytes::from_static(of)
}

/// Adds a source and sends its headers, so that its next keyframe may take over.
fn ready(timeline: &mut Timeline, id: SourceId, generation: u32) {
    timeline.join(id, SourceKind::Egress(Generation(generation)));
    timeline.take(id, Track::Video, Role::Header, 0, header(b"avc"), 0);
    timeline.take(id, Track::Audio, Role::Header, 0, header(b"aac"), 0);
}

fn key(timeline: &mut Timeline, id: SourceId, timestamp: u32, received_ms: u64) -> Taken {
    timeline.take(id, Track::Video, Role::Key, timestamp, Bytes::new(), received_ms)
}

#[test]
fn timeline_switches_to_newer_generation_at_keyframe() {
    let mut timeline = Timeline::default();
    let (old, new) = (SourceId(1), SourceId(2));
    ready(&mut timeline, old, 1);
    assert_eq!(key(&mut timeline, old, 5_000, 100).tags.last().expect("on air").at, 0);
    ready(&mut timeline, new, 2);
    let plain = timeline.take(new, Track::Video, Role::Plain, 9_000, Bytes::new(), 140);
    assert_eq!(plain, Taken::default(), "not before a keyframe");
    assert_eq!(timeline.on_air(), Some(old));
    let taken = key(&mut timeline, new, 9_040, 150);
    assert_eq!(taken.superseded, [old]);
    assert_eq!(taken.tags.iter().map(|tag| (tag.role, tag.at)).collect::<Vec<_>>(), [(Role::Key, 50)], "same headers are not sent again");
    assert!(!timeline.accepts(Generation(1)) && timeline.accepts(Generation(2)));
    assert_eq!(key(&mut timeline, old, 7_000, 160), Taken::default());
}

#[test]
fn timeline_resumes_same_generation_at_wall_clock() {
    let mut timeline = Timeline::default();
    ready(&mut timeline, SourceId(1), 1);
    key(&mut timeline, SourceId(1), 0, 1_000);
    timeline.leave(SourceId(1));
    ready(&mut timeline, SourceId(2), 1);
    assert_eq!(key(&mut timeline, SourceId(2), 77, 8_500).tags[0].at, 7_500);
}

#[test]
fn timeline_plays_slate_only_when_off_air() {
    let mut timeline = Timeline::default();
    let (slate, egress) = (SourceId(0), SourceId(1));
    timeline.join(slate, SourceKind::Slate);
    timeline.take(slate, Track::Video, Role::Header, 0, header(b"slate"), 0);
    ready(&mut timeline, egress, 1);
    key(&mut timeline, egress, 0, 0);
    assert_eq!(key(&mut timeline, slate, 0, 10), Taken::default());
    timeline.leave(egress);
    assert_eq!(key(&mut timeline, slate, 0, 3_000).tags.iter().map(|tag| tag.role).collect::<Vec<_>>(), [Role::Header, Role::Key]);
    ready(&mut timeline, egress, 1);
    assert_eq!(key(&mut timeline, egress, 0, 4_000).tags.last().map(|tag| tag.at), Some(4_000));
}

/// One publishing connection of a generated stream.
#[derive(Debug, Clone)]
struct SourceScript {
    generation: u32,
    first: u32,
    pause: u64,
    audio: bool,
    /// Number of audio frames before the first video frame.
    late: u32,
    skew: u32,
    frames: u32,
    leaves: bool,
}

fn script() -> impl Strategy<Value = SourceScript> {
    let firsts = prop_oneof![Just(0), Just(u32::MAX - 500), any::<u32>()];
    (1..4_u32, firsts, 0..20_000_u64, any::<bool>(), 0..60_u32, 0..400_u32, 1..150_u32, any::<bool>()).prop_map(
        |(generation, first, pause, audio, late, skew, frames, leaves)| SourceScript {
            generation,
            first,
            pause,
            audio,
            late,
            skew,
            frames,
            leaves,
        },
    )
}

impl SourceScript {
    /// Tags of its nth frame: audio, and video unless it is late.
    fn frame(&self, n: u32) -> Vec<(Track, Role, u32)> {
        let at = self.first.wrapping_add(n * 33);
        let role = if n % 60 == 3 { Role::Key } else { Role::Plain };
        let picture = (n >= self.late).then_some((Track::Video, role, at));
        let sound = self.audio.then(|| (Track::Audio, Role::Plain, at.wrapping_sub(self.skew)));
        picture.into_iter().chain(sound).collect()
    }
}

/// Checks the tags that come out.
#[derive(Default)]
struct Checker {
    last: [u64; 2],
    headers: bool,
    began: bool,
    current: Option<SourceId>,
    distance: Option<i64>,
}

impl Checker {
    fn send(
        &mut self,
        timeline: &mut Timeline,
        id: SourceId,
        script: &SourceScript,
        n: u32,
        received_ms: u64,
    ) -> Result<(), TestCaseError> {
        for (track, role, timestamp) in script.frame(n) {
            let taken = timeline.take(id, track, role, timestamp, Bytes::new(), received_ms);
            if timeline.on_air() != self.current {
                self.current = timeline.on_air();
                self.distance = None;
            }
            for tag in taken.tags {
                if tag.role == Role::Header {
                    self.headers |= tag.track == Track::Video;
                    continue;
                }
                prop_assert_eq!(Some(id), self.current, "one source at a time");
                prop_assert!(self.headers, "headers before media");
                prop_assert!(self.began || tag.is_key(), "a keyframe first");
                prop_assert!(self.distance.is_some() || tag.is_key(), "each source comes on with a keyframe");
                self.began = true;
                prop_assert!(tag.at >= self.last[track as usize], "monotonic");
                prop_assert!(tag.at <= received_ms, "never ahead of the clock");
                self.last[track as usize] = tag.at;
                let own = i64::from(timestamp.wrapping_sub(script.first).cast_signed());
                let moved = i64::try_from(tag.at).expect("small") - own;
                prop_assert_eq!(*self.distance.get_or_insert(moved), moved, "picture and sound are moved alike");
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn timeline_is_continuous_for_any_sources(scripts in prop::collection::vec(script(), 1..8)) {
        let mut timeline = Timeline::default();
        let mut checker = Checker::default();
        let mut received_ms = 0;
        // Those that did not leave go on beside the next ones.
        let mut staying: Vec<(SourceId, &SourceScript, u32)> = Vec::new();
        for (index, script) in scripts.iter().enumerate() {
            let id = SourceId(index as u64);
            received_ms += script.pause;
            if !timeline.accepts(Generation(script.generation)) {
                continue;
            }
            timeline.join(id, SourceKind::Egress(Generation(script.generation)));
            timeline.take(id, Track::Video, Role::Header, script.first, header(b"avc"), received_ms);
            if script.audio {
                timeline.take(id, Track::Audio, Role::Header, script.first, header(b"aac"), received_ms);
            }
            for n in 0..script.frames {
                received_ms += 33;
                for (other, of, next) in &mut staying {
                    checker.send(&mut timeline, *other, of, *next, received_ms)?;
                    *next += 1;
                }
                checker.send(&mut timeline, id, script, n, received_ms)?;
            }
            if script.leaves {
                timeline.leave(id);
            } else {
                staying.push((id, script, script.frames));
            }
        }
    }
}
