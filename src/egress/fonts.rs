//! The fonts of this machine. Without them the browser draws empty boxes, and nothing else fails: so it is said at the start and in the health.

use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// A first run may have to read every font.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

/// Languages by which a font says that it has these letters.
const SCRIPTS: [(&str, &str); 5] = [
    ("en", "Latin letters"),
    ("zh-cn", "Chinese characters"),
    ("ja", "Japanese characters"),
    ("ko", "Korean characters"),
    ("und-zsye", "emoji"),
];

/// What viewers would see as empty boxes; `None` if everything can be drawn, or if it is unknown.
pub async fn problem() -> Option<String> {
    // The browser has a home of its own, so it does not know the fonts in ours.
    let mut list = Command::new("fc-list");
    list.arg("--format=%{lang}\n").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", "/nonexistent");
    list.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(LIST_TIMEOUT, list.output()).await.ok()?.ok()?;
    missing(&String::from_utf8_lossy(&output.stdout))
}

/// What no font of the list has. One font per line, with its languages.
fn missing(languages: &str) -> Option<String> {
    if languages.trim().is_empty() {
        return Some("no fonts are installed: every text on the stream is empty boxes; install fonts-noto-core or others".to_owned());
    }
    let has = |language: &str| languages.lines().any(|font| font.split('|').any(|of| of == language));
    let missing: Vec<_> = SCRIPTS.iter().filter(|(language, _)| !has(language)).map(|(_, letters)| *letters).collect();
    (!missing.is_empty()).then(|| {
        let letters = missing.join(", ");
        format!(
            "no installed font has {letters}: viewers see empty boxes; install fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fonts_are_named() {
        assert!(missing("").expect("none").starts_with("no fonts are installed"));
        assert!(missing("\n").expect("none").starts_with("no fonts are installed"));
        let some = missing("de|en|fr\nja|en\n").expect("some");
        assert!(some.contains("has Chinese characters, Korean characters, emoji:"), "{some}");
        assert_eq!(missing("en\nzh-cn|zh-tw\nja|ko\nund-zsye\n"), None);
    }
}
