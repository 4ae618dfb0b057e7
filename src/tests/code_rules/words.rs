//! Words that the sources do not use: metaphors that stood where the field has a term. `docs/GLOSSARY.md` has the words of ours.

/// Each with the word to use instead.
const BANNED: [(&str, &str); 24] = [
    ("house", "server, system or installation"),
    ("houses", "servers, systems or installations"),
    ("household", "client prefix"),
    ("hall", "session overview"),
    ("desk", "registry, local media or admin socket state"),
    ("tally", "statistics or counters"),
    ("tallies", "statistics or counters"),
    ("courier", "webhook sender"),
    ("stranger", "unauthenticated client"),
    ("strangers", "unauthenticated clients"),
    ("ledger", "state store"),
    ("debt", "pending webhook"),
    ("debts", "pending webhooks"),
    ("letter", "message or character"),
    ("programme", "overlay inputs or preview"),
    ("programmes", "overlay inputs or previews"),
    ("masthead", "site header"),
    ("lifeline", "parent watch"),
    ("mortal", "with a crash budget"),
    ("keeper", "reaper or stream tasks"),
    ("keepers", "reapers or stream tasks"),
    ("dialogue", "RTMP connection"),
    ("intake", "ingest statistics"),
    ("audience", "viewers"),
];

/// Texts that stay: stored data and wire formats that were named before, and code of others.
const KEPT: [&str; 20] = [
    "setting:house",
    "kept letter for letter",
    "-- One record, `house`",
    "'tally'",
    "\"tally\"",
    "TABLE tally",
    "ON tally",
    "FROM tally",
    "DELETE tally",
    "tally_days",
    "admin/hall",
    "rename = \"audience\"",
    "join(\"ledger\")",
    "\"keeper\"",
    "keeper ended",
    "folder is called ledger",
    "letter-spacing",
    "first letter",
    "First letter",
    "a letter does",
];

/// Banned words in a text, as `line: word (instead)`. Identifiers are read word by word.
pub fn banned_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = KEPT.iter().fold(line.to_owned(), |line, kept| line.replace(kept, ""));
        for word in words_of(&line) {
            if let Some((banned, instead)) = BANNED.iter().find(|(banned, _)| *banned == word) {
                found.push(format!("{}: {banned} ({instead})", number + 1));
            }
        }
    }
    found
}

/// The words of a line in lower case: apart at signs, at underscores and where a capital begins a word.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut lower) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && lower) {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
