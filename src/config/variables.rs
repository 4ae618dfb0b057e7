//! Every variable that is read, declared in one table: `docs/CONFIGURATION.md` and `footlight help-config` are made from it. To add one,
//! write a line into `variables/table.rs`; a test fails on a variable that is read and not there.

mod table;

pub use table::GROUPS;

use std::fmt::Write as _;

/// One variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    /// The value that counts if it is not set, as one would write it, or in parentheses where that depends on the machine; empty
    /// if there is none.
    pub default: &'static str,
    /// What it must look like.
    pub form: &'static str,
    /// The roles that read it, separated by spaces.
    pub roles: &'static str,
    /// One sentence or two.
    pub about: &'static str,
    /// Whether it must not be shown.
    pub secret: bool,
}

/// Variables of one subject.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub title: &'static str,
    pub variables: &'static [Variable],
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    GROUPS.iter().flat_map(|group| group.variables)
}

/// The declaration of this name.
pub fn find(name: &str) -> Option<&'static Variable> {
    all().find(|variable| variable.name == name)
}

/// The text of `docs/CONFIGURATION.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Configuration\n\n\
         Footlight reads its settings from the environment, once, at start. `make run` also reads them from `.env`. A malformed value stops the\n\
         start and is named; its value is not repeated. An empty value counts as not set.\n\n\
         This page is made from `src/config/variables/table.rs` (`footlight help-config` prints the same); do not edit it. After a change there:\n\
         `FOOTLIGHT_BLESS=1 cargo test --features ssr --test server configuration`.\n",
    );
    for group in GROUPS {
        let _ =
            write!(text, "\n## {}\n\n| variable | default | form | read by | what it is |\n| --- | --- | --- | --- | --- |\n", group.title);
        for variable in group.variables {
            let Variable { name, default, form, roles, about, secret } = variable;
            let default = match *default {
                "" => String::new(),
                described if described.starts_with('(') => described.trim_matches(['(', ')']).to_owned(),
                value => format!("`{value}`"),
            };
            let kind = if *secret { "secret; " } else { "" };
            let roles = roles.split(' ').collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "| `{name}` | {default} | {kind}{form} | {roles} | {about} |");
        }
    }
    text
}

/// The same for a terminal.
pub fn help() -> String {
    let mut text = String::new();
    for group in GROUPS {
        let _ = writeln!(text, "{}\n", group.title);
        for Variable { name, default, form, roles, about, secret } in group.variables {
            let default = if default.is_empty() { String::new() } else { format!(" [default: {}]", default.trim_matches(['(', ')'])) };
            let kind = if *secret { "secret; " } else { "" };
            let _ = writeln!(text, "  {name}{default}\n      {about}\n      {kind}{form}; read by {}\n", roles.replace(' ', ", "));
        }
    }
    text
}
