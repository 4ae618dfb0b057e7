//! What a broadcast is: sessions, destinations, the overlay and the events shown on it.
//! Pure (serde, utoipa's schemas, thiserror, time, tables of Unicode, std), compiled for server and browser, tested natively. No framework is used here.

#![warn(missing_docs)]

pub mod account;
pub mod address;
pub mod agent;
pub mod analytics;
pub mod audit;
pub mod bitrate;
pub mod capture;
pub mod destination;
pub mod ids;
pub mod initial;
pub mod key;
pub mod media;
pub mod overlay;
pub mod overlay_state;
pub mod plain_text;
pub mod room;
pub mod secret;
pub mod server_clock;
pub mod session;
pub mod start_signal;
pub mod timestamp;
pub mod video;
pub mod viewers;
pub mod webhook_events;
