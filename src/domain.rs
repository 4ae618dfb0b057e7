//! What a broadcast is: sessions, destinations, the overlay, the show on top of it.
//! Pure (serde, utoipa's schemas, thiserror, time, std), compiled for server and browser, tested natively. Nothing here knows a framework.

pub mod account;
pub mod address;
pub mod agent;
pub mod analytics;
pub mod audience;
pub mod audit;
pub mod destination;
pub mod ids;
pub mod key;
pub mod media;
pub mod news;
pub mod overlay;
pub mod recording;
pub mod room;
pub mod session;
pub mod show;
pub mod timestamp;
pub mod video;
