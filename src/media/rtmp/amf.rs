//! Reads and writes AMF0 values. Reading limits the depth, because unlimited recursion could overflow the stack.

use super::Violation;
use bytes::{Buf, BufMut, Bytes, BytesMut};

const MAX_DEPTH: u8 = 8;
/// A value in memory takes up to forty times its bytes; commands and metadata are short.
const MAX_BODY: usize = 64 * 1024;

/// One value, as far as commands and metadata need it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Bool(bool),
    /// A string or an XML document; bytes that are not UTF-8 are replaced.
    Text(String),
    /// An object, a typed object or an ECMA array.
    Object(Vec<(String, Value)>),
    /// A strict array.
    Array(Vec<Value>),
    /// Null, or a value that nothing here uses: undefined, unsupported, a reference or a date.
    Null,
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// A property of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        if let Self::Object(pairs) = self { pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value) } else { None }
    }
}

/// Reads all values of a message body.
///
/// # Errors
/// Longer than 64 KiB, truncated, or nested deeper than 8.
pub fn read_all(body: Bytes) -> Result<Vec<Value>, Violation> {
    let (values, error) = read(body);
    error.map_or(Ok(values), Err)
}

/// Reads the values in front of the first malformed one: enough of a server's message to know whether it concerns us.
pub fn read_prefix(body: Bytes) -> Vec<Value> {
    read(body).0
}

fn read(body: Bytes) -> (Vec<Value>, Option<Violation>) {
    let mut values = Vec::new();
    if body.len() > MAX_BODY {
        return (values, Some(Violation("AMF0 too long")));
    }
    let mut decoder = Decoder { body, unreadable: false };
    while decoder.body.has_remaining() {
        match decoder.value(0) {
            Ok(value) => values.push(value),
            Err(error) => return (values, Some(error)),
        }
    }
    (values, None)
}

struct Decoder {
    body: Bytes,
    /// A value of unknown length came: nothing after it is read.
    unreadable: bool,
}

impl Decoder {
    fn value(&mut self, depth: u8) -> Result<Value, Violation> {
        if depth > MAX_DEPTH {
            return Err(Violation("AMF0 nested too deep"));
        }
        self.need(1)?;
        Ok(match self.body.get_u8() {
            0 => {
                self.need(8)?;
                Value::Number(self.body.get_f64())
            }
            1 => {
                self.need(1)?;
                Value::Bool(self.body.get_u8() != 0)
            }
            2 => Value::Text(self.short_text()?),
            3 => Value::Object(self.pairs(depth)?),
            5 | 6 | 13 => Value::Null,
            7 => self.skip(2)?, // A reference to a value before.
            8 => {
                self.skip(4)?; // The count, which many writers get wrong.
                Value::Object(self.pairs(depth)?)
            }
            10 => {
                self.need(4)?;
                let count = self.body.get_u32();
                let mut values = Vec::new();
                for _ in 0..count {
                    if self.unreadable {
                        break;
                    }
                    values.push(self.value(depth + 1)?);
                }
                Value::Array(values)
            }
            11 => self.skip(10)?, // A date.
            12 | 15 => {
                self.need(4)?;
                let length = self.body.get_u32() as usize;
                self.text(length)?
            }
            16 => {
                self.short_text()?; // The name of its class.
                Value::Object(self.pairs(depth)?)
            }
            // Movie clips, record sets, AMF3 and what is not defined: nothing says how long they are, so the rest is not read.
            _ => {
                self.body.clear();
                self.unreadable = true;
                Value::Null
            }
        })
    }

    fn pairs(&mut self, depth: u8) -> Result<Vec<(String, Value)>, Violation> {
        let mut pairs = Vec::new();
        while !self.unreadable {
            let name = self.short_text()?;
            self.need(1)?;
            if name.is_empty() && self.body[0] == 9 {
                self.body.advance(1);
                return Ok(pairs);
            }
            pairs.push((name, self.value(depth + 1)?));
        }
        Ok(pairs)
    }

    fn short_text(&mut self) -> Result<String, Violation> {
        self.need(2)?;
        let length = usize::from(self.body.get_u16());
        self.need(length)?;
        Ok(String::from_utf8_lossy(&self.body.split_to(length)).into_owned())
    }

    fn text(&mut self, length: usize) -> Result<Value, Violation> {
        self.need(length)?;
        Ok(Value::Text(String::from_utf8_lossy(&self.body.split_to(length)).into_owned()))
    }

    fn skip(&mut self, count: usize) -> Result<Value, Violation> {
        self.need(count)?;
        self.body.advance(count);
        Ok(Value::Null)
    }

    fn need(&self, count: usize) -> Result<(), Violation> {
        if self.body.remaining() < count { Err(Violation("AMF0 cut short")) } else { Ok(()) }
    }
}

/// Writes values one after the other.
pub fn write_all(values: &[Value]) -> Bytes {
    let mut out = BytesMut::new();
    for value in values {
        write(&mut out, value);
    }
    out.freeze()
}

fn write(out: &mut BytesMut, value: &Value) {
    match value {
        Value::Number(number) => {
            out.put_u8(0);
            out.put_f64(*number);
        }
        Value::Bool(truth) => out.put_slice(&[1, u8::from(*truth)]),
        Value::Text(text) if text.len() > usize::from(u16::MAX) => {
            out.put_u8(12);
            out.put_u32(u32::try_from(text.len()).expect("a text never reaches 4 GiB"));
            out.put_slice(text.as_bytes());
        }
        Value::Text(text) => {
            out.put_u8(2);
            put_short(out, text);
        }
        Value::Object(pairs) => {
            out.put_u8(3);
            for (name, value) in pairs {
                put_short(out, name);
                write(out, value);
            }
            out.put_slice(&[0, 0, 9]);
        }
        Value::Array(values) => {
            out.put_u8(10);
            out.put_u32(u32::try_from(values.len()).expect("an array never reaches 2^32 values"));
            for value in values {
                write(out, value);
            }
        }
        Value::Null => out.put_u8(5),
    }
}

fn put_short(out: &mut BytesMut, text: &str) {
    let mut end = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    out.put_u16(u16::try_from(end).expect("cut to fit"));
    out.put_slice(&text.as_bytes()[..end]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<f64>().prop_filter("NaN never equals itself", |n| !n.is_nan()).prop_map(Value::Number),
            any::<bool>().prop_map(Value::Bool),
            ".{0,40}".prop_map(Value::Text),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(("[a-z]{1,8}", inner.clone()), 0..6).prop_map(Value::Object),
                prop::collection::vec(inner, 0..6).prop_map(Value::Array),
            ]
        })
    }

    proptest! {
        #[test]
        fn amf_values_round_trip(values in prop::collection::vec(value(), 0..5)) {
            prop_assert_eq!(read_all(write_all(&values)).expect("our own writing"), values);
        }

        #[test]
        fn amf_reader_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_all(Bytes::from(bytes));
        }
    }

    #[test]
    fn every_amf_type_is_read_or_skipped() {
        let text = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes()[..], bytes].concat();
        let long = |marker: u8| [&[marker, 0, 0, 0, 2][..], b"ab"].concat();
        let pair = [&text(b"a")[..], &[1, 1, 0, 0, 9]].concat();
        let object = Value::Object(vec![("a".into(), Value::Bool(true))]);
        for (body, expected) in [
            ([&[0_u8][..], &1.5_f64.to_be_bytes()].concat(), Value::Number(1.5)),
            (vec![1, 1], Value::Bool(true)),
            ([&[2][..], &text(b"ab")].concat(), Value::text("ab")),
            ([&[3][..], &pair].concat(), object.clone()),
            (vec![5], Value::Null),
            (vec![6], Value::Null),
            (vec![7, 0, 1], Value::Null),
            ([&[8, 0, 0, 0, 9][..], &pair].concat(), object.clone()),
            (vec![10, 0, 0, 0, 2, 5, 1, 1], Value::Array(vec![Value::Null, Value::Bool(true)])),
            (vec![11, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0], Value::Null),
            (long(12), Value::text("ab")),
            (vec![13], Value::Null),
            (long(15), Value::text("ab")),
            ([&[16][..], &text(b"Class"), &pair].concat(), object.clone()),
        ] {
            let marker = body[0];
            let followed = [&body[..], &[1, 0]].concat();
            assert_eq!(read_all(followed.into()), Ok(vec![expected, Value::Bool(false)]), "{marker}");
        }
        for marker in [4, 14, 17, 18, 200] {
            let body = [&[1, 1, 3][..], &text(b"x"), &[1, 1], &text(b"y"), &[marker, 2, 3, 4]].concat();
            let before = Value::Object(vec![("x".into(), Value::Bool(true)), ("y".into(), Value::Null)]);
            assert_eq!(read_all(body.into()), Ok(vec![Value::Bool(true), before]), "what stands before {marker} is read");
        }
        assert_eq!(read_prefix(Bytes::from_static(&[1, 1, 2, 0, 9, b'a'])), [Value::Bool(true)], "cut short");
    }

    #[test]
    fn amf_reader_refuses_deep_nesting() {
        let bomb: Vec<u8> = [3, 0, 1, b'a'].repeat(MAX_BODY / 4);
        assert_eq!(read_all(Bytes::from(bomb)), Err(Violation("AMF0 nested too deep")));
        assert_eq!(read_all(Bytes::from(vec![3; MAX_BODY + 1])), Err(Violation("AMF0 too long")));
    }
}
