//! Server functions: the browser's calls, three lines each. What they do lives in the use cases of `server`.

pub mod accounts;
pub mod admin;
pub mod docs;
pub mod overlay;
pub mod sessions;
pub mod settings;
