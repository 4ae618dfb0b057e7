//! What a new receiver must get first: the sequence headers and the frames since the latest keyframe.

use super::tag::{Role, Tag, Track};
use bytes::Bytes;

/// The headers and the current GOP of one stream.
pub struct GopCache {
    headers: [Option<Bytes>; 2],
    tags: Vec<Tag>,
    bytes: usize,
    max_bytes: usize,
}

impl GopCache {
    /// An empty cache. A GOP of more than `max_bytes` is not kept: new receivers then wait for the next keyframe.
    pub fn new(max_bytes: usize) -> Self {
        Self { headers: [None, None], tags: Vec::new(), bytes: 0, max_bytes }
    }

    /// Adds the stream's next tag.
    pub fn push(&mut self, tag: &Tag) {
        if tag.role == Role::Header {
            self.headers[tag.track as usize] = Some(tag.body.clone());
            return;
        }
        if tag.is_key() {
            self.clear();
        }
        self.bytes += tag.body.len();
        if self.bytes <= self.max_bytes && (tag.is_key() || !self.tags.is_empty()) {
            self.tags.push(tag.clone());
        } else {
            self.tags.clear(); // A GOP without its keyframe is useless.
        }
    }

    /// Forgets the frames, but not the headers.
    pub fn clear(&mut self) {
        self.tags.clear();
        self.bytes = 0;
    }

    /// Headers, then the current GOP.
    pub fn start_tags(&self) -> Vec<Tag> {
        let headers = [Track::Video, Track::Audio].into_iter().filter_map(|track| self.header(track));
        headers.chain(self.tags.iter().cloned()).collect()
    }

    /// Video header and latest keyframe, if there are both.
    pub fn keyframe(&self) -> Option<[Tag; 2]> {
        Some([self.header(Track::Video)?, self.tags.first()?.clone()])
    }

    /// A header, with the timestamp of the first frame.
    fn header(&self, track: Track) -> Option<Tag> {
        let body = self.headers[track as usize].clone()?;
        Some(Tag { track, role: Role::Header, at: self.tags.first().map_or(0, |tag| tag.at), body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(track: Track, role: Role, at: u64) -> Tag {
        Tag { track, role, at, body: Bytes::from_static(b"12345") }
    }

    fn times(cache: &GopCache) -> Vec<(Role, u64)> {
        cache.start_tags().iter().map(|tag| (tag.role, tag.at)).collect()
    }

    #[test]
    fn gop_cache_starts_with_headers_and_latest_keyframe() {
        let mut cache = GopCache::new(100);
        for one in [
            tag(Track::Video, Role::Plain, 0),
            tag(Track::Video, Role::Header, 1),
            tag(Track::Audio, Role::Header, 1),
            tag(Track::Video, Role::Key, 2),
            tag(Track::Video, Role::Plain, 3),
            tag(Track::Video, Role::Key, 4),
            tag(Track::Audio, Role::Plain, 5),
        ] {
            cache.push(&one);
        }
        assert_eq!(times(&cache), [(Role::Header, 4), (Role::Header, 4), (Role::Key, 4), (Role::Plain, 5)]);
        assert_eq!(cache.keyframe().map(|[header, key]| (header.role, key.role)), Some((Role::Header, Role::Key)));
        cache.clear();
        assert_eq!((times(&cache), cache.keyframe()), (vec![(Role::Header, 0), (Role::Header, 0)], None));
    }

    #[test]
    fn gop_that_is_too_large_is_not_kept() {
        let mut cache = GopCache::new(12);
        cache.push(&tag(Track::Video, Role::Key, 0));
        cache.push(&tag(Track::Video, Role::Plain, 1));
        assert_eq!(cache.start_tags().len(), 2);
        cache.push(&tag(Track::Video, Role::Plain, 2));
        cache.push(&tag(Track::Video, Role::Plain, 3));
        assert_eq!(cache.start_tags(), []);
        cache.push(&tag(Track::Video, Role::Key, 4));
        assert_eq!(times(&cache), [(Role::Key, 4)]);
    }
}
