//! Text that people type and others read: one spelling (NFC), one line, and no character that hides or reorders what is read.

use std::fmt;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Zero width non-joiner: Persian and some Indian scripts are misspelled without it.
const ZWNJ: char = '\u{200c}';
/// Zero width joiner: the same, and inside of emoji.
const ZWJ: char = '\u{200d}';
/// Marks on one character, at most; more of them cover the lines around.
const MOST_MARKS: usize = 4;

/// A character that a name or title must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsuitableText {
    /// It changes the direction of what follows, so that another text is read than is stored.
    #[error("the character U+{0:04X} changes the direction of the text and is not allowed; remove it")]
    Direction(u32),
    /// It is a control character or stands for nothing that can be seen.
    #[error("the character U+{0:04X} cannot be seen and is not allowed; remove it")]
    Hidden(u32),
    /// More marks on one character than any script uses.
    #[error("more than {MOST_MARKS} marks on one character are not allowed")]
    Marks,
}

/// The text in one line: NFC, white space collapsed, and without characters that do nothing (they come along when text is copied).
///
/// # Errors
/// A control character, a character that reorders the text, or too many marks on one character.
pub fn one_line(text: &str) -> Result<String, UnsuitableText> {
    checked(&text.split_whitespace().collect::<Vec<_>>().join(" "), false)
}

/// The same for several lines: line breaks and spaces stay.
///
/// # Errors
/// As [`one_line`].
pub fn lines(text: &str) -> Result<String, UnsuitableText> {
    checked(text, true)
}

fn checked(text: &str, breaks: bool) -> Result<String, UnsuitableText> {
    // Most text is ASCII, and events come by the thousand.
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Ok(text.to_owned());
    }
    let all: Vec<char> = text.nfc().collect();
    let mut kept = String::with_capacity(text.len());
    let mut marks = 0;
    for (at, c) in all.iter().copied().enumerate() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            return Err(UnsuitableText::Marks);
        }
        match kind(c) {
            Kind::Seen => kept.push(c),
            Kind::Control if breaks && c == '\n' => kept.push(c),
            Kind::Direction => return Err(UnsuitableText::Direction(c.into())),
            Kind::Control | Kind::Hidden => return Err(UnsuitableText::Hidden(c.into())),
            Kind::Harmless => {}
            Kind::Joiner => {
                let before = kept.chars().next_back();
                let after = all.get(at + 1).copied();
                if joins(before, after) {
                    kept.push(c);
                }
            }
            Kind::Tag => {
                if kept.ends_with(|before| before == '\u{1f3f4}' || matches!(kind(before), Kind::Tag)) {
                    kept.push(c);
                } else {
                    return Err(UnsuitableText::Hidden(c.into()));
                }
            }
        }
    }
    Ok(kept)
}

enum Kind {
    Seen,
    Control,
    /// Reorders the text around it.
    Direction,
    /// Takes the place of nothing; a reader cannot know that it is there.
    Hidden,
    /// Does nothing here, and comes with copied text: left out.
    Harmless,
    Joiner,
    /// Part of an emoji flag behind the black flag.
    Tag,
}

fn kind(c: char) -> Kind {
    match c {
        ZWNJ | ZWJ => Kind::Joiner,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Kind::Direction,
        // Soft hyphen, joiners of words, byte order mark, and the marks of a direction, which reorder nothing but themselves.
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' => Kind::Harmless,
        '\u{e0020}'..='\u{e007f}' => Kind::Tag,
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2061}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Kind::Hidden,
        c if c.is_control() => Kind::Control,
        _ => Kind::Seen,
    }
}

/// A joiner counts behind a character that is not ASCII and before another one: between those of Persian, Hindi or an emoji.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let other = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && matches!(kind(c), Kind::Seen));
    other(before) && other(after)
}

/// Whether the character is one of the two joiners.
pub fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// The error as a sentence about a field.
pub fn about(field: &str, error: impl fmt::Display) -> String {
    format!("{field}: {error}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_reads_otherwise_than_it_is_stored_is_refused() {
        for (bad, code) in
            [("Live\u{202e}gpj.exe", "U+202E"), ("a\u{2066}b\u{2069}", "U+2066"), ("a\u{7}b", "U+0007"), ("a\u{3164}", "U+3164")]
        {
            let message = one_line(bad).expect_err(bad).to_string();
            assert!(message.contains(code) && message.ends_with("remove it"), "{message}");
        }
        assert_eq!(one_line("Z\u{335}\u{336}\u{337}\u{338}\u{334}"), Err(UnsuitableText::Marks));
        assert_eq!(one_line("flag \u{e0067}"), Err(UnsuitableText::Hidden(0xe0067)));
    }

    #[test]
    fn what_does_nothing_is_left_out() {
        assert_eq!(one_line(" \u{feff}Ladder\u{200b} \u{ad}night\u{200e}  "), Ok("Ladder night".to_owned()));
        assert_eq!(one_line("pass\u{200d}word\u{200c}"), Ok("password".to_owned()), "joiners between ASCII do nothing");
        assert_eq!(one_line("e\u{301}toile"), Ok("\u{e9}toile".to_owned()), "one spelling");
        assert_eq!(lines("one\ntwo  three"), Ok("one\ntwo  three".to_owned()));
        assert!(one_line("one\u{2028}two").is_ok_and(|text| text == "one two"), "white space of any kind");
    }

    #[test]
    fn texts_of_any_script_stay_as_they_are() {
        for text in [
            "\u{646}\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{e01}\u{e33}\u{e25}\u{e31}\u{e07}",
            "\u{1f469}\u{200d}\u{1f4bb} live",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} Live \u{2764}\u{fe0f}",
        ] {
            let spelled: String = text.nfc().collect();
            assert_eq!(one_line(text), Ok(spelled), "{text}");
        }
    }
}
