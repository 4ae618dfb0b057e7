//! Inputs of a target: its stored cases, and random changes of them. A case is a `.hex` file (two digits a byte, white space is left out, and
//! a line with a `#` note begins a part, such as a message) or a `.txt` file, which is taken as it stands without its last line break.

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

/// A stored case.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    parts: Vec<Vec<u8>>,
}

impl Case {
    pub fn bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }
}

/// A change of whole parts, which leaves them legal.
#[derive(Debug, Clone)]
enum Move {
    Remove(Index),
    Repeat(Index, usize),
    Swap(Index, Index),
    /// A part of another case.
    Insert(Index, Vec<u8>),
}

impl Move {
    fn apply(self, parts: &mut Vec<Vec<u8>>) {
        let count = parts.len();
        match self {
            Self::Insert(at, part) => parts.insert(at.index(count + 1), part),
            _ if count == 0 => {}
            Self::Remove(at) => drop(parts.remove(at.index(count))),
            Self::Swap(one, other) => parts.swap(one.index(count), other.index(count)),
            Self::Repeat(at, times) => {
                let at = at.index(count);
                let repeated = vec![parts[at].clone(); times];
                parts.splice(at..at, repeated);
            }
        }
    }
}

fn moved(parts: Vec<Vec<u8>>) -> impl Strategy<Value = Move> {
    prop_oneof![
        any::<Index>().prop_map(Move::Remove),
        (any::<Index>(), 1..20_usize).prop_map(|(at, times)| Move::Repeat(at, times)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Move::Swap(one, other)),
        (any::<Index>(), select(parts)).prop_map(|(at, part)| Move::Insert(at, part)),
    ]
}

/// A change of bytes.
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

/// Stored cases with a few parts moved, and in half of them up to eight changes of bytes; every sixteenth input is nothing but random bytes.
pub fn changed(cases: &[Case]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let parts: Vec<Vec<u8>> = cases.iter().flat_map(|case| case.parts.clone()).collect();
    let bodies: Vec<Vec<u8>> = cases.iter().map(Case::bytes).collect();
    let edits = prop_oneof![Just(Vec::new()), prop::collection::vec(edit(bodies), 1..9)];
    let moves = prop::collection::vec(moved(parts), 0..4);
    let from_case = (select(cases.to_vec()), moves, edits).prop_map(|(case, moves, edits)| {
        let mut parts = case.parts;
        for one in moves {
            one.apply(&mut parts);
        }
        let mut input = parts.concat();
        input.truncate(LONGEST);
        for edit in edits {
            edit.apply(&mut input);
        }
        input
    });
    prop_oneof![15 => from_case, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fuzz/corpus").join(target)
}

/// The stored cases of a target, sorted by name.
pub fn stored(target: &str) -> Vec<Case> {
    let folder = folder(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<_> = entries.map(|entry| read(&entry.expect("an entry").path())).collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(cases.len() > 1, "{} holds {} cases", folder.display(), cases.len());
    cases
}

fn read(path: &Path) -> Case {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut parts = match path.extension().and_then(|ending| ending.to_str()) {
        Some("hex") => hex_parts(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        Some("txt") => vec![text.strip_suffix('\n').unwrap_or(&text).as_bytes().to_vec()],
        _ => panic!("{name}: a case is a .hex or a .txt file"),
    };
    parts.retain(|part| !part.is_empty());
    Case { name, parts }
}

fn hex_parts(text: &str) -> Result<Vec<Vec<u8>>, hex::FromHexError> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        let (digits, note) = line.split_once('#').map_or((line, false), |(digits, _)| (digits, true));
        if note {
            parts.push(String::new());
        }
        parts.last_mut().expect("it begins with one").extend(digits.split_whitespace());
    }
    parts.iter().map(hex::decode).collect()
}
