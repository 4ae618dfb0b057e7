//! The initial of a name: what stands in the place of a picture.

use unicode_segmentation::UnicodeSegmentation;

/// The first character that can be seen, whole: with its accents, skin tone or flag. Empty for a name without one.
pub fn initial(name: &str) -> String {
    let seen = |grapheme: &&str| grapheme.chars().any(|c| !is_invisible(c));
    name.graphemes(true).find(seen).map(capital).unwrap_or_default()
}

/// With a capital at its beginning, where that is one character too.
fn capital(grapheme: &str) -> String {
    let mut chars = grapheme.chars();
    let Some(first) = chars.next() else { return String::new() };
    // Two in one: only the first of them becomes large. Georgian writes no capitals at the beginning of names.
    let large = match first {
        'ǆ' => 'ǅ',
        'ǉ' => 'ǈ',
        'ǌ' => 'ǋ',
        'ǳ' => 'ǲ',
        '\u{10d0}'..='\u{10ff}' => first,
        _ => {
            let mut upper = first.to_uppercase();
            if upper.len() == 1 { upper.next().unwrap_or(first) } else { first }
        }
    };
    std::iter::once(large).chain(chars).collect()
}

/// Spaces, controls, direction marks, joiners and fillers.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_is_the_first_visible_character_whole() {
        for (name, expected) in [
            ("Ada", "A"),
            ("  ada", "A"),
            ("ольга", "О"),
            ("李雷", "李"),
            ("🇩🇪 Ada", "🇩🇪"),
            ("👨\u{200d}👩\u{200d}👧 Kim", "👨\u{200d}👩\u{200d}👧"),
            ("👍🏽 Kim", "👍🏽"),
            ("\u{200f}علي", "ع"),
            ("\u{202a}Ada", "A"),
            ("\u{feff}\u{200b}\u{3164}ada", "A"),
            ("E\u{301}mile", "E\u{301}"),
            ("e\u{301}mile", "E\u{301}"),
            ("1\u{fe0f}\u{20e3} first", "1\u{fe0f}\u{20e3}"),
            ("विद्या", "वि"),
            ("ǆ", "ǅ"),
            ("ß", "ß"),
            ("ﬁnn", "ﬁ"),
            ("გიორგი", "გ"),
            ("", ""),
            ("\u{200f} \u{2066}", ""),
        ] {
            assert_eq!(initial(name), expected, "{name:?}");
        }
    }
}
