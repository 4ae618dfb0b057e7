//! Footlight: a self-hosted live-streaming studio.

#![recursion_limit = "256"] // The types of larger views nest deeply.

pub mod api;
pub mod app;
pub mod browser;
pub mod components;
pub mod domain;
pub mod pages;
pub mod rpc;

#[cfg(feature = "ssr")]
pub mod config;
#[cfg(feature = "ssr")]
pub mod egress;
#[cfg(feature = "ssr")]
pub mod relay;
#[cfg(feature = "ssr")]
pub mod serve;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod up;

/// The browser's entry: makes the server's document alive, then says so on `<html>`, for whoever waits to click.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    browser::page::mark_alive();
}
