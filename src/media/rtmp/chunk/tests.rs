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

/// What servers send that is legal and rare: each as bytes, with the kind, timestamp and length of every message in it.
#[test]
fn chunk_reader_takes_every_legal_form() {
    type Case = (&'static str, Vec<u8>, Vec<(u8, u32, usize)>);
    let full = |id: &[u8], time: [u8; 3], length: u8, kind: u8| [id, &time[..], &[0, 0, length, kind, 0, 0, 0, 0]].concat();
    let (start, more) = ([0, 0, 10], [0_u8; 128]);
    let far = [0xff, 0xff, 0xff];
    let time = 0x0100_0000_u32.to_be_bytes();
    let cases: Vec<Case> = vec![
        ("two-byte id", [&full(&[0, 6], start, 1, kind::AUDIO)[..], &[7]].concat(), vec![(kind::AUDIO, 10, 1)]),
        ("three-byte id", [&full(&[1, 6, 1], start, 1, kind::AUDIO)[..], &[7]].concat(), vec![(kind::AUDIO, 10, 1)]),
        ("begins without a message stream", vec![0x43, 0, 0, 5, 0, 0, 1, kind::COMMAND, 7], vec![(kind::COMMAND, 5, 1)]),
        (
            "deltas",
            [&full(&[3], start, 1, kind::AUDIO)[..], &[7, 0x43, 0, 0, 5, 0, 0, 2, kind::VIDEO, 7, 7, 0x83, 0, 0, 1, 7, 7, 0xc3, 7, 7]]
                .concat(),
            vec![(kind::AUDIO, 10, 1), (kind::VIDEO, 15, 2), (kind::VIDEO, 16, 2), (kind::VIDEO, 17, 2)],
        ),
        (
            "extended timestamp, repeated in the second chunk",
            [&full(&[3], far, 130, kind::VIDEO)[..], &time, &more, &[0xc3], &time, &[0; 2]].concat(),
            vec![(kind::VIDEO, 0x0100_0000, 130)],
        ),
        (
            "extended timestamp, not repeated",
            [&full(&[3], far, 136, kind::VIDEO)[..], &time, &more, &[0xc3], &[9; 8]].concat(),
            vec![(kind::VIDEO, 0x0100_0000, 136)],
        ),
        (
            "chunk size changed inside another message",
            [
                &full(&[3], start, 140, kind::VIDEO)[..],
                &more,
                &full(&[2], [0; 3], 4, kind::SET_CHUNK_SIZE),
                &5_u32.to_be_bytes(),
                &[0xc3, 1, 1, 1, 1, 1, 0xc3, 1, 1, 1, 1, 1, 0xc3, 1, 1],
            ]
            .concat(),
            vec![(kind::VIDEO, 10, 140)],
        ),
        (
            "an aborted message",
            [
                &full(&[3], start, 140, kind::VIDEO)[..],
                &more,
                &full(&[2], [0; 3], 4, kind::ABORT),
                &3_u32.to_be_bytes(),
                &full(&[3], start, 1, kind::AUDIO),
                &[7],
            ]
            .concat(),
            vec![(kind::AUDIO, 10, 1)],
        ),
        ("an empty message", full(&[3], start, 0, kind::AUDIO), vec![(kind::AUDIO, 10, 0)]),
    ];
    for (what, bytes, expected) in cases {
        let mut reader = Reader::new(64 * 1024);
        let mut got = Vec::new();
        for byte in bytes {
            reader.input().put_u8(byte);
            while let Some(message) = reader.take().expect(what) {
                got.push((message.kind, message.timestamp, message.body.len()));
            }
        }
        assert_eq!(got, expected, "{what}");
    }
}
