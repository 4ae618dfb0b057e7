//! Detects digital silence in an AAC frame without decoding it: no band of any channel has a coefficient.
//! Source: ISO/IEC 14496-3, 4.4.2 (`raw_data_block` and below).

/// Whether a raw frame is silent. A frame that cannot be parsed counts as sound.
pub fn is_silent(frame: &[u8]) -> bool {
    Bits { bytes: frame, at: 0 }.block().unwrap_or(false)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Window groups, bands per group, and the number of bits in a section length.
#[derive(Clone, Copy)]
struct Windows {
    groups: u32,
    bands: u32,
    length_bits: u32,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.at += usize::try_from(count).ok()?;
        (self.at <= self.bytes.len() * 8).then_some(())
    }

    /// Parses elements up to the end mark; `None` for anything unknown.
    fn block(&mut self) -> Option<bool> {
        let mut channels = false;
        loop {
            match self.take(3)? {
                0 | 3 => {
                    self.skip(4)?;
                    if !self.channel(None)? {
                        return Some(false);
                    }
                    channels = true;
                }
                1 => {
                    if !self.pair()? {
                        return Some(false);
                    }
                    channels = true;
                }
                4 => self.data()?,
                6 => {
                    let count = self.take(4)?;
                    let more = if count == 15 { self.take(8)?.checked_sub(1)? } else { 0 };
                    self.skip((count + more) * 8)?;
                }
                7 => return Some(channels),
                _ => return None,
            }
        }
    }

    fn data(&mut self) -> Option<()> {
        self.skip(4)?;
        let aligned = self.take(1)? == 1;
        let count = self.take(8)?;
        let more = if count == 255 { self.take(8)? } else { 0 };
        if aligned {
            self.at = self.at.next_multiple_of(8);
        }
        self.skip((count + more) * 8)
    }

    fn pair(&mut self) -> Option<bool> {
        self.skip(4)?;
        let mut common = None;
        if self.take(1)? == 1 {
            let windows = self.windows()?;
            if self.take(2)? == 1 {
                self.skip(windows.groups * windows.bands)?;
            }
            common = Some(windows);
        }
        Some(self.channel(common)? && self.channel(common)?)
    }

    fn windows(&mut self) -> Option<Windows> {
        self.skip(1)?;
        let short = self.take(2)? == 2;
        self.skip(1)?;
        if short {
            let bands = self.take(4)?;
            let grouping = self.take(7)?;
            return Some(Windows { groups: 8 - grouping.count_ones(), bands, length_bits: 3 });
        }
        let bands = self.take(6)?;
        // Prediction is only used by profiles that platforms do not accept.
        (self.take(1)? == 0).then_some(Windows { groups: 1, bands, length_bits: 5 })
    }

    /// Parses one channel: silent if every section uses code book 0.
    fn channel(&mut self, common: Option<Windows>) -> Option<bool> {
        self.skip(8)?;
        let windows = if let Some(windows) = common { windows } else { self.windows()? };
        let escape = (1 << windows.length_bits) - 1;
        for _ in 0..windows.groups {
            let mut band = 0;
            while band < windows.bands {
                if self.take(4)? != 0 {
                    return Some(false);
                }
                loop {
                    let step = self.take(windows.length_bits)?;
                    band += step;
                    if step != escape {
                        break;
                    }
                }
            }
        }
        // A silent frame has no pulses, noise shaping or gain control.
        (self.take(3)? == 0).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{flv, tag::Track};
    use proptest::prelude::*;
    use std::process::Command;

    /// The number of silent frames, and of all frames, in two seconds encoded by `ffmpeg`.
    async fn silent_share(source: &str, channels: &str) -> (usize, usize) {
        let output = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-f", "lavfi", "-i", source, "-t", "2", "-ac", channels])
            .args(["-c:a", "aac", "-b:a", "128k", "-f", "flv", "pipe:1"])
            .output()
            .expect("ffmpeg is installed");
        let tags = flv::read_all(&output.stdout).await.expect("FLV");
        let frames: Vec<_> = tags.iter().filter(|(track, _, body)| *track == Track::Audio && body.get(1) == Some(&1)).collect();
        (frames.iter().filter(|(.., body)| is_silent(&body[2..])).count(), frames.len())
    }

    #[tokio::test]
    async fn aac_silence_is_recognised() {
        for channels in ["1", "2"] {
            let (silent, all) = silent_share("anullsrc=r=44100:cl=stereo", channels).await;
            assert!(all > 80 && silent == all, "{silent} of {all}");
            for sound in ["sine=frequency=440:sample_rate=44100", "anoisesrc=amplitude=0.003:sample_rate=44100"] {
                let (silent, all) = silent_share(sound, channels).await;
                assert!(all > 80 && silent < 3, "{sound}: {silent} of {all}");
            }
        }
    }

    proptest! {
        #[test]
        fn is_silent_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            is_silent(&bytes);
        }
    }
}
