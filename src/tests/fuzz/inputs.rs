//! Inputs of a target: its stored cases, and random changes of them. A case is a `.hex` file (two digits a byte, white space and `#` notes
//! are left out) or a `.txt` file, which is taken as it stands without its last line break.

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use std::path::{Path, PathBuf};

/// The longest input that changes make.
const LONGEST: usize = 16 * 1024;

/// Where many parsers have made mistakes.
const PIECES: [&[u8]; 32] = [
    b"",
    b"/",
    b"//",
    b"?",
    b"@",
    b"#",
    b"..",
    b":0",
    b":65536",
    b"[::1]",
    b"[::ffff:127.0.0.1]",
    b"0x7f000001",
    b"127.1",
    b"localhost",
    b"xn--",
    b"%00",
    b"\0",
    b"null",
    b"-1",
    b"1e999",
    b"9223372036854775807",
    b"\"",
    b"\\ud800",
    b"{}",
    b"[[[[[[[[",
    b"9999-12-31T23:59:59-23:59",
    b"0000-01-01T00:00:00+23:59",
    "\u{202e}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"\xff\xfe",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
];

/// A change of an input.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Overwrite(Index, &'static [u8]),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Cut(Index),
    /// A part of another case.
    Splice(Index, Vec<u8>),
}

impl Edit {
    fn apply(self, input: &mut Vec<u8>) {
        let end = input.len();
        match self {
            Self::Set(at, byte) if end > 0 => input[at.index(end)] = byte,
            Self::Flip(at, bit) if end > 0 => input[at.index(end)] ^= 1 << bit,
            Self::Set(..) | Self::Flip(..) => {}
            Self::Insert(at, bytes) | Self::Splice(at, bytes) => {
                let at = at.index(end + 1);
                input.splice(at..at, bytes);
            }
            Self::Overwrite(at, piece) => {
                let at = at.index(end + 1);
                input.splice(at..end.min(at + piece.len()), piece.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(end + 1);
                input.drain(at..end.min(at + count));
            }
            Self::Repeat(at, count, times) => {
                let at = at.index(end + 1);
                let part = input[at..end.min(at + count)].repeat(times);
                input.splice(at..at, part);
            }
            Self::Cut(at) => input.truncate(at.index(end + 1)),
        }
        input.truncate(LONGEST);
    }
}

fn edit(cases: Vec<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let piece = prop_oneof![select(&PIECES[..]).prop_map(<[u8]>::to_vec), prop::collection::vec(any::<u8>(), 1..9)];
    let part = (select(cases), any::<Index>(), 1..64_usize).prop_map(|(case, from, count)| {
        let from = from.index(case.len() + 1);
        case[from..case.len().min(from + count)].to_vec()
    });
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (any::<Index>(), piece).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), select(&PIECES[..])).prop_map(|(at, piece)| Edit::Overwrite(at, piece)),
        (any::<Index>(), 1..32_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        (any::<Index>(), 1..32_usize, 1..40_usize).prop_map(|(at, count, times)| Edit::Repeat(at, count, times)),
        any::<Index>().prop_map(Edit::Cut),
        (any::<Index>(), part).prop_map(|(at, part)| Edit::Splice(at, part)),
    ]
}

/// Stored cases with up to eight changes; every sixteenth input is made of nothing but random bytes.
pub fn changed(cases: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let edits = prop::collection::vec(edit(cases.to_vec()), 0..9);
    let from_case = (select(cases.to_vec()), edits).prop_map(|(mut input, edits)| {
        edits.into_iter().for_each(|edit| edit.apply(&mut input));
        input
    });
    prop_oneof![15 => from_case, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fuzz/corpus").join(target)
}

/// The stored cases of a target with their file names, sorted.
pub fn stored(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<_> = entries.map(|entry| read(&entry.expect("an entry").path())).collect();
    cases.sort();
    assert!(cases.len() > 1, "{} holds {} cases", folder.display(), cases.len());
    cases
}

fn read(path: &Path) -> (String, Vec<u8>) {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let bytes = match path.extension().and_then(|ending| ending.to_str()) {
        Some("hex") => {
            let digits = text.lines().filter_map(|line| line.split('#').next());
            hex::decode(digits.flat_map(str::split_whitespace).collect::<String>()).unwrap_or_else(|error| panic!("{name}: {error}"))
        }
        Some("txt") => text.strip_suffix('\n').unwrap_or(&text).as_bytes().to_vec(),
        _ => panic!("{name}: a case is a .hex or a .txt file"),
    };
    (name, bytes)
}
