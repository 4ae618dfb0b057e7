//! The FLV reader: what it reads is no more than the file, and writes and reads back as the same; a file cut short gives the tags in
//! front of the cut.

use super::runner::run;
use bytes::{Bytes, BytesMut};
use footlight::media::{
    aac,
    flv::{FILE_HEADER, Reader, read_all, tag},
    tag::{Role, Tag, Track, inspect},
};
use futures::executor::block_on;

/// The tags in front of what cannot be read.
async fn readable(file: &[u8]) -> Vec<(Track, u32, Bytes)> {
    let (mut reader, mut tags) = (Reader::new(file), Vec::new());
    while let Ok(Some(tag)) = reader.next().await {
        tags.push(tag);
    }
    tags
}

#[test]
fn files() {
    run("flv", 16_000, |input| {
        let tags = block_on(readable(input));
        let held: usize = tags.iter().map(|(.., body)| body.len() + 15).sum();
        assert!(held <= input.len(), "{held} bytes of tags from {}", input.len());
        match block_on(read_all(input)) {
            Ok(all) => assert_eq!(all, tags),
            Err(error) => assert!(input.len() >= 13, "{error}"),
        }
        let mut written = BytesMut::from(FILE_HEADER);
        for (track, at, body) in &tags {
            let _ = (inspect(*track, body), aac::is_silent(body.get(2..).unwrap_or_default()));
            tag(&Tag { track: *track, role: Role::Plain, at: 0, body: body.clone() }, u64::from(*at), &mut written);
        }
        assert_eq!(block_on(read_all(&written)).expect("our own file"), tags);
        let cut = block_on(readable(&input[..input.len() * 2 / 3]));
        assert!(tags.starts_with(&cut), "{cut:?} are not the first of {tags:?}");
    });
}
