//! What crosses the wire: requests, answers, errors. Pure serde over `domain`; no framework but the traits Leptos asks of errors and encodings.

pub mod accounts;
pub mod admin;
pub mod broadcast;
pub mod docs;
pub mod error;
pub mod events;
pub mod operator;
pub mod overlay;
pub mod sessions;
pub mod streaming;
pub mod typed;
pub mod wire;
