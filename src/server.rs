//! The server: use cases, ports and adapters, the HTTP API and the server functions' side. Compiled for the server only.

pub mod admin_socket;
pub mod auth;
pub mod clock;
pub mod cookies;
pub mod crash_budget;
pub mod error;
pub mod guarded_http;
pub mod http;
pub mod limits;
pub mod livekit;
pub mod metrics;
pub mod relay;
pub mod rpc;
pub mod security;
pub mod state;
pub mod store;
pub mod studio;
pub mod vault;
pub mod viewers;
