//! What a server's refusal means: its reason, another address, or a password.

use super::Event;
use crate::media::rtmp::amf::Value;

/// The server's reason: its description, and its code if the description does not contain it.
pub fn explanation(values: &[Value]) -> String {
    match (text(values, "description"), text(values, "code")) {
        ("", "") => "no reason given".to_owned(),
        ("", code) => code.to_owned(),
        (description, "") => description.to_owned(),
        (description, code) if description.contains(code) => description.to_owned(),
        (description, code) => format!("{description} ({code})"),
    }
}

/// A refused `connect`. A redirect is the object `ex` with `code` 302 and `redirect`, or both in the description
/// (`[ code=302 redirect=rtmp://… ]`); a password is asked for there too (`[ code=403 need auth; authmod=adobe ]`).
pub fn of_connect(values: &[Value]) -> Event {
    let extra = values.iter().find_map(|value| value.get("ex"));
    let redirect = extra.and_then(|extra| extra.get("redirect").or_else(|| extra.get("redirect2"))).and_then(Value::as_text);
    let description = text(values, "description");
    let moved =
        extra.and_then(|extra| extra.get("code")).is_some_and(|code| code.as_number() == Some(302.0) || code.as_text() == Some("302"))
            || word_after(description, "code").is_some_and(|code| code.starts_with("302"));
    if let Some(address) = redirect.or_else(|| word_after(description, "redirect").filter(|_| moved)) {
        return Event::Redirected(address.trim().to_owned());
    }
    match word_after(description, "authmod") {
        Some(method) => Event::PasswordWanted(method.chars().filter(char::is_ascii_alphanumeric).take(20).collect()),
        None => Event::ConnectRefused(explanation(values)),
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
    word.split([' ', ';', ',', ']', '"', '\'']).next().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: Vec<(&str, Value)>) -> Event {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        of_connect(&[Value::text("_error"), Value::Number(1.0), Value::Null, Value::Object(pairs)])
    }

    #[test]
    fn refusals_of_connect_are_told_apart() {
        let to = || Value::text("rtmp://second.example/live");
        let ex = |code: Value| Value::Object(vec![("code".into(), code), ("redirect".into(), to())]);
        let there = Event::Redirected("rtmp://second.example/live".into());
        for code in [Value::Number(302.0), Value::text("302")] {
            assert_eq!(refused(vec![("code", Value::text("NetConnection.Connect.Rejected")), ("ex", ex(code))]), there);
        }
        for described in [
            "[ AccessManager.Reject ] : [ code=302 redirect=rtmp://second.example/live ] :",
            "moved (code: 302, redirect: rtmp://second.example/live)",
        ] {
            assert_eq!(refused(vec![("description", Value::text(described))]), there, "{described}");
        }
        for (method, described) in [
            ("adobe", "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "),
            ("llnw", "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=a&nonce=b"),
        ] {
            assert_eq!(refused(vec![("description", Value::text(described))]), Event::PasswordWanted(method.into()), "{described}");
        }
        for described in ["no such application", "an error code 302 with a redirect nowhere", "authmod"] {
            assert_eq!(refused(vec![("description", Value::text(described))]), Event::ConnectRefused(described.into()));
        }
        assert_eq!(refused(vec![]), Event::ConnectRefused("no reason given".into()));
    }
}
