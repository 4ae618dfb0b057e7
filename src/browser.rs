//! The only way to JavaScript. Rust holds handles (numbers) and receives events through one callback; rooms, tracks, streams and
//! timers stay in JavaScript, in `bridge/`. Nothing here knows a page, a component or the server.

pub mod api;
mod bridge;
pub mod clock;
pub mod devices;
pub mod drag;
pub mod feed;
pub mod hydration;
pub mod overlay_room;
pub mod page;
pub mod protocol;
pub mod room;
pub mod shortcuts;
