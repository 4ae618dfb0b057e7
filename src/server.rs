//! The server: use cases, ports and adapters, the HTTP API and the server functions' side. Compiled for the server only.

pub mod accounts;
pub mod admin_socket;
pub mod auth;
pub mod destinations;
pub mod error;
pub mod feed;
pub mod games;
pub mod http;
pub mod limits;
pub mod livekit;
pub mod metrics;
pub mod operations;
pub mod overlay;
pub mod ports;
pub mod reconcile;
pub mod registry;
pub mod relay;
pub mod rpc;
pub mod security;
pub mod sessions;
pub mod state;
pub mod store;
pub mod studio;
pub mod validation;
pub mod vault;
pub mod viewers;
