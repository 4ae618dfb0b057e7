//! A server's refusal: its reason, or what it wants instead.

use crate::media::rtmp::amf::Value;
use std::fmt;

/// The server's own reason. It may contain the stream name, which is a secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Such as `NetStream.Publish.BadName`; may be empty.
    pub code: String,
    /// May be empty.
    pub description: String,
    /// The address that the stream is to be sent to instead.
    pub redirect: Option<String>,
    /// The method by which the server wants a user name and password, such as `adobe`.
    pub password: Option<String>,
}

impl Refusal {
    /// A redirect is the object `ex` with `code` 302 and `redirect`, or both in the description
    /// (`[ code=302 redirect=rtmp://… ]`); a password is asked for there too (`[ code=403 need auth; authmod=adobe ]`).
    pub(super) fn of(values: &[Value]) -> Self {
        let (code, description) = (text(values, "code"), text(values, "description"));
        let extra = values.iter().find_map(|value| value.get("ex"));
        let address = extra.and_then(|extra| extra.get("redirect").or_else(|| extra.get("redirect2"))).and_then(Value::as_text);
        let number = extra.and_then(|extra| extra.get("code"));
        let moved = number.is_some_and(|code| code.as_number() == Some(302.0) || code.as_text() == Some("302"))
            || word_after(description, "code").is_some_and(|code| code.starts_with("302"));
        let redirect = address.or_else(|| word_after(description, "redirect").filter(|_| moved)).map(|address| address.trim().to_owned());
        let method = |word: &str| word.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        let password = word_after(description, "authmod").map(method);
        Self { code: code.to_owned(), description: description.to_owned(), redirect, password }
    }
}

/// The description, and the code if the description does not contain it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.description.as_str(), self.code.as_str()) {
            ("", "") => f.write_str("no reason given"),
            ("", code) => f.write_str(code),
            (description, code) if description.contains(code) => f.write_str(description),
            (description, code) => write!(f, "{description} ({code})"),
        }
    }
}

fn text<'a>(values: &'a [Value], name: &str) -> &'a str {
    values.iter().find_map(|value| value.get(name)).and_then(Value::as_text).unwrap_or_default().trim()
}

/// The word after `name=` or `name:` in a description.
fn word_after<'a>(description: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = description.match_indices(name).map(|(at, _)| description.split_at(at + name.len())).find(|(_, rest)| {
        let rest = rest.trim_start();
        rest.starts_with(['=', ':'])
    })?;
    let word = rest.trim_start().trim_start_matches(['=', ':']).trim_start();
    word.split([' ', ';', ',', ']', ')', '"', '\'']).next().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: Vec<(&str, Value)>) -> Refusal {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Refusal::of(&[Value::text("_error"), Value::Number(1.0), Value::Null, Value::Object(pairs)])
    }

    #[test]
    fn redirects_and_wanted_passwords_are_found_in_refusals() {
        let to = "rtmp://second.example/live";
        let ex = |code: Value| Value::Object(vec![("code".into(), code), ("redirect".into(), Value::text(to))]);
        for code in [Value::Number(302.0), Value::text("302")] {
            let refusal = refused(vec![("code", Value::text("NetConnection.Connect.Rejected")), ("ex", ex(code))]);
            assert_eq!((refusal.redirect.as_deref(), refusal.code.as_str()), (Some(to), "NetConnection.Connect.Rejected"));
        }
        for described in [
            "[ AccessManager.Reject ] : [ code=302 redirect=rtmp://second.example/live ] :",
            "moved (code: 302, redirect: rtmp://second.example/live)",
        ] {
            assert_eq!(refused(vec![("description", Value::text(described))]).redirect.as_deref(), Some(to), "{described}");
        }
        for (method, described) in [
            ("adobe", "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "),
            ("llnw", "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=a&nonce=b"),
        ] {
            let refusal = refused(vec![("description", Value::text(described))]);
            assert_eq!((refusal.password.as_deref(), refusal.redirect.as_deref()), (Some(method), None), "{described}");
        }
        for described in ["no such application", "an error code 302 with a redirect nowhere", "authmod"] {
            let plain = Refusal { description: described.into(), ..Refusal::default() };
            assert_eq!(refused(vec![("description", Value::text(described))]), plain);
            assert_eq!(plain.to_string(), described);
        }
        assert_eq!(refused(vec![]).to_string(), "no reason given");
    }
}
