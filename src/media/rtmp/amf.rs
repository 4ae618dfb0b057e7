//! Reads and writes AMF0 values. Reading limits the depth, because unlimited recursion could overflow the stack.

use super::Violation;
use bytes::{Buf, BufMut, Bytes, BytesMut};

const MAX_DEPTH: u8 = 8;
/// A value in memory takes up to forty times its bytes; commands and metadata are short.
const MAX_BODY: usize = 64 * 1024;

/// One value. Publishers do not send references, typed objects and the like.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Bool(bool),
    /// A string; bytes that are not UTF-8 are replaced.
    Text(String),
    /// An object or an ECMA array.
    Object(Vec<(String, Value)>),
    /// A strict array.
    Array(Vec<Value>),
    /// Null, undefined, or a date (which is not used).
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
/// Longer than 64 KiB, truncated, nested deeper than 8, or of an unsupported type.
pub fn read_all(mut body: Bytes) -> Result<Vec<Value>, Violation> {
    if body.len() > MAX_BODY {
        return Err(Violation("AMF0 too long"));
    }
    let mut values = Vec::new();
    while body.has_remaining() {
        values.push(read(&mut body, 0)?);
    }
    Ok(values)
}

fn read(body: &mut Bytes, depth: u8) -> Result<Value, Violation> {
    if depth > MAX_DEPTH {
        return Err(Violation("AMF0 nested too deep"));
    }
    need(body, 1)?;
    Ok(match body.get_u8() {
        0 => {
            need(body, 8)?;
            Value::Number(body.get_f64())
        }
        1 => {
            need(body, 1)?;
            Value::Bool(body.get_u8() != 0)
        }
        2 => Value::Text(short_text(body)?),
        3 => Value::Object(pairs(body, depth)?),
        5 | 6 => Value::Null,
        8 => {
            need(body, 4)?;
            body.advance(4);
            Value::Object(pairs(body, depth)?)
        }
        10 => {
            need(body, 4)?;
            let count = body.get_u32();
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(read(body, depth + 1)?);
            }
            Value::Array(values)
        }
        11 => {
            need(body, 10)?;
            body.advance(10);
            Value::Null
        }
        12 => {
            need(body, 4)?;
            let length = body.get_u32() as usize;
            need(body, length)?;
            Value::Text(String::from_utf8_lossy(&body.split_to(length)).into_owned())
        }
        _ => return Err(Violation("AMF0 type not spoken")),
    })
}

fn pairs(body: &mut Bytes, depth: u8) -> Result<Vec<(String, Value)>, Violation> {
    let mut pairs = Vec::new();
    loop {
        let name = short_text(body)?;
        need(body, 1)?;
        if name.is_empty() && body[0] == 9 {
            body.advance(1);
            return Ok(pairs);
        }
        pairs.push((name, read(body, depth + 1)?));
    }
}

fn short_text(body: &mut Bytes) -> Result<String, Violation> {
    need(body, 2)?;
    let length = usize::from(body.get_u16());
    need(body, length)?;
    Ok(String::from_utf8_lossy(&body.split_to(length)).into_owned())
}

fn need(body: &Bytes, count: usize) -> Result<(), Violation> {
    if body.remaining() < count { Err(Violation("AMF0 cut short")) } else { Ok(()) }
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
    fn amf_reader_refuses_deep_nesting() {
        let bomb: Vec<u8> = [3, 0, 1, b'a'].repeat(MAX_BODY / 4);
        assert_eq!(read_all(Bytes::from(bomb)), Err(Violation("AMF0 nested too deep")));
        assert_eq!(read_all(Bytes::from(vec![3; MAX_BODY + 1])), Err(Violation("AMF0 too long")));
    }
}
