//! Writes tags as FLV for `ffmpeg`, and reads what it writes.

use super::tag::{Tag, Track};
use bytes::{BufMut, Bytes, BytesMut};

/// The header of an FLV file with video and audio.
pub const FILE_HEADER: &[u8] = &[b'F', b'L', b'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];

/// Writes a tag with timestamp `at` in milliseconds.
pub fn tag(tag: &Tag, at: u64, out: &mut BytesMut) {
    let length = u32::try_from(tag.body.len()).expect("a tag is below 16 MiB");
    let [a, b, c, d] = u32::try_from(at & 0xffff_ffff).expect("masked").to_be_bytes();
    out.reserve(tag.body.len() + 15);
    out.put_u8(if tag.track == Track::Video { 9 } else { 8 });
    out.put_uint(u64::from(length), 3);
    out.put_slice(&[b, c, d, a, 0, 0, 0]);
    out.put_slice(&tag.body);
    out.put_u32(length + 11);
}

/// A file of a few tags, all with timestamp 0.
pub fn still_file(tags: &[Tag]) -> Bytes {
    let mut out = BytesMut::from(FILE_HEADER);
    for one in tags {
        tag(one, 0, &mut out);
    }
    out.freeze()
}

/// Reads a file of our own as track, timestamp and body. Stops at the first malformed tag.
pub fn read(mut file: Bytes) -> Vec<(Track, u32, Bytes)> {
    let mut tags = Vec::new();
    if !file.starts_with(b"FLV") || file.len() < FILE_HEADER.len() {
        return tags;
    }
    let _ = file.split_to(FILE_HEADER.len());
    while file.len() >= 15 {
        let head = file.split_to(11);
        let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let at = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        if file.len() < length + 4 {
            break;
        }
        let body = file.split_to(length);
        let _ = file.split_to(4);
        match head[0] {
            8 => tags.push((Track::Audio, at, body)),
            9 => tags.push((Track::Video, at, body)),
            _ => {}
        }
    }
    tags
}
