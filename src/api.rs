//! Requests, responses and errors on the wire. Pure serde over `domain`; the only framework code is what Leptos requires of errors and encodings.

#![warn(missing_docs)] // Published: the OpenAPI document and clients are made from it.

pub mod accounts;
pub mod admin;
pub mod admin_socket;
pub mod destination_input;
pub mod destination_test;
pub mod docs;
pub mod error;
pub mod events;
pub mod operations;
pub mod overlay;
pub mod public_http;
pub mod relay_control;
pub mod sessions;
pub mod wire;
