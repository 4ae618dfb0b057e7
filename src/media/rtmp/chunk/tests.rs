//! Tests of chunks: valid and hostile input.

use super::*;
use proptest::prelude::*;

fn message() -> impl Strategy<Value = Message> {
    let kinds = prop_oneof![Just(kind::AUDIO), Just(kind::VIDEO), Just(kind::DATA), Just(kind::COMMAND)];
    let times = prop_oneof![any::<u32>(), Just(EXTENDED - 1), Just(EXTENDED), Just(u32::MAX)];
    (kinds, times, 0..3_u32, prop::collection::vec(any::<u8>(), 0..2000)).prop_map(|(kind, timestamp, stream, body)| Message {
        kind,
        timestamp,
        stream,
        body: body.into(),
    })
}

proptest! {
    #[test]
    fn chunk_messages_survive_any_split(messages in prop::collection::vec(message(), 1..8), size in 1..700_u32, cut in 1..97_usize) {
        let mut out = BytesMut::new();
        let mut writer = Writer::default();
        writer.set_chunk_size(size, &mut out);
        for message in &messages {
            writer.write(message, &mut out);
        }
        let mut reader = Reader::new(1 << 20);
        let mut got = Vec::new();
        for piece in out.chunks(cut) {
            reader.input().extend_from_slice(piece);
            while let Some(message) = reader.take().expect("our own chunks") {
                got.push(message);
            }
        }
        prop_assert_eq!(got, messages);
    }

    #[test]
    fn chunk_reader_never_panics_or_exceeds_its_limit(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let mut reader = Reader::new(4096);
        reader.input().extend_from_slice(&bytes);
        while let Ok(Some(_)) = reader.take() {}
        prop_assert!(reader.streams.values().map(|stream| stream.partial.len()).sum::<usize>() <= 4096);
    }
}

#[test]
fn chunk_reader_separates_interleaved_messages() {
    let mut reader = Reader::new(1 << 20);
    let header = |id: u8, time: u8, kind: u8| [id, 0, 0, time, 0, 0, 200, kind, 1, 0, 0, 0];
    let input = reader.input();
    input.extend_from_slice(&header(6, 10, kind::VIDEO));
    input.extend_from_slice(&[1; 128]);
    input.extend_from_slice(&header(4, 11, kind::AUDIO));
    input.extend_from_slice(&[2; 128]);
    input.put_u8(0xc6);
    input.extend_from_slice(&[1; 72]);
    input.put_u8(0xc4);
    input.extend_from_slice(&[2; 72]);
    let video = reader.take().expect("legal").expect("whole");
    let audio = reader.take().expect("legal").expect("whole");
    assert_eq!((video.kind, video.timestamp, &video.body[..]), (kind::VIDEO, 10, &[1; 200][..]));
    assert_eq!((audio.kind, audio.timestamp, &audio.body[..]), (kind::AUDIO, 11, &[2; 200][..]));
}

#[test]
fn chunk_reader_refuses_too_large_messages() {
    let mut reader = Reader::new(1000);
    reader.input().extend_from_slice(&[6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]);
    assert_eq!(reader.take(), Err(Violation("message too large")));
    let mut reader = Reader::new(1000);
    for id in 2..40 {
        reader.input().extend_from_slice(&[id, 0, 0, 0, 0, 0, 2, 9, 1, 0, 0, 0, 1, 1]);
    }
    assert!(std::iter::repeat_with(|| reader.take()).find_map(Result::err).is_some());
}

#[test]
fn chunk_reader_allocates_no_memory_for_announced_lengths() {
    const MOST: usize = 8 << 20;
    let mut reader = Reader::new(MOST);
    let large: [u8; 3] = [0x7f, 0xff, 0xff];
    reader.input().extend_from_slice(&[2, 0, 0, 0, 0, 0, 4, kind::SET_CHUNK_SIZE, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]);
    for id in 3..30 {
        reader.input().extend_from_slice(&[&[id, 0, 0, 0][..], &large, &[kind::VIDEO, 1, 0, 0, 0, 1, 2, 3]].concat());
    }
    assert_eq!(reader.take(), Ok(None), "the first waits for its bytes");
    assert!(reader.input.capacity() < 64 * 1024, "{}", reader.input.capacity());

    let mut reader = Reader::new(MOST);
    for id in 3..30 {
        reader.input().extend_from_slice(&[&[id, 0, 0, 0][..], &large, &[kind::VIDEO, 1, 0, 0, 0], &[0; 128]].concat());
        while let Ok(Some(_)) = reader.take() {}
    }
    let held: usize = reader.streams.values().map(|stream| stream.partial.capacity()).sum();
    assert!(held <= 27 * PREALLOCATED, "{held}");
}

#[test]
fn chunk_reader_limits_all_unfinished_messages_together() {
    let mut reader = Reader::new(1000);
    let error = (3..20).find_map(|id| {
        reader.input().extend_from_slice(&[&[id, 0, 0, 0, 0, 3, 0, kind::VIDEO, 1, 0, 0, 0][..], &[0; 128]].concat());
        reader.take().err()
    });
    assert_eq!(error, Some(Violation("too much in unfinished messages")));
}
