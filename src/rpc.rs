//! Server functions: the browser's calls, three lines each. What they do lives in `server::studio`.
#![expect(missing_docs, reason = "the macro makes a struct of each function's arguments, undocumented")]

pub mod accounts;
pub mod admin;
pub mod docs;
pub mod overlay;
pub mod sessions;
pub mod settings;
