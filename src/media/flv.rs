//! Writes tags as FLV for `ffmpeg`, and reads what it writes: the only FLV code.

use super::tag::{Tag, Track};
use bytes::{BufMut, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

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

/// Reads an FLV stream of our own encoders.
pub struct Reader<R> {
    source: R,
    begun: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads from the header on.
    pub fn new(source: R) -> Self {
        Self { source, begun: false }
    }

    /// The next video or audio tag, as track, timestamp in milliseconds and body; `None` at the end, also of a stream without a header.
    ///
    /// # Errors
    /// The stream is not FLV, or ends inside a tag.
    pub async fn next(&mut self) -> io::Result<Option<(Track, u32, Bytes)>> {
        if !self.begun {
            let Some(header) = self.exact_or_end::<13>().await? else { return Ok(None) };
            if !header.starts_with(b"FLV") {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the encoder did not write FLV"));
            }
            self.begun = true;
        }
        loop {
            let Some(head) = self.exact_or_end::<11>().await? else { return Ok(None) };
            let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
            let at = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
            let mut body = BytesMut::zeroed(length + 4);
            self.source.read_exact(&mut body).await?;
            body.truncate(length);
            match head[0] {
                8 => return Ok(Some((Track::Audio, at, body.freeze()))),
                9 => return Ok(Some((Track::Video, at, body.freeze()))),
                _ => {}
            }
        }
    }

    async fn exact_or_end<const SIZE: usize>(&mut self) -> io::Result<Option<[u8; SIZE]>> {
        let mut bytes = [0; SIZE];
        match self.source.read_exact(&mut bytes).await {
            Ok(_) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// It is not FLV, or ends inside a tag.
pub async fn read_all(file: &[u8]) -> io::Result<Vec<(Track, u32, Bytes)>> {
    let (mut reader, mut tags) = (Reader::new(file), Vec::new());
    while let Some(tag) = reader.next().await? {
        tags.push(tag);
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tag::Role;

    #[tokio::test]
    async fn flv_that_was_written_is_read_again() {
        let body = Bytes::from_static(&[0x17, 1, 2, 3]);
        let mut file = BytesMut::from(FILE_HEADER);
        tag(&Tag { track: Track::Video, role: Role::Key, at: 0, body: body.clone() }, 0x1234_5678, &mut file);
        tag(&Tag { track: Track::Audio, role: Role::Plain, at: 0, body: body.clone() }, 7, &mut file);
        let expected = [(Track::Video, 0x1234_5678, body.clone()), (Track::Audio, 7, body)];
        assert_eq!(read_all(&file).await.expect("our own file"), expected);
        assert_eq!(read_all(&[]).await.expect("an empty one"), []);
        let cut = read_all(&file[..file.len() - 5]).await.expect_err("cut inside a tag");
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        let foreign = read_all(b"this is not a video").await.expect_err("not FLV");
        assert_eq!(foreign.kind(), io::ErrorKind::InvalidData);
    }
}
