//! An encoded audio or video frame with its timestamp on the stream's timeline.

use bytes::Bytes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// H.264.
    Video,
    /// AAC.
    Audio,
}

/// The kind of a tag, from its first bytes. Source: "Adobe Flash Video File Format" 10.1, annex E.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sequence header: the decoder's configuration.
    Header,
    Key,
    /// Anything else.
    Plain,
}

/// One encoded frame or sequence header on the stream's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub track: Track,
    /// Header, keyframe or plain.
    pub role: Role,
    /// Milliseconds since the stream's first keyframe.
    pub at: u64,
    /// As FLV carries it.
    pub body: Bytes,
}

impl Tag {
    /// Whether it is a video keyframe.
    pub fn is_key(&self) -> bool {
        self.track == Track::Video && self.role == Role::Key
    }
}

/// A codec that platforms do not accept; the text is for the streamer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("only H.264 and AAC are taken, this is {0}")]
pub struct UnsuitableCodec(String);

/// Reads a tag body's first bytes. `None` for an empty body or an end of sequence, which are skipped.
///
/// # Errors
/// Neither H.264 nor AAC.
pub fn inspect(track: Track, body: &[u8]) -> Result<Option<Role>, UnsuitableCodec> {
    let &[first, packet, ..] = body else { return Ok(None) };
    match track {
        Track::Video => {
            if first & 0x80 != 0 {
                let name = String::from_utf8_lossy(body.get(1..5).unwrap_or_default());
                let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
                return Err(UnsuitableCodec(format!("enhanced RTMP video {name}")));
            }
            match (first & 0x0f, packet) {
                (7, 0) => Ok(Some(Role::Header)),
                (7, 1) if first >> 4 == 1 => Ok(Some(Role::Key)),
                (7, 1) => Ok(Some(Role::Plain)),
                (7, _) => Ok(None),
                (codec, _) => Err(UnsuitableCodec(format!("video codec {codec}"))),
            }
        }
        Track::Audio => match (first >> 4, packet) {
            (10, 0) => Ok(Some(Role::Header)),
            (10, _) => Ok(Some(Role::Plain)),
            (2, _) => Err(UnsuitableCodec("MP3 audio".to_owned())),
            (codec, _) => Err(UnsuitableCodec(format!("audio codec {codec}"))),
        },
    }
}
