//! The sources as the rules read them: without comments, and without a file's own unit tests.

use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    pub path: String,
    pub text: String,
    pub code: String,
    pub lines: usize,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Everything below a folder, sorted, whatever git thinks of it.
fn below(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { below(&path, into) } else { into.push(path) }
    }
}

fn rust(keep: impl Fn(&str) -> bool) -> Vec<Source> {
    let mut files = Vec::new();
    below(&root().join("src"), &mut files);
    let sources: Vec<_> = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| (path.strip_prefix(root()).expect("below").to_string_lossy().into_owned(), path))
        .filter(|(name, _)| keep(name))
        .map(|(path, file)| {
            let text = std::fs::read_to_string(file).expect("readable");
            let code = code_of(&text);
            Source { path, code, lines: text.lines().count(), text }
        })
        .collect();
    assert!(sources.len() > 10, "only {} sources", sources.len());
    sources
}

/// The product, without its tests.
pub fn product() -> Vec<Source> {
    rust(|path| !path.starts_with("src/tests/") && !path.ends_with("/tests.rs"))
}

/// The tests that stand in files of their own.
pub fn tests() -> Vec<Source> {
    rust(|path| path.starts_with("src/tests/") || path.ends_with("/tests.rs"))
}

/// What the compiler sees of a file outside its tests: no comments, nothing after `#[cfg(test)]` (which stands last).
fn code_of(text: &str) -> String {
    let product = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code = product.lines().map(|line| match line.find("//") {
        Some(at) if at == 0 || line.as_bytes()[at - 1] != b':' => &line[..at],
        _ => line,
    });
    code.collect::<Vec<_>>().join("\n")
}

/// Every text file that is in the repository, by git's own list.
pub fn tracked() -> Vec<(String, String)> {
    let list = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git");
    assert!(list.status.success(), "{}", String::from_utf8_lossy(&list.stderr));
    let paths = String::from_utf8(list.stdout).expect("names");
    let texts = paths.split('\0').filter(|path| !path.is_empty());
    texts.filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root().join(path)).ok()?))).collect()
}
